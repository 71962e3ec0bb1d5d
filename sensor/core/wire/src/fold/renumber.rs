//! Open folds when rules get other numbers.

use super::{Cause, FoldKey, Folder, Hit};
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
        let gone = |key: &FoldKey| matches!(key.cause, Cause::Rule(number) if moves.number(number).is_none());
        for handle in self.in_order() {
            let Some(fold) = self.folds.get_mut(handle).filter(|fold| gone(&fold.key)) else { continue };
            if fold.told.asked_ns.is_some() {
                // Nobody will hear the answer: that is not silence.
                fold.say(Outcome::Unknown.name());
            }
            self.close(handle);
        }
        self.handles.retain(|key, _| matches!(key.cause, Cause::Named(_)));
        for handle in self.in_order() {
            let Some(fold) = self.folds.get_mut(handle) else { continue };
            if matches!(fold.key.cause, Cause::Rule(_)) {
                fold.told.hit.renumber(&mut fold.key, moves);
                self.handles.insert(fold.key, handle);
            }
        }
    }
}
