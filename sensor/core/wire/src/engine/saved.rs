//! What outlives a restart: stations and links seen, open folds, the rhythm of polls, values being watched, unfinished
//! learning. So a restart makes nothing new again, and alerts that were open go on or are closed.
//!
//! ```text
//! segments:  count u32, then each a name
//! rules:     count u32, then each: id, content u64
//! newsroom   (news/saved.rs)
//! spanning   (engine/spanning/saved.rs)
//! deciding   (engine/deciding/saved.rs)
//! shards:    count u32, then each: folds (fold/saved.rs), counts (correlation/saved.rs), periods, learner,
//!            values (values/judge/saved.rs; each a length and its own sealed bytes)
//! ```
//!
//! Not in it: conversations, requests that wait, open windows, packets kept for evidence. They belong to bytes that a
//! restart has not seen.

use std::sync::Arc;

use super::{Engine, Settings, Tables};
use crate::baseline::saved::{Reader, Writer};
use crate::baseline::{LearnSettings, Learner, PeriodSettings, Periods, Shard as Part};
use crate::fold::{Cause, Folder};
use crate::hash::{Map, SHARDS};
use crate::limits;
use crate::news::Newsroom;
use crate::values::Judge;

const KIND: &[u8; 8] = b"OTUSENGI";

/// What saved state calls by numbers, and what these are now.
pub struct Before {
    /// `None`: there is no such segment any more.
    segments: Vec<Option<u16>>,
    /// Id of each rule, and its number where its content is the same.
    rules: Vec<(String, Option<u32>)>,
}

impl Before {
    fn read(rows: &mut Reader<'_>, segments: &[String], tables: &Tables) -> Option<Self> {
        let mut before = Self { segments: Vec::new(), rules: Vec::new() };
        for _ in 0..rows.count()? {
            let name = rows.text()?;
            let number = segments.iter().position(|known| known == name);
            before.segments.push(number.and_then(|number| u16::try_from(number).ok()));
        }
        let infos = (0..).map_while(|number| Some((number, tables.rules.info(number)?)));
        let now: Map<(&str, u64), u32> =
            infos.map(|(number, info)| ((info.id.as_str(), info.content), number)).collect();
        for _ in 0..rows.count()? {
            let (id, content) = (rows.text()?, rows.u64()?);
            before.rules.push((id.to_owned(), now.get(&(id, content)).copied()));
        }
        Some(before)
    }

    /// `None`: what no state can say; `Some(None)`: it is gone.
    pub fn segment(&self, number: u16) -> Option<Option<u16>> {
        self.segments.get(usize::from(number)).copied()
    }

    /// Name and cause of what was found by a rule; the same.
    pub fn rule(&self, number: u32) -> Option<(String, Option<Cause>)> {
        let (id, now) = self.rules.get(number as usize)?;
        Some((format!("rule:{id}"), now.map(Cause::Rule)))
    }
}

impl Engine {
    /// What is known so far, for [`Engine::restored`]. The same knowledge gives the same bytes. What waits to be taken
    /// is not in it: take it first.
    pub fn snapshot(&mut self) -> Vec<u8> {
        self.flush();
        let mut out = Writer::new(KIND);
        out.rows(&self.pool.names().segments, |out, name| out.text(name));
        let infos = (0..).map_while(|number| self.tables.rules.info(number));
        out.rows(&infos.collect::<Vec<_>>(), |out, info| {
            out.text(&info.id);
            out.u64(info.content);
        });
        self.collector.newsroom.write(&mut out);
        self.collector.spanning.write(&mut out);
        self.collector.deciding.write(&mut out);
        out.count(SHARDS);
        self.pool.each(|shard| {
            shard.analysis.folder.write(&mut out);
            shard.analysis.correlator.write(&mut out);
            blob(&mut out, shard.analysis.periods.as_ref().map(Periods::snapshot));
            blob(&mut out, shard.analysis.learner.as_ref().map(Learner::snapshot));
            let values = shard.analysis.values.as_ref().zip(self.tables.baseline.as_ref());
            blob(&mut out, values.map(|(values, baseline)| values.snapshot(baseline)));
        });
        out.seal()
    }

    /// An engine that goes on where [`Engine::snapshot`] left off. What settings and tables do not have any more is left
    /// out: folds of rules that are gone are closed, and told first. An error says why the state cannot be used.
    pub fn restored(settings: Settings, tables: impl Into<Arc<Tables>>, state: &[u8]) -> Result<Self, String> {
        if state.len() > limits::STATE_BYTES {
            return Err(format!("the saved state is larger than {} bytes and is not used", limits::STATE_BYTES));
        }
        let segments = settings.names.segments.clone();
        let mut engine = Self::new(settings, tables);
        Reader::open(state, KIND)?.all(|rows| engine.take_over(rows, segments))?;
        let mut shards = engine.pool.all();
        engine.collector.gather(&mut shards);
        drop(shards);
        Ok(engine)
    }

    /// Folds of which more will be told: those that are open, and those of hits that wait to be taken.
    pub fn open_folds(&mut self) -> Vec<u64> {
        self.flush();
        let mut folds: Vec<u64> = self.collector.output.hits.iter().map(|hit| hit.fold).collect();
        folds.extend(self.collector.spanning.open());
        folds.extend(self.collector.deciding.open());
        self.pool.each(|shard| folds.extend(shard.analysis.folder.open_numbers()));
        folds.sort_unstable();
        folds.dedup();
        folds
    }

    fn take_over(&mut self, rows: &mut Reader<'_>, segments: Vec<String>) -> Option<()> {
        let before = Before::read(rows, &segments, &self.tables)?;
        self.collector.newsroom = Newsroom::read(rows, &before)?;
        self.collector.spanning = super::spanning::Spanning::read(rows, &before)?;
        self.collector.deciding.restore(rows, &before, &self.tables.rules)?;
        (rows.count()? == SHARDS).then_some(())?;
        let learning = || LearnSettings { segments: segments.clone(), ..LearnSettings::default() };
        for (number, shard) in self.pool.all().iter_mut().enumerate() {
            let analysis = &mut shard.analysis;
            analysis.folder = Folder::read(number, analysis.folder.keeps_open, rows, &before)?;
            analysis.correlator.restore(rows, &before, &self.tables.rules)?;
            if let (Some(bytes), Some(baseline)) = (read_blob(rows)?, self.tables.baseline.as_ref()) {
                let part = Part { number, of: SHARDS };
                analysis.periods = Some(Periods::restore(baseline, PeriodSettings::default(), part, bytes).ok()?);
            }
            if let (Some(bytes), Some(learner)) = (read_blob(rows)?, analysis.learner.as_mut()) {
                *learner = Learner::restore(learning(), bytes).ok()?;
            }
            let values = self.tables.values.as_ref().zip(self.tables.baseline.as_ref());
            if let (Some(bytes), Some((known, baseline))) = (read_blob(rows)?, values) {
                analysis.values = Some(Judge::restore(Arc::clone(known), baseline, true, bytes).ok()?);
            }
        }
        Some(())
    }
}

/// Sealed bytes; none where the room is off.
fn blob(out: &mut Writer, bytes: Option<Vec<u8>>) {
    let bytes = bytes.unwrap_or_default();
    out.count(bytes.len());
    out.raw(&bytes);
}

fn read_blob<'a>(rows: &mut Reader<'a>) -> Option<Option<&'a [u8]>> {
    let length = rows.count()?;
    rows.raw(length).map(|bytes| Some(bytes).filter(|bytes| !bytes.is_empty()))
}
