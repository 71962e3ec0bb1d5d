//! What an engine tells of learning that is under way, and of a baseline that is tried beside the one that counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::Engine;
use crate::baseline::{stretch, Baseline, Cut, Families, Meter, SeenLink, Shadow, Shadowed, Shard as Part};
use crate::hash::SHARDS;
use crate::limits;
use crate::values::Known;

/// Learning so far.
#[derive(Debug, Serialize)]
pub struct Report {
    pub from_ns: u64,
    pub to_ns: u64,
    /// Length of a stretch of time, and how many there were: what occasions are counted in.
    pub stretch_ns: u64,
    pub stretches: u64,
    /// Rows that are kept, and that found no room.
    pub rows: usize,
    pub meters: BTreeMap<&'static str, Meter>,
    /// All conversations where everything was asked for; else those with most things seen on one occasion only.
    pub links: Vec<SeenLink>,
    /// Names of the inputs by number.
    pub inputs: Vec<String>,
}

/// What is tried would have told so much so far.
#[derive(Debug, Serialize)]
pub struct Trial {
    /// Another baseline is tried; families of the one that counts are.
    pub candidate: bool,
    pub families: Vec<&'static str>,
    pub messages: u64,
    pub uncounted: u64,
    pub found: Vec<Shadowed>,
    pub inputs: Vec<String>,
}

fn place(link: &SeenLink) -> (&str, &str, &str, &str) {
    (&link.segment, &link.client, &link.server, link.protocol)
}

fn add(meters: &mut BTreeMap<&'static str, Meter>, link: &SeenLink) {
    for (kind, own) in &link.meters {
        let all = meters.entry(kind).or_default();
        all.seen = all.seen.saturating_add(own.seen);
        all.once = all.once.saturating_add(own.once);
        all.twice = all.twice.saturating_add(own.twice);
        all.occasions = all.occasions.saturating_add(own.occasions);
        all.late = all.late.saturating_add(own.late);
    }
}

/// Of all conversations those with most things that were seen on one occasion only, or that were new of late.
fn keep_least_known(links: &mut Vec<SeenLink>) {
    let unknown =
        |link: &SeenLink| link.meters.values().map(|meter| meter.once.max(meter.late)).fold(0, u64::saturating_add);
    links.sort_by(|a, b| unknown(b).cmp(&unknown(a)).then_with(|| place(a).cmp(&place(b))));
    links.truncate(limits::METERED);
}

impl Engine {
    /// How far learning is; `None`: nothing is learned. `whole`: with every conversation and everything on it.
    pub fn learning(&mut self, whole: bool) -> Option<Report> {
        self.flush();
        let (mut from_ns, mut rows, mut learns) = (u64::MAX, 0usize, false);
        self.pool.each(|shard| {
            if let Some(learner) = &shard.analysis.learner {
                learns = true;
                from_ns = from_ns.min(learner.from_ns().unwrap_or(u64::MAX));
                rows = rows.saturating_add(learner.tuples());
            }
        });
        if !learns {
            return None;
        }
        let to_ns = self.now_ns();
        let from_ns = from_ns.min(to_ns);
        let (shift, stretches) = stretch(from_ns, to_ns);
        let late_ns = to_ns.saturating_sub(to_ns.saturating_sub(from_ns) / 4);
        let mut links = Vec::new();
        let mut meters: BTreeMap<&'static str, Meter> = BTreeMap::new();
        self.pool.each(|shard| {
            let Some(learner) = &shard.analysis.learner else { return };
            let own = learner.report(Cut { shift, late_ns }, whole);
            own.iter().for_each(|link| add(&mut meters, link));
            links.extend(own);
            if !whole && links.len() > limits::METERED.saturating_mul(2) {
                keep_least_known(&mut links);
            }
        });
        if !whole {
            keep_least_known(&mut links);
        }
        links.sort_by(|a, b| place(a).cmp(&place(b)));
        let inputs = self.names.inputs.clone();
        Some(Report {
            from_ns,
            to_ns,
            stretch_ns: 1u64.checked_shl(shift.into()).unwrap_or(0),
            stretches,
            rows,
            meters,
            links,
            inputs,
        })
    }

    /// Try this baseline, with what its values are like, and these families of the one that counts, from now on; counts
    /// begin anew. Of such families nothing is told any more.
    pub fn set_shadow(&mut self, candidate: Option<&(Baseline, Option<Arc<Known>>)>, families: Families) {
        self.flush();
        let tries = candidate.is_some() || !families.is_empty();
        for (number, shard) in self.pool.all().iter_mut().enumerate() {
            let part = Part { number, of: SHARDS };
            shard.analysis.shadow = tries.then(|| Box::new(Shadow::new(candidate.cloned(), families, part)));
        }
    }

    /// What would have been told by what is tried; `None`: nothing is.
    pub fn shadowed(&mut self) -> Option<Trial> {
        self.flush();
        let mut trial: Option<Trial> = None;
        let inputs = self.names.inputs.clone();
        self.pool.each(|shard| {
            let Some(shadow) = &shard.analysis.shadow else { return };
            let (candidate, families) = shadow.tries();
            let trial = trial.get_or_insert_with(|| Trial {
                candidate,
                families: families.names().collect(),
                messages: 0,
                uncounted: 0,
                found: Vec::new(),
                inputs: inputs.clone(),
            });
            trial.messages = trial.messages.saturating_add(shadow.messages);
            trial.uncounted = trial.uncounted.saturating_add(shadow.uncounted);
            trial.found.extend(shadow.found().cloned());
        });
        if let Some(trial) = trial.as_mut() {
            trial.found.sort_by(|a, b| (a.first_ns, a.frame, a.cause).cmp(&(b.first_ns, b.frame, b.cause)));
        }
        trial
    }
}
