//! Counts after a restart.
//!
//! ```text
//! rules: count u32, then each: number u32, keys
//! keys:  count u32, from the one silent longest on, each: key u64, segment u16, client, server (u8 [ip]), last u64, state
//! state: u8: 0 messages: count u32, each a moment
//!            1 values: count u32, from the one seen longest ago on, each: value u64, moment
//!            2 sequence: count u32, each u8 [moment]; before u8 [u64]; waits u8 [until u64, number u64, two moments, ends]
//! moment: engine time u64, packet time u64
//! ends:   two endpoints (ip, port u16, MAC), from the client u8, protocol
//! ```

use std::net::IpAddr;

use super::count::Latest;
use super::distinct::Values;
use super::sequence::{Progress, Waits};
use super::table::{Entry, State, Table};
use super::{Correlator, Ends, Key, Moment};
use crate::baseline::saved::{Reader, Writer};
use crate::engine::Before;
use crate::event::Endpoint;
use crate::fold::{Cause, Mark};
use crate::protocol;
use crate::rules::plan::{Kind, Plan, LEAST, STEPS};
use crate::rules::Rules;

impl Correlator {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.count(self.used.len());
        for rule in &self.used {
            out.u32(*rule);
            let table = self.tables.get(*rule as usize).and_then(Option::as_ref);
            let entries = table.map(|table| table.in_order()).unwrap_or_default();
            out.rows(&entries, |out, entry| write_entry(out, entry));
        }
    }

    /// Put in what was written. Keys of rules and segments that are gone are forgotten.
    pub(crate) fn restore(&mut self, rows: &mut Reader<'_>, before: &Before, rules: &Rules) -> Option<()> {
        for _ in 0..rows.count()? {
            let (_, cause) = before.rule(rows.u32()?)?;
            let rule = cause.and_then(|cause| match cause {
                Cause::Rule(number) => Some((number, rules.info(number)?.plan.as_ref()?)),
                Cause::Named(_) => None,
            });
            let mut table = Table::default();
            for _ in 0..rows.count()? {
                let (key, last_ns, state) = read_entry(rows)?;
                if let (Some((_, plan)), Some(segment)) = (rule, before.segment(key.segment)?) {
                    suits(&state, plan).then_some(())?;
                    table.restore(Key { segment, ..key }, last_ns, state).then_some(())?;
                }
            }
            if let Some((number, _)) = rule.filter(|_| !table.is_empty()) {
                self.put(number, Box::new(table));
            }
        }
        Some(())
    }
}

/// Whether a state is one that this rule makes.
fn suits(state: &State, plan: &Plan) -> bool {
    match (state, &plan.kind) {
        (State::Count(latest), Kind::Count { least }) => latest.moments.len() <= *least as usize,
        (State::Distinct(values), Kind::Distinct { least, .. }) => values.in_order().len() <= *least as usize,
        (State::Sequence(progress), Kind::Sequence(sequence)) => progress.begun.len() <= sequence.between.len(),
        _ => false,
    }
}

fn write_entry(out: &mut Writer, entry: &Entry) {
    out.u64(entry.key.key);
    out.u16(entry.key.segment);
    [entry.key.client, entry.key.server].into_iter().for_each(|ip| out.maybe(ip, Writer::ip));
    out.u64(entry.last_ns);
    match &entry.state {
        State::Count(latest) => {
            out.u8(0);
            out.count(latest.moments.len());
            latest.moments.iter().for_each(|at| moment(out, *at));
        }
        State::Distinct(values) => {
            out.u8(1);
            out.rows(&values.in_order(), |out, (value, at)| {
                out.u64(*value);
                moment(out, *at);
            });
        }
        State::Sequence(progress) => {
            out.u8(2);
            out.rows(&progress.begun, |out, at| out.maybe(*at, moment));
            out.maybe(progress.before_ns, Writer::u64);
            out.maybe(progress.waits.as_deref(), |out, waits| {
                out.u64(waits.until.0);
                out.u64(waits.until.1);
                moment(out, waits.first);
                moment(out, waits.last);
                ends(out, &waits.ends);
            });
        }
    }
}

fn read_entry(rows: &mut Reader<'_>) -> Option<(Key, u64, State)> {
    let (key, segment) = (rows.u64()?, rows.u16()?);
    let mut side = || -> Option<Option<IpAddr>> { rows.maybe(Reader::ip) };
    let (client, server) = (side()?, side()?);
    let last_ns = rows.u64()?;
    let state = match rows.u8()? {
        0 => {
            let mut latest = Latest::default();
            for _ in 0..rows.count()? {
                latest.moments.push_back(read_moment(rows)?);
            }
            State::Count(latest)
        }
        1 => {
            let mut values = Values::default();
            for _ in 0..rows.count()? {
                let (value, at) = (rows.u64()?, read_moment(rows)?);
                values.see(value, at, LEAST, 0);
            }
            State::Distinct(values)
        }
        2 => {
            let mut progress = Progress::default();
            for _ in 0..rows.count()?.min(STEPS) {
                progress.begun.push(rows.maybe(read_moment)?);
            }
            progress.before_ns = rows.maybe(Reader::u64)?;
            progress.waits = rows.maybe(|rows| {
                let until = (rows.u64()?, rows.u64()?);
                let (first, last) = (read_moment(rows)?, read_moment(rows)?);
                Some(Box::new(Waits { until, first, last, ends: read_ends(rows)? }))
            })?;
            State::Sequence(progress)
        }
        _ => return None,
    };
    Some((Key { key, segment, client, server }, last_ns, state))
}

fn moment(out: &mut Writer, at: Moment) {
    out.u64(at.now_ns);
    out.u64(at.mark.ts_ns);
}

/// Frames and inputs are counted by each run for itself.
fn read_moment(rows: &mut Reader<'_>) -> Option<Moment> {
    Some(Moment { now_ns: rows.u64()?, mark: Mark { ts_ns: rows.u64()?, number: 0, input: 0 } })
}

fn ends(out: &mut Writer, ends: &Ends) {
    for end in [ends.client, ends.server] {
        out.ip(end.ip);
        out.u16(end.port);
        out.raw(&end.mac);
    }
    out.u8(ends.from_client.into());
    out.text(ends.protocol);
}

fn read_ends(rows: &mut Reader<'_>) -> Option<Ends> {
    let mut end = || Some(Endpoint { ip: rows.ip()?, port: rows.u16()?, mac: *rows.raw(6)?.first_chunk::<6>()? });
    let (client, server) = (end()?, end()?);
    let from_client = rows.u8()? == 1;
    let protocol = rows.protocol()?.and_then(protocol::at).map_or("unknown", |entry| entry.name);
    Some(Ends { client, server, from_client, protocol })
}
