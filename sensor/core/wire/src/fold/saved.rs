//! Open folds after a restart.
//!
//! ```text
//! last number u32
//! folds: count u32, then each: number u32, told u64, last u64, idle u64, asked u8 [u64], hit
//! due, used: count u32, then each: time u64, number u32
//!
//! hit: key (cause u8: 0 rule u32, 1 name; key u64, segment u16, client, server), id 16 bytes, first u64, last u64,
//!   count u64, outcome, protocol, spanning u8, 4 endpoints (each u8 [ip, port u16, MAC])
//! ```
//!
//! Frames and inputs are counted by each run for itself: what is restored has none.

use std::collections::VecDeque;

use super::open::{Fold, Told};
use super::{said, Cause, FoldKey, Folder, Hit, HitKind, Mark, PENDING};
use crate::baseline::saved::{Reader, Writer};
use crate::engine::Before;
use crate::event::Endpoint;
use crate::finding::Params;
use crate::hash::{Map, SHARDS};
use crate::protocol;
use crate::value::Outcome;
use crate::{baseline, values};

const OUTCOMES: [&str; 6] = ["success", "failure", "unknown", "no_response", "not_applicable", PENDING];
/// In the place of a cause that is gone: nothing folds under it.
const GONE: Cause = Cause::Named("");

impl Hit {
    /// What is known of a fold beside its first message, which was told.
    pub(crate) fn write(&self, key: &FoldKey, out: &mut Writer) {
        match key.cause {
            Cause::Rule(number) => {
                out.u8(0);
                out.u32(number);
            }
            Cause::Named(name) => {
                out.u8(1);
                out.text(name);
            }
        }
        out.u64(key.key);
        out.u16(key.segment);
        [key.client, key.server].into_iter().for_each(|ip| out.maybe(ip, Writer::ip));
        out.raw(&self.id);
        [self.first.ts_ns, self.last.ts_ns, self.count].into_iter().for_each(|number| out.u64(number));
        out.text(self.outcome);
        out.text(self.protocol);
        out.u8(u8::from(self.spanning.is_some()));
        for end in [self.client, self.server, self.source, self.destination] {
            out.maybe(end, |out, end| {
                out.ip(end.ip);
                out.u16(end.port);
                out.raw(&end.mac);
            });
        }
    }

    /// The fold's hit and key; the key's cause is [`GONE`] where nothing can be counted under it any more.
    pub(crate) fn read(rows: &mut Reader<'_>, before: &Before) -> Option<(Self, FoldKey)> {
        let (name, cause) = match rows.u8()? {
            0 => before.rule(rows.u32()?)?,
            1 => {
                let name = rows.text()?;
                {
                    let mut known = baseline::CAUSES.iter().chain(&values::CAUSES);
                    (name.to_owned(), known.find(|known| **known == name).map(|known| Cause::Named(known)))
                }
            }
            _ => return None,
        };
        let (key, segment) = (rows.u64()?, before.segment(rows.u16()?)?);
        let (client, server) = (rows.maybe(Reader::ip)?, rows.maybe(Reader::ip)?);
        let cause = cause.filter(|_| segment.is_some()).unwrap_or(GONE);
        let key = FoldKey { cause, key, segment: segment.unwrap_or(0), client, server };
        let id = *rows.raw(16)?.first_chunk::<16>()?;
        let mut mark = || Some(Mark { ts_ns: rows.u64()?, number: 0, input: 0 });
        let (first, last, count) = (mark()?, mark()?, rows.u64()?);
        let outcome = rows.text()?;
        let outcome = OUTCOMES.iter().find(|known| **known == outcome).copied()?;
        let protocol = rows.text()?;
        let protocol = protocol::all().map(|entry| entry.name).find(|known| *known == protocol).unwrap_or("unknown");
        let spanning = rows.maybe(|_| Some(Box::new(key)))?;
        let mut end = || rows.maybe(endpoint);
        let (client, server, source, destination) = (end()?, end()?, end()?, end()?);
        let rule = match key.cause {
            Cause::Rule(number) => Some(number),
            Cause::Named(_) => None,
        };
        let (cause, segment, kind) = (name.into(), key.segment, HitKind::Update);
        let (fold, order, fields, params) = (0, 0, String::new(), Params::new());
        let hit = Hit {
            kind,
            fold,
            order,
            spanning,
            id,
            cause,
            rule,
            first,
            last,
            count,
            outcome,
            segment,
            protocol,
            client,
            server,
            source,
            destination,
            fields,
            params,
        };
        Some((hit, key))
    }
}

impl FoldKey {
    /// Whether the rule, the baseline's cause or the segment of a restored fold is not there any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.cause == GONE
    }
}

impl Folder {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.u32(self.last_number);
        let folds: Vec<&Fold> = self.in_order().into_iter().filter_map(|handle| self.folds.get(handle)).collect();
        out.rows(&folds, |out, fold| {
            out.u32(self.opened(fold));
            out.u64(fold.told.count);
            out.u64(fold.last_ns);
            out.u64(fold.told.idle_ns);
            out.maybe(fold.told.asked_ns, Writer::u64);
            Hit { count: fold.count, last: fold.last, ..fold.told.hit.clone() }.write(&fold.key, out);
        });
        for queue in [&self.due, &self.used] {
            let open = queue.iter().filter_map(|(at_ns, handle)| Some((*at_ns, self.opened(self.folds.get(*handle)?))));
            out.rows(&open.collect::<Vec<_>>(), |out, (at_ns, number)| {
                out.u64(*at_ns);
                out.u32(*number);
            });
        }
    }

    /// The folds of a shard as they were written. What is gone is closed; whose answer was awaited, will not hear it.
    pub(crate) fn read(shard: usize, keeps_open: bool, rows: &mut Reader<'_>, before: &Before) -> Option<Self> {
        let mut folder = Self { keeps_open, last_number: rows.u32()?, ..Self::new(shard) };
        let mut handles: Map<u32, u32> = Map::default();
        for _ in 0..rows.count()? {
            let number = rows.u32()?;
            let (told, last_ns, idle_ns) = (rows.u64()?, rows.u64()?, rows.u64()?);
            let asked_ns = rows.maybe(Reader::u64)?;
            let (mut hit, key) = Hit::read(rows, before)?;
            hit.fold = u64::from(number).wrapping_mul(SHARDS as u64).wrapping_add(shard as u64);
            let (count, last, said) = (hit.count, hit.last, said(hit.outcome));
            let told = Box::new(Told { hit, count: told, asked_ns, idle_ns });
            (folder.folds.len() < folder.most).then_some(())?;
            let handle = folder.folds.put(Fold { handle: 0, next: 0, key, count, last, last_ns, said, told });
            if !key.is_gone() {
                folder.handles.insert(key, handle);
            }
            handles.insert(number, handle).is_none().then_some(())?;
        }
        folder.due = queue(rows, handles.clone())?;
        folder.used = queue(rows, handles)?;
        folder.resume();
        Some(folder)
    }

    /// Which of its shard's folds it was, counted from 1.
    fn opened(&self, fold: &Fold) -> u32 {
        let number = fold.told.hit.fold.saturating_sub(self.shard).checked_div(SHARDS as u64);
        number.and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
    }

    fn resume(&mut self) {
        for handle in self.in_order() {
            let Some(fold) = self.folds.get_mut(handle) else { continue };
            let gone = fold.key.is_gone();
            if fold.told.asked_ns.take().is_some() {
                // It may have been answered while nobody looked: that is not silence.
                fold.say(Outcome::Unknown.name());
                if !gone {
                    self.hits.push(fold.told_as(HitKind::Outcome, self.order));
                }
            }
            if gone {
                self.close(handle);
            }
        }
    }

    /// The run ends and will go on: what was not told yet is, and nothing is closed.
    pub(super) fn pause(&mut self) {
        for handle in self.in_order() {
            let Some(fold) = self.folds.get_mut(handle) else { continue };
            if fold.told.asked_ns.take().is_some() {
                fold.say(Outcome::Unknown.name());
                self.hits.push(fold.told_as(HitKind::Outcome, self.order));
            } else if fold.count > fold.told.count {
                self.hits.push(fold.told_as(HitKind::Update, self.order));
            }
        }
    }

    /// What everybody else calls the folds that are open; parts of spanning ones are nobody else's business.
    pub fn open_numbers(&self) -> impl Iterator<Item = u64> + '_ {
        let folds = self.folds.handles().filter_map(|handle| self.folds.get(handle));
        folds.map(|fold| &fold.told.hit).filter(|hit| hit.spanning.is_none()).map(|hit| hit.fold)
    }
}

/// Each open fold, by the handle it has now, stands in it once.
fn queue(rows: &mut Reader<'_>, mut waiting: Map<u32, u32>) -> Option<VecDeque<(u64, u32)>> {
    let mut queue = VecDeque::with_capacity(waiting.len());
    for _ in 0..rows.count()? {
        let (at_ns, number) = (rows.u64()?, rows.u32()?);
        queue.push_back((at_ns, waiting.remove(&number)?));
    }
    waiting.is_empty().then_some(queue)
}

fn endpoint(rows: &mut Reader<'_>) -> Option<Endpoint> {
    Some(Endpoint { ip: rows.ip()?, port: rows.u16()?, mac: *rows.raw(6)?.first_chunk::<6>()? })
}
