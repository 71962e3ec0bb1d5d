//! Texts kept once each: what a dictionary column's keys point at.

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use crate::event::Endpoint;
use crate::hash::Map;
use crate::print;

/// Texts or byte strings one after the other, as Arrow keeps them: text `n` is `bytes[offsets[n]..offsets[n + 1]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strings {
    pub offsets: Vec<i32>,
    pub bytes: Vec<u8>,
}

impl Default for Strings {
    fn default() -> Self {
        Self { offsets: vec![0], bytes: Vec::new() }
    }
}

static NONE: LazyLock<Arc<Strings>> = LazyLock::new(Arc::default);

impl Strings {
    /// No text: what columns without a value share.
    pub fn none() -> Arc<Self> {
        Arc::clone(&NONE)
    }

    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    pub fn get(&self, index: usize) -> &[u8] {
        let bound = |index: usize| self.offsets.get(index).and_then(|offset| usize::try_from(*offset).ok());
        match (bound(index), bound(index.wrapping_add(1))) {
            (Some(start), Some(end)) => self.bytes.get(start..end).unwrap_or_default(),
            _ => &[],
        }
    }

    #[inline]
    pub fn push(&mut self, text: &[u8]) {
        self.push_with(|out| out.extend_from_slice(text));
    }

    /// One more text, written in place.
    pub fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.offsets.push(end(&self.bytes));
    }

    /// Empty texts, up to `len`.
    #[inline]
    pub fn fill(&mut self, len: usize) {
        if len > self.len() {
            self.offsets.resize(len.saturating_add(1), end(&self.bytes));
        }
    }
}

/// Offsets are 32 bits wide; a batch closes long before (`limits::COLUMN_BYTES`).
fn end(bytes: &[u8]) -> i32 {
    i32::try_from(bytes.len()).unwrap_or(i32::MAX)
}

/// Names remembered by their address: a plant asks for few different things.
const NAMES: usize = 8;

/// Number of every text that came by, in the order of their coming.
#[derive(Debug, Default)]
pub struct Dictionary {
    words: Strings,
    numbers: Map<Box<[u8]>, i32>,
    last: i32,
    /// Address and length of names asked for lately, each at a place that its address gives, and their numbers.
    names: [(usize, usize, i32); NAMES],
    /// What the last batch was given: good until a word is added.
    given: Option<Arc<Strings>>,
}

impl Dictionary {
    #[inline]
    pub fn number(&mut self, text: &[u8]) -> i32 {
        let last = usize::try_from(self.last).unwrap_or(usize::MAX);
        if last < self.words.len() && self.words.get(last) == text {
            return self.last;
        }
        self.last = match self.numbers.get(text) {
            Some(number) => *number,
            None => self.add(text),
        };
        self.last
    }

    /// The number of a name of ours: such a text stays where it is, so that its place tells it.
    #[inline]
    pub fn name(&mut self, name: &'static str) -> i32 {
        let (start, len) = (name.as_ptr() as usize, name.len());
        let place = start.wrapping_add(len) % NAMES;
        match self.names.get(place) {
            Some((known, length, number)) if (*known, *length) == (start, len) => *number,
            _ => {
                let number = self.number(name.as_bytes());
                if let Some(place) = self.names.get_mut(place) {
                    *place = (start, len, number);
                }
                number
            }
        }
    }

    #[cold]
    fn add(&mut self, text: &[u8]) -> i32 {
        let number = i32::try_from(self.words.len()).unwrap_or(i32::MAX);
        self.words.push(text);
        self.numbers.insert(text.into(), number);
        self.given = None;
        number
    }

    pub fn bytes(&self) -> usize {
        self.words.bytes.len().saturating_add(self.words.len().saturating_mul(WORD_COST))
    }

    pub fn words(&mut self) -> Arc<Strings> {
        Arc::clone(self.given.get_or_insert_with(|| Arc::new(self.words.clone())))
    }
}

/// What keeping a word costs besides its bytes: its place in the table and its own copy of the bytes.
const WORD_COST: usize = 64;

/// One side of a conversation, its addresses as keys.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    pub ip: i32,
    pub port: u64,
    pub mac: i32,
}

/// Addresses as texts: each is written once.
#[derive(Debug, Default)]
pub struct Addresses {
    ips: Map<IpAddr, i32>,
    pub ip_words: Dictionary,
    macs: Map<[u8; 6], i32>,
    pub mac_words: Dictionary,
    /// Stations seen lately, each at a place that its address gives.
    recent: [Option<Station>; RECENT],
}

#[derive(Clone, Copy, Debug)]
struct Station {
    ip: IpAddr,
    mac: [u8; 6],
    keys: (i32, i32),
}

/// Few stations talk in one shard.
const RECENT: usize = 32;

impl Addresses {
    #[inline]
    pub fn ip(&mut self, ip: IpAddr) -> i32 {
        *self.ips.entry(ip).or_insert_with(|| {
            let mut text = Vec::new();
            print::address(&mut text, ip);
            self.ip_words.number(&text)
        })
    }

    #[inline]
    pub fn mac(&mut self, mac: &[u8; 6]) -> i32 {
        *self.macs.entry(*mac).or_insert_with(|| self.mac_words.number(print::mac_text(mac).as_bytes()))
    }

    #[inline]
    pub fn side(&mut self, endpoint: &Endpoint) -> Side {
        let last = match endpoint.ip {
            IpAddr::V4(ip) => ip.octets()[3],
            IpAddr::V6(ip) => ip.octets()[15],
        };
        let place = usize::from(last) % RECENT;
        let port = endpoint.port.into();
        if let Some(Some(known)) = self.recent.get(place) {
            if (known.ip, known.mac) == (endpoint.ip, endpoint.mac) {
                return Side { ip: known.keys.0, port, mac: known.keys.1 };
            }
        }
        let (ip, mac) = (self.ip(endpoint.ip), self.mac(&endpoint.mac));
        if let Some(place) = self.recent.get_mut(place) {
            *place = Some(Station { ip: endpoint.ip, mac: endpoint.mac, keys: (ip, mac) });
        }
        Side { ip, port, mac }
    }

    pub fn bytes(&self) -> usize {
        self.ip_words.bytes().saturating_add(self.mac_words.bytes()).saturating_mul(2)
    }
}
