//! What Python hands over: rules whose conditions are already trees of tests on named fields.
//!
//! ```json
//! {"version": 1, "segments": ["default"], "rules": [
//!   {"id": "0d9f…", "protocol": "modbus", "needs_baseline": false, "fold": ["client.ip", "server.ip"],
//!    "condition": {"and": [{"test": {"field": "modbus.function_code", "operator": "in", "values": [5, 6]}},
//!                          {"not": {"test": {"field": "client.ip", "operator": "cidr", "values": ["10.0.0.0/8"]}}}]}}]}
//! ```

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// The form of this document. Another number is refused.
pub const VERSION: u32 = 1;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    pub version: u32,
    /// Names of `Event::segment`, by index.
    #[serde(default)]
    pub segments: Vec<String>,
    /// Lists that tests refer to by name.
    #[serde(default)]
    pub lists: HashMap<String, List>,
    pub rules: Vec<Rule>,
    /// What a site takes out of its rules' hits.
    #[serde(default)]
    pub filters: Vec<Filter>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    pub id: String,
    /// Ids of the rules it is for; of those that are not here, nothing.
    pub rules: Vec<String>,
    /// Packet time from which on it excludes nothing.
    #[serde(default)]
    pub until_ns: Option<u64>,
    pub condition: Condition,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum List {
    /// Addresses and networks.
    Addresses(Vec<String>),
    Numbers(Vec<u64>),
    Texts(Vec<String>),
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub id: String,
    pub protocol: String,
    #[serde(default)]
    pub needs_baseline: bool,
    #[serde(default)]
    pub fold: Vec<String>,
    pub condition: Condition,
    /// What is counted of the messages that fit: `fold` says which are counted together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Correlation>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Correlation {
    /// So many messages.
    Count { at_least: u32, timespan_ns: u64 },
    /// So many different values of a field.
    Distinct { field: String, at_least: u32, timespan_ns: u64 },
    /// Messages in this order. The rule's condition holds for each that fits one of the steps.
    Sequence { steps: Vec<Step>, timespan_ns: u64 },
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub condition: Condition,
    /// It must not come: before the first step and behind the last for so long, elsewhere between its neighbours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent_ns: Option<u64>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Test { field: String, operator: Operator, values: Vec<serde_json::Value> },
}

/// Holds when it holds for any of the values and any element of the field.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// Equals one of the values.
    In,
    Gte,
    Lte,
    Gt,
    Lt,
    Cidr,
    Contains,
    Startswith,
    Endswith,
    /// Values are pairs: the number's bits in the first mask are the second.
    Mask,
    /// A regular expression finds something in the text.
    Re,
    /// Stands in the list of that name.
    InList,
    /// `[true]`: the field is there; `[false]`: it is not.
    Exists,
}
