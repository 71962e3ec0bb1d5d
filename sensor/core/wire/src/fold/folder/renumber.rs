//! Open folds when rules get other numbers.

use super::super::{Cause, FoldKey, Hit};
use super::Folder;
use crate::engine::Moves;
use crate::value::Outcome;

impl Hit {
    /// Follow the rule of `key`, which is this hit's. False: the rule is gone.
    pub fn renumber(&mut self, key: &mut FoldKey, moves: &Moves) -> bool {
        let Cause::Rule(before) = key.cause else { return true };
        let Some(number) = moves.number(before) else { return false };
        key.cause = Cause::Rule(number);
        self.rule = Some(number);
        if let Some(spanning) = self.spanning.as_mut() {
            spanning.cause = key.cause;
        }
        true
    }
}

impl Folder {
    /// Folds of rules that are gone are closed, in order of opening; the others go on under their rule's new number.
    pub fn renumber(&mut self, moves: &Moves) {
        if moves.is_idle() {
            return;
        }
        let handles = self.in_order();
        // Those that are gone first, while every name is still its own: later it may be another's.
        for handle in &handles {
            let Some(fold) = self.folds.get_mut(*handle).filter(|fold| is_gone(&fold.key, moves)) else { continue };
            if fold.told.asked_ns.is_some() {
                // Nobody will hear the answer: that is not silence.
                fold.say(Outcome::Unknown.name());
            }
            self.close(*handle);
        }
        self.handles.retain(|key, _| matches!(key.cause, Cause::Named(_)));
        for handle in handles {
            let Some(fold) = self.folds.get_mut(handle) else { continue };
            fold.told.hit.renumber(&mut fold.key, moves);
            self.handles.insert(fold.key, handle);
        }
    }
}

fn is_gone(key: &FoldKey, moves: &Moves) -> bool {
    matches!(key.cause, Cause::Rule(number) if moves.number(number).is_none())
}
