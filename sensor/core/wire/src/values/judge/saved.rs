//! What is being watched of values, over a restart and over another baseline: of tags that are there again. Links, tags and
//! requests are told by what they are, never by a number.
//!
//! ```text
//! links u32, then each: segment, client, server, protocol, when something was set u64, and to what was not learned u64,
//!   tags u32, then each: space, index u32, start u64, type u8, limits (hash) u64, motion, risen f64, fallen f64, pieces
//!   relations u32, then each: content (hash) u64, broken
//!   requests u32, then each: identity u64, older answers
//! ```

use std::sync::Arc;

use super::{Judge, Link, State};
use crate::baseline::saved::{Reader, Writer};
use crate::baseline::Baseline;
use crate::hash::folded;
use crate::limits;
use crate::protocol;
use crate::values::echo::Echo;
use crate::values::known::{Known, KnownTag};
use crate::values::motion::Motion;
use crate::values::relations::Watch;

const KIND: &[u8; 8] = b"OTUSVALU";

/// What a tag is held against: how far it went while that was explained is good for these limits only.
fn limits_of(tag: &KnownTag) -> u64 {
    tag.limits.iter().fold(1, |hash, limit| folded(hash ^ limit.to_bits(), u64::MAX))
}

impl Judge {
    /// For [`Judge::restore`]; `baseline` is the one that its links belong to. The same states give the same bytes.
    pub fn snapshot(&self, baseline: &Baseline) -> Vec<u8> {
        let mut links: Vec<(u32, &Link)> = self.links.iter().map(|(number, link)| (*number, link)).collect();
        links.sort_unstable_by_key(|(number, _)| *number);
        let known = |number: u32| {
            let known = self.known.links.get(number as usize)?;
            Some((known, baseline.ends(known.of_baseline)?))
        };
        links.retain(|(number, _)| known(*number).is_some());
        let mut out = Writer::new(KIND);
        out.count(links.len());
        for (number, link) in links {
            let Some((known, (segment, client, server, protocol))) = known(number) else { continue };
            out.text(segment);
            out.ip(client);
            out.ip(server);
            out.text(protocol);
            out.u64(link.set_ns);
            out.u64(link.unlearned_ns);
            let tags = link.states.iter().zip(known.first..).zip(0u32..);
            let tags = tags.filter_map(|((state, tag), own)| Some((state, self.known.at(tag)?, own)));
            let tags: Vec<_> = tags.filter(|(state, ..)| state.motion.last().is_some()).collect();
            out.rows(&tags, |out, (state, tag, own)| {
                out.text(&tag.row.space);
                out.u32(tag.row.index);
                out.u64(tag.row.start);
                out.u8(tag.row.kind as u8);
                out.u64(limits_of(tag));
                state.motion.write(out);
                out.f64(state.risen);
                out.f64(state.fallen);
                link.watch.write_tag(*own, out);
            });
            let relations: Vec<_> = known.relations.iter().enumerate().collect();
            out.rows(&relations, |out, (place, relation)| {
                out.u64(relation.content());
                link.watch.write_relation(*place, out);
            });
            let plans = link.talk.plans().iter();
            let asked = plans.filter_map(|(request, plan)| Some((*request, &link.plans.get(*plan as usize)?.echo)));
            let asked = asked.filter_map(|(request, echo)| Some((request, &echo.as_ref()?.0)));
            let mut echoes: Vec<_> = asked.chain(link.kept.iter().map(|(request, echo)| (*request, echo))).collect();
            echoes.sort_unstable_by_key(|(request, _)| *request);
            out.rows(&echoes, |out, (request, echo)| {
                out.u64(*request);
                echo.write(out);
            });
        }
        out.seal()
    }

    /// Go on where [`Judge::snapshot`] left off. `blind`: for a while nothing was seen.
    ///
    /// # Errors
    /// One line: these bytes are no such state.
    pub fn restore(known: Arc<Known>, baseline: &Baseline, blind: bool, bytes: &[u8]) -> Result<Self, String> {
        let mut judge = Self::new(known);
        Reader::open(bytes, KIND)?.all(|rows| judge.take_over(rows, baseline, blind))?;
        Ok(judge)
    }

    /// The same conversations against what was learned anew.
    pub fn reloaded(self, before: &Baseline, known: Arc<Known>, baseline: &Baseline) -> Self {
        // Our own bytes are in order.
        let fresh = Arc::clone(&known);
        Self::restore(known, baseline, false, &self.snapshot(before)).unwrap_or_else(|_| Self::new(fresh))
    }

    fn take_over(&mut self, rows: &mut Reader<'_>, baseline: &Baseline, blind: bool) -> Option<()> {
        let known = Arc::clone(&self.known);
        for _ in 0..rows.count()? {
            let (segment, client, server) = (rows.text()?, rows.ip()?, rows.ip()?);
            let protocol = rows.protocol()?.and_then(protocol::at).map_or("", |protocol| protocol.name);
            let number = baseline.named(segment, client, server, protocol).and_then(|link| known.link(link));
            let own = number.and_then(|number| known.links.get(number as usize));
            let mut link = Link { set_ns: rows.u64()?, unlearned_ns: rows.u64()?, ..Link::default() };
            if let Some(own) = own {
                link.states.resize(own.count as usize, State::default());
                if !own.relations.is_empty() {
                    link.watch = Watch::new(own.count as usize, own.relations.len());
                }
            }
            for _ in 0..rows.count()? {
                let (space, index, start, kind) = (rows.text()?, rows.u32()?, rows.u64()?, rows.u8()?);
                let tag = number.and_then(|number| known.tag(number, space, index, start));
                let tag = tag.filter(|(_, take)| *take as u8 == kind).map(|(tag, _)| tag);
                let place = own.zip(tag).map_or(u32::MAX, |(own, tag)| tag.saturating_sub(own.first));
                let same_limits =
                    rows.u64().map(|hash| tag.and_then(|tag| known.at(tag)).map(limits_of) == Some(hash))?;
                let motion = Motion::read(rows, blind)?;
                let (risen, fallen) = (rows.f64()?, rows.f64()?);
                let moved = |by: f64| if same_limits { by } else { 0.0 };
                if let Some(state) = link.states.get_mut(place as usize) {
                    *state = State { motion, risen: moved(risen), fallen: moved(fallen) };
                }
                link.watch.read_tag(place, rows)?;
            }
            for _ in 0..rows.count()? {
                let content = rows.u64()?;
                let place = own.and_then(|own| own.relations.iter().position(|one| one.content() == content));
                link.watch.read_relation(place, rows)?;
            }
            for _ in 0..rows.count()? {
                let (request, echo) = (rows.u64()?, Echo::read(rows)?);
                let watched = own.is_some_and(|own| own.echoes.iter().any(|(known, _)| *known == request));
                if watched && self.echoes < limits::per_shard(limits::VALUE_ECHOES) {
                    self.echoes = self.echoes.saturating_add(1);
                    link.kept.push((request, Box::new(echo)));
                }
            }
            if let Some(number) = number {
                self.links.insert(number, link);
            }
        }
        Some(())
    }
}
