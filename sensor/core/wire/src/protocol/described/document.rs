//! A description as Python hands it over. What is left out has the meaning that its comment gives; words for people
//! stay in Python.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// `network.protocol`, and what the names of its fields begin with.
    pub protocol: String,
    #[serde(default)]
    pub scope: Scope,
    /// The protocol whose messages carry it in functions that the maker defined: `modbus`.
    #[serde(default)]
    pub inside: Option<String>,
    #[serde(default)]
    pub transports: Vec<Transport>,
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Of numbers of several bytes.
    #[serde(default)]
    pub order: Order,
    #[serde(default)]
    pub framing: Framing,
    /// Fields that every message begins with.
    #[serde(default)]
    pub header: Vec<Field>,
    /// The field of the header that says what a message is about; none: there is one operation only.
    #[serde(default)]
    pub operation: Option<String>,
    /// How an answer differs from a question; none: the server sends it.
    #[serde(default)]
    pub answer: Option<Answer>,
    /// Fields of the header that an answer has from its question; none: its operation.
    #[serde(default)]
    pub pair: Vec<String>,
    /// What an answer says of success; none: nothing.
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// The field of text that says who logs in. A field of type `secret` is that one's password.
    #[serde(default)]
    pub user: Option<String>,
    pub operations: Vec<Operation>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    #[default]
    Plant,
    Office,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    Tcp,
    Udp,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// The most significant byte first.
    #[default]
    Big,
    Little,
}

/// Where a message ends: by a length, an end, a size, or with its datagram.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Framing {
    /// What it begins with, as hexadecimal digits.
    #[serde(default)]
    pub start: String,
    /// The same of its end.
    #[serde(default)]
    pub end: String,
    /// Every message has so many bytes.
    #[serde(default)]
    pub size: Option<usize>,
    /// A field of the header from which the size of the whole message is worked out.
    #[serde(default)]
    pub length: Option<Amount>,
    /// The largest message.
    #[serde(default)]
    pub most: Option<usize>,
    #[serde(default)]
    pub check: Option<Check>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub kind: super::check::Kind,
    /// The first byte of the message that it covers.
    #[serde(default)]
    pub from: usize,
    /// Written in hexadecimal digits.
    #[serde(default)]
    pub digits: bool,
    #[serde(default)]
    pub order: Option<Order>,
    /// It stands behind the end, which it covers, too.
    #[serde(default)]
    pub behind_end: bool,
}

/// How much: a number, a field's value, a field's value reckoned with, or what is left.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Amount {
    Number(u32),
    /// A field, or `rest`.
    Named(String),
    Reckoned(Reckoned),
}

/// value × times + plus
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reckoned {
    pub field: String,
    #[serde(default = "one")]
    pub times: u32,
    #[serde(default)]
    pub plus: i32,
}

fn one() -> u32 {
    1
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Nameless bytes are passed over.
    #[serde(default)]
    pub name: String,
    #[serde(rename = "type")]
    pub kind: Type,
    #[serde(default)]
    pub order: Option<Order>,
    /// Bytes of what has no width of its own.
    #[serde(default)]
    pub length: Option<Amount>,
    /// Several such values one behind the other.
    #[serde(default)]
    pub count: Option<Amount>,
    /// A stretch of bits of an earlier field, 0 the least significant: first and last.
    #[serde(default)]
    pub of: Option<String>,
    #[serde(default)]
    pub bits: Option<[u8; 2]>,
    /// What its numbers are called: beside the field there is another one, its name with `_name` behind it.
    #[serde(default)]
    pub values: BTreeMap<u64, String>,
    /// Only where an earlier whole number has one of these values, or none of them.
    #[serde(default)]
    pub when: Option<When>,
    #[serde(default)]
    pub unless: Option<When>,
    /// The next field begins where this one does.
    #[serde(default)]
    pub peek: bool,
    #[serde(default)]
    pub scale: Option<f64>,
    #[serde(default)]
    pub offset: Option<f64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    pub field: String,
    pub is: Vec<u64>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    U8,
    U16,
    U24,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
    /// A byte, or one bit of a field: anything but 0 is true.
    Bool,
    /// Bits, least significant first; `count` of them.
    Bits,
    /// Binary coded decimals, two digits a byte.
    Bcd,
    /// A number in hexadecimal or decimal digits, `length` of them.
    Hex,
    Decimal,
    Text,
    Bytes,
    /// A password: judged, and nothing of it is kept.
    Secret,
    Skip,
}

/// Answers have these values of a field, or this bit in it; the bit is no part of the operation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    pub field: String,
    #[serde(default)]
    pub is: Vec<u64>,
    #[serde(default)]
    pub bit: u32,
}

/// Answers fail unless a field has one of these values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    pub field: String,
    pub ok: Vec<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// Number, or letters where the field is text.
    pub code: Code,
    pub name: String,
    /// As `value::Class` is named.
    pub class: String,
    /// Nobody answers it.
    #[serde(default)]
    pub unanswered: bool,
    #[serde(default)]
    pub request: Vec<Field>,
    #[serde(default)]
    pub response: Vec<Field>,
    #[serde(default)]
    pub touches: Option<Touches>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Code {
    Number(u32),
    Letters(String),
}

/// What a message touches, for the baseline: a stretch of a space, or one named thing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Touches {
    pub space: String,
    #[serde(default)]
    pub index: Option<Amount>,
    #[serde(default)]
    pub start: Option<Amount>,
    #[serde(default)]
    pub count: Option<Amount>,
    #[serde(default)]
    pub named: Option<String>,
}
