//! `--filter EXPR`: which packets are looked at at all.
//!
//! ```text
//! host 10.0.0.1 and not (port 502 or src net 10.9.0.0/16)
//! protocol modbus or protocol arp
//! ```
//!
//! `host`, `net`, `port` (also `port 500-510`), `vlan`, `protocol`; `src` or `dst` before the first three; `and`, `or`,
//! `not` and parentheses, `not` before `and` before `or`.

use std::net::IpAddr;

use crate::protocol;
use crate::rules::Network;

/// What a filter may ask about one packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fact {
    pub source: Option<IpAddr>,
    pub destination: Option<IpAddr>,
    pub source_port: Option<u16>,
    pub destination_port: Option<u16>,
    pub vlan: Option<u16>,
    /// IP protocol number (IPv6: of the last header).
    pub transport: Option<u8>,
    pub ethertype: u16,
    /// Name of the protocol the packet's conversation is bound to, once it is.
    pub application: Option<&'static str>,
}

/// A filter, ready to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    root: Node,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Source,
    Destination,
    Either,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Net(Side, Network),
    Port(Side, u16, u16),
    Vlan(u16),
    Transport(&'static [u8]),
    Ethertype(u16),
    /// Index into `PROTOCOLS`.
    Application(usize),
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
}

/// Parentheses and `not` inside one another. Parsing recurses.
const DEPTH: usize = 64;

const WORDS: &str = "host, net, port, vlan, protocol, src, dst, not or (";

impl Filter {
    /// The message of an error has the position (counted from 1) and what would be right there.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { text, tokens: tokens(text), next: 0 };
        let root = parser.any(DEPTH)?;
        match parser.peek() {
            None => Ok(Self { root }),
            Some(_) => Err(parser.expected("and, or, or the end")),
        }
    }

    pub fn keeps(&self, fact: &Fact) -> bool {
        self.root.keeps(fact)
    }
}

impl Node {
    fn keeps(&self, fact: &Fact) -> bool {
        match self {
            Node::Net(side, network) => side.either(fact.source, fact.destination, |address| network.holds(address)),
            Node::Port(side, low, high) => {
                side.either(fact.source_port, fact.destination_port, |port| (*low..=*high).contains(&port))
            }
            Node::Vlan(id) => fact.vlan == Some(*id),
            Node::Transport(numbers) => fact.transport.is_some_and(|number| numbers.contains(&number)),
            Node::Ethertype(number) => fact.ethertype == *number,
            Node::Application(index) => protocol::at(*index).is_some_and(|protocol| match fact.application {
                Some(bound) => bound == protocol.name,
                // Not known yet (the handshake), or never: the well-known port speaks.
                None => Side::Either
                    .either(fact.source_port, fact.destination_port, |port| protocol.ports().contains(&port)),
            }),
            Node::Not(inner) => !inner.keeps(fact),
            Node::And(parts) => parts.iter().all(|part| part.keeps(fact)),
            Node::Or(parts) => parts.iter().any(|part| part.keeps(fact)),
        }
    }
}

impl Side {
    fn either<T: Copy>(self, source: Option<T>, destination: Option<T>, holds: impl Fn(T) -> bool) -> bool {
        (self != Side::Destination && source.is_some_and(&holds))
            || (self != Side::Source && destination.is_some_and(&holds))
    }
}

/// Words and parentheses with the position of their first byte.
fn tokens(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, character) in text.char_indices() {
        let single = matches!(character, '(' | ')' | '!');
        if single || character.is_whitespace() {
            if let Some(from) = start.take() {
                found.extend(text.get(from..at).map(|word| (from, word)));
            }
            if single {
                found.extend(text.get(at..at.saturating_add(1)).map(|word| (at, word)));
            }
        } else {
            start.get_or_insert(at);
        }
    }
    if let Some(from) = start {
        found.extend(text.get(from..).map(|word| (from, word)));
    }
    found
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(usize, &'t str)>,
    next: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t str> {
        self.tokens.get(self.next).map(|(_, word)| *word)
    }

    fn take(&mut self, wanted: &[&str]) -> bool {
        let here = self.peek().is_some_and(|word| wanted.contains(&word));
        if here {
            self.next = self.next.saturating_add(1);
        }
        here
    }

    fn expected(&self, what: &str) -> String {
        match self.tokens.get(self.next) {
            Some((at, word)) => {
                let column = self.text.get(..*at).map_or(0, |before| before.chars().count()).saturating_add(1);
                format!("filter, position {column}: expected {what}, found {word:?}")
            }
            None => format!("filter: expected {what} at the end of {:?}", self.text),
        }
    }

    fn any(&mut self, depth: usize) -> Result<Node, String> {
        let mut parts = vec![self.all(depth)?];
        while self.take(&["or", "||"]) {
            parts.push(self.all(depth)?);
        }
        Ok(if parts.len() > 1 { Node::Or(parts) } else { parts.remove(0) })
    }

    fn all(&mut self, depth: usize) -> Result<Node, String> {
        let mut parts = vec![self.one(depth)?];
        while self.take(&["and", "&&"]) {
            parts.push(self.one(depth)?);
        }
        Ok(if parts.len() > 1 { Node::And(parts) } else { parts.remove(0) })
    }

    fn one(&mut self, depth: usize) -> Result<Node, String> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(self.expected(&format!("at most {DEPTH} levels of parentheses and not")));
        };
        if self.take(&["not", "!"]) {
            return Ok(Node::Not(Box::new(self.one(depth)?)));
        }
        if self.take(&["("]) {
            let inner = self.any(depth)?;
            return if self.take(&[")"]) { Ok(inner) } else { Err(self.expected("and, or, or )")) };
        }
        let side = match () {
            () if self.take(&["src"]) => Side::Source,
            () if self.take(&["dst"]) => Side::Destination,
            () => Side::Either,
        };
        if self.take(&["host"]) {
            let host = |word: &str| if word.contains('/') { None } else { Network::parse(word).ok() };
            return self
                .value("an address like 10.0.0.1 after host (a network takes net)", host, |n| Node::Net(side, n));
        }
        if self.take(&["net"]) {
            let net = |word: &str| Network::parse(word).ok();
            return self.value("a network like 10.0.0.0/8 after net", net, |n| Node::Net(side, n));
        }
        if self.take(&["port"]) {
            return self.value("a port or range like 502 or 500-510 after port", ports, |p| Node::Port(side, p.0, p.1));
        }
        if side != Side::Either {
            return Err(self.expected("host, net or port after src or dst"));
        }
        if self.take(&["vlan"]) {
            let vlan = |word: &str| word.parse().ok().filter(|id: &u16| *id < 4096);
            return self.value("a VLAN id from 0 to 4095 after vlan", vlan, Node::Vlan);
        }
        if self.take(&["protocol"]) {
            let own = protocol::all().map(|protocol| protocol.name).filter(|name| !LOWER.contains(name));
            let names: Vec<&str> = LOWER.into_iter().chain(own).collect();
            let wanted = format!("{} after protocol", names.join(", "));
            return self.value(&wanted, protocol, |node| node);
        }
        Err(self.expected(WORDS))
    }

    fn value<T>(
        &mut self,
        wanted: &str,
        read: impl Fn(&str) -> Option<T>,
        make: impl Fn(T) -> Node,
    ) -> Result<Node, String> {
        match self.peek().and_then(read) {
            Some(value) => {
                self.next = self.next.saturating_add(1);
                Ok(make(value))
            }
            None => Err(self.expected(wanted)),
        }
    }
}

fn ports(word: &str) -> Option<(u16, u16)> {
    let (low, high) = word.split_once('-').unwrap_or((word, word));
    let range = (low.parse().ok()?, high.parse().ok()?);
    (range.0 <= range.1).then_some(range)
}

/// Names that frames are told by, not their well-known ports.
const LOWER: [&str; 4] = ["tcp", "udp", "icmp", "arp"];

fn protocol(word: &str) -> Option<Node> {
    match word {
        "tcp" => Some(Node::Transport(&[6])),
        "udp" => Some(Node::Transport(&[17])),
        "icmp" => Some(Node::Transport(&[1, 58])),
        "arp" => Some(Node::Ethertype(0x0806)),
        name => protocol::place(name).map(Node::Application),
    }
}
