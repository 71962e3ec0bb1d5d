//! What is told of a fold, after a restart.
//!
//! ```text
//! cause u8 (0: rule u32, 1: name), key u64, segment u16, client, server (each u8 [ip]), id 16 bytes, first u64, last u64,
//! count u64, outcome, protocol, spanning u8, 4 endpoints (each u8 [ip, port u16, MAC])
//! ```
//!
//! Frames and inputs are counted by each run for itself: what is restored has none.

use super::{Cause, FoldKey, Hit, HitKind, Mark, PENDING};
use crate::baseline::saved::{Reader, Writer};
use crate::baseline::CAUSES;
use crate::engine::Before;
use crate::event::Endpoint;
use crate::finding::Params;
use crate::protocol::{BELOW, PROTOCOLS};

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
        [key.client, key.server].into_iter().for_each(|ip| maybe(out, ip, Writer::ip));
        out.raw(&self.id);
        [self.first.ts_ns, self.last.ts_ns, self.count].into_iter().for_each(|number| out.u64(number));
        out.text(self.outcome);
        out.text(self.protocol);
        out.u8(u8::from(self.spanning.is_some()));
        for end in [self.client, self.server, self.source, self.destination] {
            maybe(out, end, |out, end| {
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
                (name.to_owned(), CAUSES.iter().find(|known| **known == name).map(|known| Cause::Named(known)))
            }
            _ => return None,
        };
        let (key, segment) = (rows.u64()?, before.segment(rows.u16()?)?);
        let (client, server) = (read_maybe(rows, Reader::ip)?, read_maybe(rows, Reader::ip)?);
        let cause = cause.filter(|_| segment.is_some()).unwrap_or(GONE);
        let key = FoldKey { cause, key, segment: segment.unwrap_or(0), client, server };
        let id = *rows.raw(16)?.first_chunk::<16>()?;
        let mut mark = || Some(Mark { ts_ns: rows.u64()?, number: 0, input: 0 });
        let (first, last, count) = (mark()?, mark()?, rows.u64()?);
        let outcome = rows.text()?;
        let outcome = OUTCOMES.iter().find(|known| **known == outcome).copied()?;
        let protocol = rows.text()?;
        let names = PROTOCOLS.iter().map(|entry| entry.name).chain(BELOW.iter().copied());
        let protocol = names.into_iter().find(|known| *known == protocol).unwrap_or("unknown");
        let spanning = read_maybe(rows, |_| Some(Box::new(key)))?;
        let mut end = || read_maybe(rows, endpoint);
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

fn endpoint(rows: &mut Reader<'_>) -> Option<Endpoint> {
    Some(Endpoint { ip: rows.ip()?, port: rows.u16()?, mac: *rows.raw(6)?.first_chunk::<6>()? })
}

pub(super) fn maybe<T>(out: &mut Writer, value: Option<T>, write: impl FnOnce(&mut Writer, T)) {
    out.u8(u8::from(value.is_some()));
    if let Some(value) = value {
        write(out, value);
    }
}

pub(super) fn read_maybe<'a, T>(
    rows: &mut Reader<'a>,
    read: impl FnOnce(&mut Reader<'a>) -> Option<T>,
) -> Option<Option<T>> {
    match rows.u8()? {
        0 => Some(None),
        1 => read(rows).map(Some),
        _ => None,
    }
}
