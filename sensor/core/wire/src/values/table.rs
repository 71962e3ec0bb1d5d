//! What was learned of values, as rows: one a tag. On disk it is JSON (`values.json` of a baseline's folder).

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::day::Day;
use super::motion::STATISTICS;
use super::plan::Take;
use super::relations::{self, Relation};
use crate::limits;

pub const FORMAT: u32 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    pub format: u32,
    /// Tags and requests that there was no room for.
    pub not_learned: u64,
    /// Links that relations were not looked for on: too many tags.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub not_related: u64,
    pub links: Vec<Link>,
}

/// What one client reads and writes at one server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    pub segment: String,
    pub client: IpAddr,
    pub server: IpAddr,
    pub protocol: String,
    pub tags: Vec<Tag>,
    /// Requests whose answers were watched for repetitions.
    pub echoes: Vec<Repeats>,
    /// What tags have in common; they are called by their place in `tags`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relations: Vec<Relation>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeats {
    /// Which request (`plan::identity`).
    pub request: u64,
    /// More answers in a row than this were never older ones again.
    pub limit: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    pub space: String,
    /// Unit, data block, namespace.
    pub index: u32,
    pub start: u64,
    /// Of a named thing; `start` is its hash.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    pub kind: Take,
    pub samples: u64,
    /// Samples that differed from the one before.
    pub changes: u64,
    /// Seconds of packet time from the first sample to the last.
    pub seconds: f64,
    /// How far it went; absent: it was written and never read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// How far each number of `motion.rs` may go, in that order; null: nothing is judged by it.
    pub limits: [Option<f64>; STATISTICS],
    /// What is added to each limit at which time of day; empty: a whole day was learned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Option<Day>>,
    /// The largest step that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
    /// It never went back, but for beginning again at the bottom.
    #[serde(default, skip_serializing_if = "is_false")]
    pub counter: bool,
    /// All values that it ever had, where they are few and were all seen again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<f64>,
    /// Somebody sets it: a change is a decision, not a movement.
    #[serde(default, skip_serializing_if = "is_false")]
    pub setting: bool,
    /// Times that this client wrote it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub writes: u64,
    /// What it was set to, and what the next setting lies between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<[f64; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_limits: Option<[f64; 2]>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_false(value: &bool) -> bool {
    !value
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

impl Table {
    /// # Errors
    /// One line that says what is wrong with the bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let table: Self = serde_json::from_slice(bytes)
            .map_err(|error| format!("the learned values cannot be read: {error}; learn the baseline again"))?;
        if let Some(wrong) = table.wrong() {
            return Err(format!("the learned values {wrong}: learn again, or upgrade"));
        }
        Ok(table)
    }

    /// What somebody made of [`Table::write`]'s JSON: as it would have been learned.
    ///
    /// # Errors
    /// One line; of what is no JSON of this shape it ends with line and column.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let mut table: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        for link in &mut table.links {
            let of = format!("values of {} -> {} {}", link.client, link.server, link.protocol);
            let mut places = BTreeSet::new();
            for tag in &mut link.tags {
                tag.states.sort_by(f64::total_cmp);
                tag.states.dedup();
                let upside_down =
                    |low: Option<f64>, high: Option<f64>| low.zip(high).is_some_and(|(low, high)| low > high);
                let within = |pair: Option<[f64; 2]>| upside_down(pair.map(|[low, _]| low), pair.map(|[_, high]| high));
                let wrong = if !places.insert((&*tag.space, tag.index, tag.start, tag.kind)) {
                    "stands there twice"
                } else if upside_down(tag.low, tag.high) || within(tag.set) || within(tag.set_limits) {
                    "ends before it starts"
                } else {
                    continue;
                };
                let called = if tag.name.is_empty() { tag.start.to_string() } else { tag.name.clone() };
                return Err(format!("{of}: {} {}:{called} {wrong}", tag.space, tag.index));
            }
        }
        match table.wrong() {
            Some(wrong) => Err(format!("values {wrong}")),
            None => Ok(table),
        }
    }

    /// What of it could not have been learned by this version.
    fn wrong(&self) -> Option<String> {
        if self.format != FORMAT {
            return Some(format!("have format {}, this version reads {FORMAT}", self.format));
        }
        let tags: usize = self.links.iter().map(|link| link.tags.len()).fold(0, usize::saturating_add);
        let rows: usize = self.links.iter().map(|link| link.echoes.len()).fold(tags, usize::saturating_add);
        if rows > limits::VALUE_TAGS.saturating_mul(2) || self.links.len() > limits::VALUE_TAGS {
            return Some(format!("have {rows} rows, more than fit"));
        }
        let sound = |link: &Link| {
            let few = link.relations.len() <= link.tags.len().saturating_mul(relations::MOST_OF_TAG);
            few && link.relations.iter().all(|relation| relation.holds(link.tags.len()))
        };
        let link = self.links.iter().find(|link| !sound(link))?;
        Some(format!("of {} -> {} have relations of tags that are not there", link.client, link.server))
    }

    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}
