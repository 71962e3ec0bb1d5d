//! A finding about a poll, with what explains it.

use super::super::knowledge::{Knowledge, Watched};
use super::super::poll::fold;
use super::state::nanoseconds;
use crate::finding::{Param, Params, TimedFinding};
use crate::protocol::PROTOCOLS;

pub fn finding(known: &Knowledge, poll: &Watched, cause: &'static str, ts_ns: u64, observed: Params) -> TimedFinding {
    let key = known.keys.get(poll.link as usize);
    let unknown = std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
    let (start, length) = known.operation_names.get(poll.operation_name as usize).copied().unwrap_or_default();
    let mut params: Params = vec![
        ("operation", Param::Text(known.text(start, length).to_owned())),
        ("operation_code", Param::Unsigned(poll.operation.into())),
        ("operation_class", Param::Text(poll.class.name().to_owned())),
    ];
    let space = known.spaces.name(poll.space);
    if !space.is_empty() {
        params.push(("space", Param::Text(space.to_owned())));
        params.push(("index", Param::Unsigned(poll.index.into())));
        if poll.name.1 == 0 {
            params.push(("start", Param::Unsigned(poll.start)));
            params.push(("end", Param::Unsigned(poll.end)));
        } else {
            params.push(("object", Param::Text(known.text(poll.name.0, poll.name.1).to_owned())));
        }
    }
    params.push(("learned_period_ns", Param::Unsigned(nanoseconds(poll.period_us))));
    params.push(("learned_low_ns", Param::Unsigned(nanoseconds(poll.low_us))));
    params.push(("learned_high_ns", Param::Unsigned(nanoseconds(poll.high_us))));
    params.extend(observed);
    TimedFinding {
        cause,
        key: fold(poll.operation, poll.class, poll.identity),
        segment: key.map_or(0, |key| key.segment),
        client_ip: key.map_or(unknown, |key| key.client),
        server_ip: key.map_or(unknown, |key| key.server),
        protocol: key.and_then(|key| PROTOCOLS.get(usize::from(key.protocol))).map_or("unknown", |entry| entry.name),
        ts_ns,
        params,
    }
}
