//! Learning that goes on after a restart.
//!
//! ```text
//! from, messages, not learned, gaps closed, forgotten u64
//! words, spaces:  count u32, then each a text
//! links:          count u32, then each: segment, client, server, protocol, first, last, messages u64, orders u16, seen
//! assets:         count u32, then each: segment, ip, roles u8, MACs
//! operations:     count u32, then each: link u32, code u32, class u8, word u32, seen
//! objects:        count u32, then each: link u32, class u8, space u16, index u32, grown seen, stretches, names (each with its seen)
//! orders:         count u32, then each: link u32, step u64, seen
//! requests:       count u32, then each: link u32, operation u32, class u8, identity u64, shown, sketch, seen
//! ```
//! What was seen (`sightings.rs`) is eight u64.

use super::super::saved::{Reader, Writer};
use super::super::sketch::Sketch;
use super::super::trail::Step;
use super::sightings::Sightings;
use super::{LearnSettings, Learner, Link, LinkKey, ObjectKey, PollKey, Repeated, Shown, Station, Touched};
use crate::limits;
use crate::protocol;
use crate::value::Class;

const KIND: &[u8; 8] = b"OTUSLEA4";
/// Before the pace of each occasion was kept: it is read, and paces are learned from then on.
const UNPACED: &[u8; 8] = b"OTUSLEA3";

impl Learner {
    /// Everything learned so far, for [`Learner::restore`]. The same learning gives the same bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = Writer::new(KIND);
        let learned = &self.learned;
        for number in [learned.from_ns, learned.messages, learned.not_learned, learned.gaps_closed, self.forgotten] {
            out.u64(number);
        }
        out.rows(&self.words, |out, word| out.text(word));
        out.rows(&self.spaces.names().collect::<Vec<_>>(), |out, name| out.text(name));
        let mut links: Vec<(&LinkKey, &u32)> = self.links.iter().collect();
        links.sort_unstable_by_key(|(_, number)| **number);
        let links: Vec<(&LinkKey, &Link)> = links.into_iter().map(|(key, _)| key).zip(&self.rows).collect();
        out.rows(&links, |out, (key, row)| {
            out.text(&self.segment(key.segment));
            out.ip(key.client);
            out.ip(key.server);
            out.text(protocol::at(key.protocol).map_or("", |protocol| protocol.name));
            [row.first_ns, row.last_ns, row.messages].into_iter().for_each(|number| out.u64(number));
            out.u16(row.orders);
            seen(out, &row.seen);
        });
        let mut assets: Vec<_> = self.assets.iter().collect();
        assets.sort_unstable_by_key(|(key, _)| **key);
        out.rows(&assets, |out, ((segment, ip), station)| {
            out.text(&self.segment(*segment));
            out.ip(*ip);
            out.u8(station.roles);
            out.rows(&station.macs, |out, mac| out.raw(mac));
        });
        let mut operations: Vec<_> = self.operations.iter().collect();
        operations.sort_unstable_by_key(|((link, code, class), _)| (*link, *code, *class as u8));
        out.rows(&operations, |out, ((link, code, class), (word, sightings))| {
            out.u32(*link);
            out.u32(*code);
            out.u8(*class as u8);
            out.u32(*word);
            seen(out, sightings);
        });
        let mut objects: Vec<_> = self.objects.iter().collect();
        objects.sort_unstable_by_key(|(key, _)| (key.link, key.class as u8, key.space, key.index));
        out.rows(&objects, |out, (key, touched)| {
            out.u32(key.link);
            out.u8(key.class as u8);
            out.u16(key.space);
            out.u32(key.index);
            seen(out, &touched.grown);
            let stretches: Vec<_> = touched.stretches.iter().zip(&touched.seen).collect();
            out.rows(&stretches, |out, ((start, end), sightings)| {
                [*start, *end].into_iter().for_each(|at| out.u64(at));
                seen(out, sightings);
            });
            let mut names: Vec<_> = touched.names.iter().collect();
            names.sort_unstable_by_key(|(name, _)| *name);
            out.rows(&names, |out, (name, sightings)| {
                out.text(name);
                seen(out, sightings);
            });
        });
        let mut orders: Vec<_> = self.orders.iter().collect();
        orders.sort_unstable_by_key(|(key, _)| **key);
        out.rows(&orders, |out, ((link, step), sightings)| {
            out.u32(*link);
            out.u64(step.packed());
            seen(out, sightings);
        });
        // Those that came once in the order in which they will be forgotten, then all others.
        let once = self.once.iter().filter_map(|key| Some((key, self.polls.get(key)?)));
        let mut others: Vec<_> = self.polls.iter().filter(|(_, repeated)| repeated.sketch.count > 0).collect();
        others.sort_unstable_by_key(|(key, _)| (key.link, key.operation, key.class as u8, key.identity));
        let once = once.filter(|(_, repeated)| repeated.sketch.count == 0);
        out.rows(&once.chain(others).collect::<Vec<_>>(), |out, (key, repeated)| request(out, key, repeated));
        out.seal()
    }

    /// Go on learning where [`Learner::snapshot`] left off. Links of segments that the settings do not name, and of
    /// protocols this version does not speak, make the saved state useless: it is refused.
    pub fn restore(settings: LearnSettings, bytes: &[u8]) -> Result<Self, String> {
        let mut learner = Self::new(settings);
        let paced = !bytes.starts_with(UNPACED);
        Reader::open(bytes, if paced { KIND } else { UNPACED })?.all(|rows| learner.take_over(rows, paced))?;
        Ok(learner)
    }

    fn take_over(&mut self, rows: &mut Reader<'_>, paced: bool) -> Option<()> {
        let learned = &mut self.learned;
        (learned.from_ns, learned.messages) = (rows.u64()?, rows.u64()?);
        (learned.not_learned, learned.gaps_closed, self.forgotten) = (rows.u64()?, rows.u64()?, rows.u64()?);
        for _ in 0..rows.count()? {
            self.words.push(rows.text()?.to_owned());
        }
        for number in 0..rows.count()? {
            let new = usize::from(self.spaces.intern(rows.text()?)?) == number;
            new.then_some(())?;
        }
        for _ in 0..rows.count()? {
            let segment = self.segment_number(rows.text()?)?;
            let (client, server, protocol) = (rows.ip()?, rows.ip()?, rows.protocol()??);
            let (first_ns, last_ns, messages) = (rows.u64()?, rows.u64()?, rows.u64()?);
            let row = Link { first_ns, last_ns, messages, orders: rows.u16()?, seen: sightings(rows)? };
            let number = u32::try_from(self.rows.len()).ok()?;
            self.rows.push(row);
            fresh(self.links.insert(LinkKey { segment, protocol, client, server }, number))?;
            self.kept()?;
        }
        for _ in 0..rows.count()? {
            let key = (self.segment_number(rows.text()?)?, rows.ip()?);
            let mut station = Station { roles: rows.u8()?, ..Station::default() };
            for _ in 0..rows.count()? {
                station.add(*rows.raw(6)?.first_chunk::<6>()?);
            }
            fresh(self.assets.insert(key, station))?;
            self.kept()?;
        }
        for _ in 0..rows.count()? {
            let key = (self.known_link(rows)?, rows.u32()?, class(rows)?);
            let word = rows.u32()?;
            self.words.get(word as usize)?;
            fresh(self.operations.insert(key, (word, sightings(rows)?)))?;
            self.kept()?;
        }
        for _ in 0..rows.count()? {
            self.objects(rows)?;
        }
        for _ in 0..rows.count()? {
            let key = (self.known_link(rows)?, Step::unpacked(rows.u64()?));
            fresh(self.orders.insert(key, sightings(rows)?))?;
            self.kept()?;
        }
        for _ in 0..rows.count()? {
            self.request(rows, paced)?;
        }
        Some(())
    }

    /// One more row, as long as there is room.
    fn kept(&mut self) -> Option<()> {
        self.tuples = self.tuples.saturating_add(1);
        (self.tuples <= limits::BASELINE_TUPLES).then_some(())
    }

    fn segment_number(&self, name: &str) -> Option<u16> {
        let named = self.settings.segments.iter().position(|known| known == name);
        let number = named.and_then(|number| u16::try_from(number).ok());
        let unnamed = || name.strip_prefix("segment-").and_then(|number| number.parse().ok());
        let number = number.or_else(|| if name == "default" { Some(0) } else { unnamed() });
        number.filter(|number| self.segment(*number) == name)
    }

    fn known_link(&self, rows: &mut Reader<'_>) -> Option<u32> {
        rows.u32().filter(|link| (*link as usize) < self.rows.len())
    }

    fn objects(&mut self, rows: &mut Reader<'_>) -> Option<()> {
        let (link, class, space, index) = (self.known_link(rows)?, class(rows)?, rows.u16()?, rows.u32()?);
        (!self.spaces.name(space).is_empty()).then_some(())?;
        let mut touched = Touched { grown: sightings(rows)?, ..Touched::default() };
        for _ in 0..rows.count()? {
            let (start, end) = (rows.u64()?, rows.u64()?);
            let seen = sightings(rows)?;
            (start <= end && touched.insert(start, end, &seen) == 0).then_some(())?;
            self.kept()?;
        }
        for _ in 0..rows.count()? {
            touched.names.insert(rows.text()?.into(), sightings(rows)?);
            self.kept()?;
        }
        fresh(self.objects.insert(ObjectKey { link, index, space, class }, touched))
    }

    fn request(&mut self, rows: &mut Reader<'_>, paced: bool) -> Option<()> {
        let (link, operation) = (self.known_link(rows)?, rows.u32()?);
        let key = PollKey { link, operation, class: class(rows)?, identity: rows.u64()? };
        let space = match rows.u16()? {
            u16::MAX => None,
            space => Some(space),
        };
        let (index, start, end) = (rows.u32()?, rows.u64()?, rows.u64()?);
        let shown = Shown { space, index, start, end, name: rows.text()?.into() };
        let (sketch, seen) = (Sketch::read(rows, paced)?, sightings(rows)?);
        if sketch.count == 0 {
            self.once.push_back(key);
        }
        fresh(self.polls.insert(key, Repeated { shown, sketch, seen }))?;
        self.kept()
    }
}

fn request(out: &mut Writer, key: &PollKey, repeated: &Repeated) {
    out.u32(key.link);
    out.u32(key.operation);
    out.u8(key.class as u8);
    out.u64(key.identity);
    let shown = &repeated.shown;
    out.u16(shown.space.unwrap_or(u16::MAX));
    out.u32(shown.index);
    out.u64(shown.start);
    out.u64(shown.end);
    out.text(&shown.name);
    repeated.sketch.write(out);
    seen(out, &repeated.seen);
}

fn seen(out: &mut Writer, seen: &Sightings) {
    seen.words().into_iter().for_each(|word| out.u64(word));
}

fn sightings(rows: &mut Reader<'_>) -> Option<Sightings> {
    let mut words = [0; 8];
    for word in &mut words {
        *word = rows.u64()?;
    }
    Sightings::from_words(words)
}

/// Nothing stood there before.
fn fresh<T>(before: Option<T>) -> Option<()> {
    before.is_none().then_some(())
}

fn class(rows: &mut Reader<'_>) -> Option<Class> {
    Class::ALL.get(usize::from(rows.u8()?)).copied()
}
