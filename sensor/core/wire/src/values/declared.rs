//! Values against what the table of points declares of them. Nothing is learned.

use std::net::IpAddr;
use std::sync::Arc;

use super::judge::{About, Unlike};
use crate::event::Event;
use crate::finding::{Param, Params};
use crate::hash::Map;
use crate::limits;
use crate::site::points::Point;
use crate::site::Site;
use crate::value::Value;

pub const LIMIT: &str = "value:limit";
pub const RATE: &str = "value:rate";
pub const ALLOWED: &str = "value:allowed";

/// Readings that lie closer together than this say nothing of a rate: two requests of one cycle.
const CLOSEST_S: f64 = 0.05;

/// One shard's. It remembers the latest reading of points whose rate is declared; beyond a shard's part of
/// `limits::VALUE_TAGS` of no others.
pub struct Declarations {
    site: Arc<Site>,
    latest: Map<(u32, IpAddr, IpAddr), (f64, u64)>,
}

impl Declarations {
    /// `None`: the table declares nothing.
    pub fn new(site: &Arc<Site>) -> Option<Self> {
        site.points.declares().then(|| Self { site: Arc::clone(site), latest: Map::default() })
    }

    #[inline]
    pub fn message(&mut self, event: &Event<'_>, out: &mut Vec<Unlike>) {
        let Some([_, values, _]) = event.record.points else { return };
        for (number, value) in event.record.point_numbers.iter().zip(event.record.list(values)) {
            let Some(point) = self.site.points.point(*number).filter(|point| !point.declared.is_empty()) else {
                continue;
            };
            #[allow(clippy::cast_precision_loss)] // a measurement
            let value = match *value {
                Value::Unsigned(number) => number as f64,
                Value::Signed(number) => number as f64,
                Value::Float(number) => number,
                Value::Bool(set) => f64::from(u8::from(set)),
                _ => continue,
            };
            judge(&mut self.latest, *number, point, value, event, out);
        }
    }

    pub fn params(&self, number: u32, unlike: &Unlike) -> Params {
        let Some(point) = self.site.points.point(number) else { return Params::new() };
        let mut params: Params = vec![
            ("object", Param::Text(point.name.to_string())),
            ("unit", Param::Text(point.unit.to_string())),
            ("value", Param::Float(unlike.value)),
            ("found", Param::Float(unlike.found)),
            ("limit", Param::Float(unlike.limit)),
        ];
        let numbers = [("before", Some(unlike.before)), ("low", point.declared.min), ("high", point.declared.max)];
        let there =
            numbers.into_iter().filter_map(|(name, number)| Some((name, number.filter(|one| one.is_finite())?)));
        params.extend(there.map(|(name, number)| (name, Param::Float(number))));
        params
    }
}

fn judge(
    latest: &mut Map<(u32, IpAddr, IpAddr), (f64, u64)>,
    number: u32,
    point: &Point,
    value: f64,
    event: &Event<'_>,
    out: &mut Vec<Unlike>,
) {
    let (declared, about, key) = (&point.declared, About::Point(number), u64::from(number));
    let mut tell = |cause, before, found, limit| out.push(Unlike { cause, key, about, before, value, found, limit });
    if let Some(min) = declared.min.filter(|min| value < *min) {
        tell(LIMIT, f64::NAN, value, min);
    }
    if let Some(max) = declared.max.filter(|max| value > *max) {
        tell(LIMIT, f64::NAN, value, max);
    }
    if !declared.values.is_empty() && !declared.values.contains(&value) {
        tell(ALLOWED, f64::NAN, value, f64::NAN);
    }
    let Some(rate) = declared.rate else { return };
    let key = (number, event.client.ip, event.server.ip);
    if latest.len() >= limits::per_shard(limits::VALUE_TAGS) && !latest.contains_key(&key) {
        return;
    }
    let Some((before, then_ns)) = latest.insert(key, (value, event.ts_ns)) else { return };
    #[allow(clippy::cast_precision_loss)] // a duration
    let passed_s = event.ts_ns.saturating_sub(then_ns) as f64 / 1e9;
    let found = (value - before).abs() / passed_s.max(CLOSEST_S);
    if found > rate {
        tell(RATE, before, found, rate);
    }
}
