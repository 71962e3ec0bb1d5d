//! Other rules and another baseline, from one packet to the next: in all shards at one place in the order of everything.
//!
//! What belongs to traffic goes on as if nothing had happened: conversations, requests that wait, windows, evidence,
//! learning. What belongs to a rule goes on while its content does ([`Moves`]), the rhythm of a poll while the baseline
//! says the same of it. A flow asks for its link again, because its marks are of another generation.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Engine, Tables};
use crate::hash::Map;
use crate::ledger::add;
use crate::limits;
use crate::rules::Rules;

/// When it was, and what became of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reload {
    /// Of the new tables.
    pub generation: u32,
    /// Packets received before it. What of them is still held (fragments, holes in streams) meets the new tables.
    pub received: u64,
    /// Engine time.
    pub now_ns: u64,
    /// Rules that are what they were, that are new or changed, and that are gone or were changed.
    pub kept: usize,
    pub added: usize,
    pub removed: usize,
    /// How many hits of the output it stands in were found before it.
    pub hits: usize,
}

/// The number that each rule has now. A rule is the same when its id and all that is matched of it are.
#[derive(Debug)]
pub struct Moves {
    numbers: Vec<Option<u32>>,
    kept: usize,
}

impl Moves {
    pub fn between(before: &Rules, after: &Rules) -> Self {
        let mut places: Map<(&str, u64), VecDeque<u32>> = Map::default();
        for (number, info) in (0..).map_while(|number| Some((number, after.info(number)?))) {
            places.entry((&info.id, info.content)).or_default().push_back(number);
        }
        let infos = (0..).map_while(|number| before.info(number));
        let numbers: Vec<Option<u32>> =
            infos.map(|info| places.get_mut(&(info.id.as_str(), info.content)).and_then(VecDeque::pop_front)).collect();
        let kept = numbers.iter().flatten().count();
        Self { numbers, kept }
    }

    /// `None`: the rule is gone.
    pub fn number(&self, before: u32) -> Option<u32> {
        self.numbers.get(before as usize).copied().flatten()
    }

    /// Every rule is where it was.
    pub fn is_idle(&self) -> bool {
        self.numbers.iter().zip(0..).all(|(number, place)| *number == Some(place))
    }
}

impl Engine {
    /// Rules and baseline that count from now on.
    pub fn tables(&self) -> Arc<Tables> {
        Arc::clone(&self.tables)
    }

    /// The latest reloads, `limits::RELOADS` at most.
    pub fn reloads(&self) -> impl Iterator<Item = &Reload> {
        self.collector.reloads.iter()
    }

    /// What came until now was for the tables before, what comes from now on is for these. No packet is lost.
    ///
    /// Open folds of rules whose content is the same go on under the same number and identity; those of rules that are
    /// gone are closed and told.
    pub fn reload(&mut self, mut tables: Tables) -> Reload {
        self.flush();
        let (before, now_ns) = (self.tables(), self.now_ns());
        tables.generation = before.generation.wrapping_add(1);
        let tables = Arc::new(tables);
        let moves = Moves::between(&before.rules, &tables.rules);
        // The next packet will stand there; what is told now is collected before it.
        let order = self.block.next_order();
        let mut shards = self.pool.all();
        for (number, shard) in shards.iter_mut().enumerate() {
            shard.analysis.at(now_ns, order);
            shard.analysis.reload(number, &tables, &moves);
        }
        self.collector.deciding.renumber(&moves, order);
        self.collector.gather(&mut shards);
        drop(shards);
        let reload = Reload {
            generation: tables.generation,
            received: self.front.ledger.received,
            now_ns,
            kept: moves.kept,
            added: tables.rules.len().saturating_sub(moves.kept),
            removed: before.rules.len().saturating_sub(moves.kept),
            hits: self.collector.output.hits.len(),
        };
        self.collector.reloaded(reload, &moves);
        self.tables = tables;
        reload
    }
}

impl super::Collector {
    fn reloaded(&mut self, reload: Reload, moves: &Moves) {
        add(&mut self.ledger.notes.reloads, 1);
        self.spanning.renumber(moves);
        if self.reloads.len() >= limits::RELOADS {
            self.reloads.pop_front();
        }
        self.reloads.push_back(reload);
        self.output.reloads.push(reload);
    }
}
