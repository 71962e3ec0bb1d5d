//! A finding about a poll, with what explains it.

use super::super::knowledge::Knowledge;
use super::super::poll::fold;
use super::super::watched::Watched;
use super::state::nanoseconds;
use crate::finding::{Param, Params, TimedFinding};
use crate::protocol;

pub fn finding(known: &Knowledge, poll: &Watched, cause: &'static str, ts_ns: u64, observed: Params) -> TimedFinding {
    let key = known.keys.get(poll.key.link() as usize);
    let unknown = std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
    let (start, length) = known.operation_names.get(poll.operation_name as usize).copied().unwrap_or_default();
    let mut params: Params = vec![
        ("operation", Param::Text(known.text(start, length).to_owned())),
        ("operation_code", Param::Unsigned(poll.key.operation().into())),
        ("operation_class", Param::Text(poll.key.class().name().to_owned())),
    ];
    let shown = known.shown(poll);
    let space = known.spaces.name(shown.space);
    if !space.is_empty() {
        params.push(("space", Param::Text(space.to_owned())));
        params.push(("index", Param::Unsigned(shown.index.into())));
        if shown.name.1 == 0 {
            params.push(("start", Param::Unsigned(shown.start)));
            params.push(("end", Param::Unsigned(shown.end)));
        } else {
            params.push(("object", Param::Text(known.text(shown.name.0, shown.name.1).to_owned())));
        }
    }
    params.push(("learned_period_ns", Param::Unsigned(nanoseconds(poll.period_us))));
    params.push(("learned_low_ns", Param::Unsigned(nanoseconds(poll.low_us))));
    params.push(("learned_high_ns", Param::Unsigned(nanoseconds(poll.high_us))));
    params.extend(observed);
    TimedFinding {
        cause,
        key: fold(poll.key.operation(), poll.key.class(), known.identity(poll)),
        segment: key.map_or(0, |key| key.segment),
        client_ip: key.map_or(unknown, |key| key.client),
        server_ip: key.map_or(unknown, |key| key.server),
        protocol: key.and_then(|key| protocol::at(usize::from(key.protocol))).map_or("unknown", |entry| entry.name),
        ts_ns,
        params,
    }
}
