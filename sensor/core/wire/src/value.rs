//! One message's fields, without allocation per message.
//!
//! A parser writes what it read into the slots of a [`Record`] that the engine owns and reuses. Text that had to be
//! put together lives in the record's arena; raw bytes and long number lists stay where they are, in the message,
//! and are kept as a [`Span`] into it. So a message with 125 registers costs one slot until somebody looks inside.

mod lists;

use std::net::IpAddr;

pub use lists::Lists;

use crate::hash::{folded, mixed};
use crate::limits::TEXT_BYTES;
use crate::neighbours::Claim;
use crate::site::{Site, Strength};

/// A range of the message's bytes, of the record's text arena, or of its list pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Span {
    pub start: u32,
    pub len: u32,
}

impl Span {
    #[inline]
    pub fn new(start: usize, len: usize) -> Self {
        Self { start: u32::try_from(start).unwrap_or(u32::MAX), len: u32::try_from(len).unwrap_or(0) }
    }

    #[inline]
    pub fn of<T>(self, pool: &[T]) -> &[T] {
        let start = self.start as usize;
        pool.get(start..start.saturating_add(self.len as usize)).unwrap_or_default()
    }
}

/// What a field can be. `Copy`, 24 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Bool(bool),
    /// A name from the parser's own tables.
    Name(&'static str),
    /// UTF-8 in the record's arena (`Record::push_text` replaces what is not UTF-8).
    Text(Span),
    /// Raw bytes of the message; printed as hex.
    Bytes(Span),
    /// Raw bytes kept in the record's arena, for messages that were put together from parts; printed as hex.
    Blob(Span),
    Ip(IpAddr),
    /// Big-endian 16-bit words in the message's bytes (Modbus registers).
    Words(Span),
    /// Bits in the message's bytes, least significant first (Modbus coils): `count` of them from byte `start`.
    Bits {
        start: u32,
        count: u32,
    },
    /// Several values, in the record's pool. Lists do not nest.
    List(Span),
}

/// The type a field is declared with in `sensor/schema/fields/*.yml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Unsigned,
    Signed,
    Float,
    Boolean,
    Text,
    Bytes,
    Ip,
    /// Nanoseconds since 1970, printed as RFC 3339.
    Timestamp,
    /// A process value whose type the wire decides (OPC UA variants, S7 items).
    Any,
}

/// One field a parser can set: its dotted name, its type, and whether it may hold several values.
#[derive(Clone, Copy, Debug)]
pub struct FieldDef {
    pub name: &'static str,
    pub kind: Kind,
    pub many: bool,
}

impl FieldDef {
    /// A station's hardware address in the base fields.
    pub fn is_mac(&self) -> bool {
        matches!(self.name, "source.mac" | "destination.mac")
    }
}

pub const fn field(name: &'static str, kind: Kind) -> FieldDef {
    FieldDef { name, kind, many: false }
}

/// A field that may hold a list; a rule's condition is true when it holds for any element.
pub const fn list(name: &'static str, kind: Kind) -> FieldDef {
    FieldDef { name, kind, many: true }
}

/// Declares a protocol's `FIELDS` and, beside each, the constant of its slot.
macro_rules! slots {
    ($($name:ident = $index:literal => $def:expr;)*) => {
        pub const FIELDS: &[$crate::value::FieldDef] = &[$($def),*];
        $(pub const $name: usize = $index;)*
    };
}
pub(crate) use slots;

/// Declares the flaws' names and, beside each, the constant of its bit.
macro_rules! flaws {
    ($($name:ident = $bit:literal => $text:literal;)*) => {
        /// Names of the bits of `Record::flaws`.
        pub const FLAWS: &[&str] = &[$($text),*];
        pub mod flaw {
            $(pub const $name: usize = $bit;)*
        }
    };
}
pub(crate) use flaws;

/// Slots per record: no protocol may declare more fields.
pub const SLOTS: usize = 128;

/// One bit per slot, in words of a processor's size: most slots are not known before.
#[derive(Clone, Copy, Debug, Default)]
struct Present([u64; SLOTS / 64]);

impl Present {
    #[inline]
    fn add(&mut self, slot: usize) {
        if let Some(word) = self.0.get_mut(slot / 64) {
            *word |= bit(slot);
        }
    }

    #[inline]
    fn has(self, slot: usize) -> bool {
        self.0.get(slot / 64).is_some_and(|word| word & bit(slot) != 0)
    }

    /// Take the lowest slot out.
    #[inline]
    fn next(&mut self) -> Option<usize> {
        let place = self.0.iter().position(|word| *word != 0)?;
        let word = self.0.get_mut(place)?;
        let slot = place.saturating_mul(64).saturating_add(word.trailing_zeros() as usize);
        *word &= word.wrapping_sub(1);
        Some(slot)
    }
}

#[inline]
#[allow(clippy::cast_possible_truncation)] // masked to six bits first
fn bit(number: usize) -> u64 {
    1u64.wrapping_shl((number & 63) as u32)
}

/// What a message does to the device, in the same words for every protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
#[repr(u8)]
pub enum Class {
    Read,
    Write,
    /// Start, stop, restart, force, mode change, method call.
    Control,
    /// Programs, blocks, firmware, configuration.
    Program,
    /// Opening, authenticating, negotiating, closing.
    Session,
    /// Identification, browsing, catalogue reading.
    Discover,
    Diagnose,
    #[default]
    Other,
}

impl Class {
    pub const ALL: [Class; 8] = [
        Class::Read,
        Class::Write,
        Class::Control,
        Class::Program,
        Class::Session,
        Class::Discover,
        Class::Diagnose,
        Class::Other,
    ];

    /// Place in [`Class::ALL`].
    #[inline]
    pub fn number(self) -> usize {
        match self {
            Class::Read => 0,
            Class::Write => 1,
            Class::Control => 2,
            Class::Program => 3,
            Class::Session => 4,
            Class::Discover => 5,
            Class::Diagnose => 6,
            Class::Other => 7,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Class::Read => "read",
            Class::Write => "write",
            Class::Control => "control",
            Class::Program => "program",
            Class::Session => "session",
            Class::Discover => "discover",
            Class::Diagnose => "diagnose",
            Class::Other => "other",
        }
    }
}

/// Place of a message in its exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub enum Role {
    Request,
    Response,
    /// Sent without being asked and expecting no answer.
    Unsolicited,
    #[default]
    Other,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Request, Role::Response, Role::Unsolicited, Role::Other];

    /// Place in [`Role::ALL`].
    #[inline]
    pub fn number(self) -> usize {
        match self {
            Role::Request => 0,
            Role::Response => 1,
            Role::Unsolicited => 2,
            Role::Other => 3,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Role::Request => "request",
            Role::Response => "response",
            Role::Unsolicited => "unsolicited",
            Role::Other => "other",
        }
    }
}

/// What the answer says about the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub enum Outcome {
    Success,
    Failure,
    #[default]
    Unknown,
}

impl Outcome {
    pub const ALL: [Outcome; 3] = [Outcome::Success, Outcome::Failure, Outcome::Unknown];

    /// Place in [`Outcome::ALL`].
    #[inline]
    pub fn number(self) -> usize {
        match self {
            Outcome::Success => 0,
            Outcome::Failure => 1,
            Outcome::Unknown => 2,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Outcome::Success => "success",
            Outcome::Failure => "failure",
            Outcome::Unknown => "unknown",
        }
    }
}

/// What a message touches, for the baseline: a stretch `start..=end` of an address space (registers 100–109 of unit 1),
/// or one named thing (`text`: an OPC UA string node id; then `start` = `end` = a hash of it made by the engine).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object {
    /// Name of the space without its numbers: `holding_register`, `db`, `node`.
    pub space: &'static str,
    /// Numbers of the space: unit id; data block number; namespace index.
    pub index: u32,
    pub start: u64,
    pub end: u64,
    pub text: Option<Span>,
}

impl Object {
    /// A named thing: `text` is where its name stands.
    #[inline]
    fn named(space: &'static str, index: u32, text: Span, name: &[u8]) -> Self {
        let hash = name_hash(name);
        Self { space, index, start: hash, end: hash, text: Some(text) }
    }
}

/// A part of a controller's memory that a message is about, for the table of points: so many bits from `start`
/// (`site::points::memory::place`), and what the message brings of it. An answer says neither start nor length.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Part {
    pub start: u64,
    pub bits: u32,
    /// `Value::Bytes` or `Value::Blob`.
    pub data: Option<Value>,
    /// Each bit has a byte of its own in `data`.
    pub single: bool,
}

/// One message's fields. Reused: `clear` keeps the allocations.
#[derive(Clone, Debug)]
pub struct Record {
    present: Present,
    slots: [Value; SLOTS],
    pool: Vec<Value>,
    text: Vec<u8>,
    objects: Vec<Object>,
    /// Only where the plant has a table of points.
    pub parts: Vec<Part>,
    /// Which of the message's values each object has, where they do not lie side by side. Only where the plant has a table
    /// of points.
    pub places: Vec<u32>,
    /// One bit per entry of the protocol's `FLAWS`.
    pub flaws: u64,
    pub role: Role,
    pub outcome: Outcome,
    pub class: Class,
    /// Raw number of the operation (function code, service id); with `operation_name` beside it.
    pub operation: u32,
    pub operation_name: &'static str,
    /// Place in `PROTOCOLS` of the protocol that this message is one of, where that is not the conversation's own
    /// (`cotp` below S7): its fields and flaws are meant.
    pub protocol: Option<u8>,
    /// Points of the plant's table that the message has values of: names, values, units, side by side.
    pub points: Option<[Span; 3]>,
    /// Which points of the table these are.
    pub point_numbers: Vec<u32>,
    /// Who logs in, where the message says so.
    pub user: Option<Span>,
    /// What the password is worth that crossed in clear.
    pub password: Option<Strength>,
    /// What pairs a response with its request inside one conversation. A response's reference equals its request's.
    pub reference: Option<u64>,
    /// The request waits until there is something to tell (OPC UA Publish): the time until its answer says nothing,
    /// and it never counts as unanswered.
    pub long_poll: bool,
    /// Whether a client sent it, where the message itself tells and the engine may think otherwise: a connection may be
    /// opened by the server (OPC UA ReverseHello). The reader turns the conversation's roles by it.
    pub from_client: Option<bool>,
    /// What an ARP message says against others; put in before it is read, and taken out by its parser.
    pub claim: Claim,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            present: Present::default(),
            slots: [Value::Unsigned(0); SLOTS],
            pool: Vec::new(),
            text: Vec::new(),
            objects: Vec::new(),
            parts: Vec::new(),
            places: Vec::new(),
            flaws: 0,
            role: Role::Other,
            outcome: Outcome::Unknown,
            class: Class::Other,
            operation: 0,
            operation_name: "unknown",
            protocol: None,
            points: None,
            point_numbers: Vec::new(),
            user: None,
            password: None,
            reference: None,
            long_poll: false,
            from_client: None,
            claim: Claim::default(),
        }
    }
}

impl Record {
    #[inline]
    pub fn clear(&mut self) {
        self.present = Present::default();
        self.pool.clear();
        self.text.clear();
        self.objects.clear();
        self.parts.clear();
        self.places.clear();
        self.point_numbers.clear();
        self.flaws = 0;
        self.role = Role::Other;
        self.outcome = Outcome::Unknown;
        self.class = Class::Other;
        self.operation = 0;
        self.operation_name = "unknown";
        self.protocol = None;
        self.points = None;
        self.user = None;
        self.password = None;
        self.reference = None;
        self.long_poll = false;
        self.from_client = None;
    }

    /// As if no field had been set; what was kept for them stays.
    pub fn forget_fields(&mut self) {
        self.present = Present::default();
        self.objects.clear();
    }

    /// Set the field in `slot` (an index into the protocol's `FIELDS`).
    #[inline]
    pub fn set(&mut self, slot: usize, value: Value) {
        if let Some(place) = self.slots.get_mut(slot) {
            *place = value;
            self.present.add(slot);
        }
    }

    #[inline]
    pub fn set_u(&mut self, slot: usize, value: impl Into<u64>) {
        self.set(slot, Value::Unsigned(value.into()));
    }

    #[inline]
    pub fn get(&self, slot: usize) -> Option<Value> {
        if self.present.has(slot) {
            self.slots.get(slot).copied()
        } else {
            None
        }
    }

    #[inline]
    pub fn flaw(&mut self, number: usize) {
        self.flaws |= bit(number);
    }

    /// Keep text that is not there as such in the message; invalid UTF-8 becomes U+FFFD.
    pub fn push_text(&mut self, bytes: &[u8]) -> Span {
        let start = self.text.len();
        match std::str::from_utf8(bytes) {
            Ok(valid) => self.text.extend_from_slice(valid.as_bytes()),
            Err(_) => self.text.extend_from_slice(String::from_utf8_lossy(bytes).as_bytes()),
        }
        Span::new(start, self.text.len().saturating_sub(start))
    }

    pub fn set_text(&mut self, slot: usize, bytes: &[u8]) {
        let span = self.push_text(bytes);
        self.set(slot, Value::Text(span));
    }

    /// Somebody logs in. A password that crossed in clear is judged and forgotten.
    pub fn login(&mut self, user: &[u8], password: Option<&[u8]>, site: &Site) {
        self.user = (!user.is_empty()).then(|| self.push_text(user.get(..TEXT_BYTES).unwrap_or(user)));
        self.password = password.map(|password| site.credentials.judge(user, password));
    }

    /// Append one value to the list in `slot`. Values of one slot must be pushed in one go (no other list between).
    pub fn push(&mut self, slot: usize, value: Value) {
        let start = self.pool.len();
        let span = match self.get(slot) {
            Some(Value::List(span)) if (span.start as usize).saturating_add(span.len as usize) == start => {
                Span { start: span.start, len: span.len.saturating_add(1) }
            }
            _ => Span::new(start, 1),
        };
        self.pool.push(value);
        self.set(slot, Value::List(span));
    }

    /// Several slots filled side by side (item 1's area and number, item 2's …): collect first, then set each list.
    pub fn set_list(&mut self, slot: usize, values: &[Value]) {
        let span = self.keep_list(values);
        self.set(slot, Value::List(span));
    }

    /// Keep a list that is in no slot.
    pub fn keep_list(&mut self, values: &[Value]) -> Span {
        let span = Span::new(self.pool.len(), values.len());
        self.pool.extend_from_slice(values);
        span
    }

    /// Keep raw bytes that are not there as such in the message (it came in parts).
    pub fn push_bytes(&mut self, bytes: &[u8]) -> Span {
        let start = self.text.len();
        self.text.extend_from_slice(bytes);
        Span::new(start, bytes.len())
    }

    pub fn blob(&self, span: Span) -> &[u8] {
        span.of(&self.text)
    }

    /// A stretch of an address space that this message touches.
    #[inline]
    pub fn push_stretch(&mut self, space: &'static str, index: u32, start: u64, end: u64) {
        self.objects.push(Object { space, index, start, end, text: None });
    }

    /// A named thing that this message touches; the name was kept by `push_text`.
    pub fn push_named(&mut self, space: &'static str, index: u32, text: Span) {
        self.objects.push(Object::named(space, index, text, text.of(&self.text)));
    }

    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    #[inline]
    pub fn text(&self, span: Span) -> &str {
        std::str::from_utf8(span.of(&self.text)).unwrap_or("\u{fffd}")
    }

    #[inline]
    pub fn list(&self, span: Span) -> &[Value] {
        span.of(&self.pool)
    }

    /// Slots that are set, in order.
    pub fn present(&self) -> impl Iterator<Item = usize> + '_ {
        let mut left = self.present;
        std::iter::from_fn(move || left.next())
    }

    /// Fill the field in `slot`. One value alone is no list: it is printed as one where its field may hold several. None
    /// leaves the slot as it is.
    #[inline]
    pub fn set_all(&mut self, slot: usize, mut values: impl ExactSizeIterator<Item = Value>) {
        if values.len() > 1 {
            let span = Span::new(self.pool.len(), values.len());
            self.pool.extend(values);
            self.set(slot, Value::List(span));
        } else if let Some(one) = values.next() {
            self.set(slot, one);
        }
    }

    /// Go on with what is in `slot`, in one go (no other list between).
    #[inline]
    pub fn append(&mut self, slot: usize, values: impl ExactSizeIterator<Item = Value>) {
        if !self.present.has(slot) {
            return self.set_all(slot, values);
        }
        if values.len() > 0 {
            let start = self.lead(slot);
            self.pool.extend(values);
            self.set(slot, Value::List(Span::new(start, self.pool.len().saturating_sub(start))));
        }
    }

    /// Room in the pool for a list of up to `count` values.
    #[inline]
    pub fn reserve(&mut self, count: usize) -> Span {
        let span = Span::new(self.pool.len(), count);
        self.pool.resize(self.pool.len().saturating_add(count), Value::Unsigned(0));
        span
    }

    /// The value behind the last of `list`, where there is room for it (see `reserve`).
    #[inline]
    pub fn put(&mut self, list: Span, value: Value) {
        if let Some(place) = self.pool.get_mut((list.start as usize).saturating_add(list.len as usize)) {
            *place = value;
        }
    }

    /// Keep the text that `write` appends; invalid UTF-8 becomes U+FFFD.
    #[inline]
    pub fn write_text(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Span {
        let start = self.text.len();
        write(&mut self.text);
        if !self.text.get(start..).unwrap_or_default().is_ascii() {
            self.mend_text(start);
        }
        Span::new(start, self.text.len().saturating_sub(start))
    }

    #[cold]
    fn mend_text(&mut self, start: usize) {
        let written = self.text.split_off(start.min(self.text.len()));
        self.push_text(&written);
    }

    /// Where in the pool a list starts that goes on from what is in `slot`.
    fn lead(&mut self, slot: usize) -> usize {
        let start = self.pool.len();
        match self.get(slot) {
            Some(Value::List(span)) if (span.start as usize).saturating_add(span.len as usize) == start => {
                span.start as usize
            }
            Some(Value::List(_)) | None => start,
            Some(one) => {
                self.pool.push(one);
                start
            }
        }
    }
}

/// A number for a name, eight bytes a step: the same on every machine, because baselines keep it. Whoever wants to can
/// make two names with one number; where that matters the names themselves are compared.
#[inline]
pub fn name_hash(name: &[u8]) -> u64 {
    let (words, rest) = name.as_chunks::<8>();
    let last = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    let begun = name.len() as u64 ^ NAME_SEED;
    let hash = words.iter().fold(begun, |hash, word| folded(hash ^ u64::from_le_bytes(*word), NAME_STEP));
    mixed(hash ^ last)
}

const NAME_SEED: u64 = 0x6f74_7573_2e6e_616d;
const NAME_STEP: u64 = 0x9e37_79b9_7f4a_7c15;
