//! The compiled table's bytes: little-endian, every text once, rows in canonical order.
//!
//! ```text
//! "OTUSBASE" | version u16 | learned 6 × u64
//! texts:      count u32, then each: length u32, UTF-8           sorted
//! assets:     count u32, then each: segment, ip, roles u8, MACs
//! links:      count u32, then each: segment, client, server, protocol, first, last, messages,
//!             operations, objects, polls, orders                each: count u32, then rows
//! ```
//! A text is its number (u32); an address is 4 or 6, then 4 or 16 bytes; a place of an order is 0 (unknown), 1 (start), or
//! 2 and the class, then the code (u32). Version 2 had no orders.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::table::{Asset, Learned, Link, Objects, Operation, Order, Place, Poll, Table};
use crate::cursor::{Cursor, Short};
use crate::hash::Map;
use crate::value::Class;

const MAGIC: &[u8; 8] = b"OTUSBASE";
pub const VERSION: u16 = 3;
const WITHOUT_ORDERS: u16 = 2;
/// Versions that are read.
pub const READS: [u16; 2] = [WITHOUT_ORDERS, VERSION];

/// Write a canonical table.
pub fn encode(table: &Table<'_>) -> Vec<u8> {
    let mut texts: Vec<&str> = Vec::new();
    for asset in &table.assets {
        texts.push(&asset.segment);
    }
    for link in &table.links {
        texts.extend([link.segment.as_ref(), link.protocol.as_ref()]);
        texts.extend(link.operations.iter().map(|row| row.name.as_ref()));
        for objects in &link.objects {
            texts.push(&objects.space);
            texts.extend(objects.names.iter().map(AsRef::as_ref));
        }
        texts.extend(link.polls.iter().flat_map(|poll| [poll.space.as_ref(), poll.name.as_ref()]));
    }
    texts.sort_unstable();
    texts.dedup();
    let mut out = Writer { bytes: Vec::new(), numbers: Map::default() };
    out.bytes.extend_from_slice(MAGIC);
    out.bytes.extend_from_slice(&VERSION.to_le_bytes());
    let learned = &table.learned;
    for number in [learned.from_ns, learned.to_ns, learned.messages] {
        out.u64(number);
    }
    for number in [learned.not_learned, learned.gaps_closed, learned.polls_without_period] {
        out.u64(number);
    }
    out.rows(&texts, |out, text| {
        out.u32(u32::try_from(text.len()).unwrap_or(u32::MAX));
        out.bytes.extend_from_slice(text.as_bytes());
    });
    out.numbers = texts.iter().zip(0u32..).map(|(text, number)| (*text, number)).collect();
    out.rows(&table.assets, |out, asset| {
        out.text(&asset.segment);
        out.ip(asset.ip);
        out.bytes.push(asset.roles);
        out.rows(&asset.macs, |out, mac| out.bytes.extend_from_slice(mac));
    });
    out.rows(&table.links, Writer::link);
    out.bytes
}

struct Writer<'t> {
    bytes: Vec<u8>,
    numbers: Map<&'t str, u32>,
}

impl<'t> Writer<'t> {
    fn u32(&mut self, number: u32) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    fn u64(&mut self, number: u64) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        let number = self.numbers.get(text).copied().unwrap_or(u32::MAX);
        self.u32(number);
    }

    fn ip(&mut self, ip: IpAddr) {
        match ip {
            IpAddr::V4(four) => {
                self.bytes.push(4);
                self.bytes.extend_from_slice(&four.octets());
            }
            IpAddr::V6(six) => {
                self.bytes.push(6);
                self.bytes.extend_from_slice(&six.octets());
            }
        }
    }

    fn rows<T>(&mut self, rows: &'t [T], mut write: impl FnMut(&mut Self, &'t T)) {
        self.u32(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        for row in rows {
            write(self, row);
        }
    }

    fn link(&mut self, link: &'t Link<'_>) {
        self.text(&link.segment);
        self.ip(link.client);
        self.ip(link.server);
        self.text(&link.protocol);
        for number in [link.first_ns, link.last_ns, link.messages] {
            self.u64(number);
        }
        self.rows(&link.operations, |out, row| {
            out.u32(row.code);
            out.text(&row.name);
            out.bytes.push(row.class as u8);
            out.u64(row.count);
        });
        self.rows(&link.objects, |out, row| {
            out.bytes.push(row.class as u8);
            out.text(&row.space);
            out.u32(row.index);
            out.rows(&row.stretches, |out, stretch| {
                out.u64(stretch.0);
                out.u64(stretch.1);
            });
            out.rows(&row.names, |out, name| out.text(name));
        });
        self.rows(&link.polls, Self::poll);
        self.rows(&link.orders, |out, order| {
            [order.before, order.last, order.next].into_iter().for_each(|place| out.place(place));
            out.u64(order.count);
            out.u32(order.occasions);
            out.bytes.push(u8::from(order.late));
        });
    }

    fn place(&mut self, place: Place) {
        match place {
            Place::Unknown => self.bytes.push(0),
            Place::Start => self.bytes.push(1),
            Place::Operation { code, class } => {
                self.bytes.push((class as u8).saturating_add(2));
                self.u32(code);
            }
        }
    }

    fn poll(&mut self, poll: &'t Poll<'_>) {
        self.u32(poll.operation);
        self.bytes.push(poll.class as u8);
        self.u64(poll.identity);
        self.text(&poll.space);
        self.u32(poll.index);
        self.u64(poll.start);
        self.u64(poll.end);
        self.text(&poll.name);
        self.u64(poll.samples);
        for number in [poll.period_us, poll.spread_us, poll.low_us, poll.high_us, poll.stopped_us] {
            self.u32(number);
        }
        self.bytes.extend_from_slice(&[poll.changed_from, poll.irregular_from]);
    }
}

/// Read a compiled table. Whatever the bytes are, the answer is a canonical table or one line that says what is wrong.
pub fn decode(bytes: &[u8]) -> Result<Table<'_>, String> {
    read(bytes, Reader::table)?.canonical().map_err(|error| format!("the baseline contradicts itself: {error}"))
}

/// Read all of a compiled table's bytes; errors become one line for people.
pub fn read<'a, T>(bytes: &'a [u8], content: impl FnOnce(&mut Reader<'a>) -> Read<T>) -> Result<T, String> {
    let mut reader = Reader { cursor: Cursor::new(bytes), texts: Vec::new(), orders: true };
    if reader.cursor.take(MAGIC.len()) != Ok(MAGIC) {
        return Err("this is not a compiled baseline; learn it again with: otus baseline learn".into());
    }
    match reader.cursor.u16_le() {
        Ok(VERSION) => {}
        Ok(WITHOUT_ORDERS) => reader.orders = false,
        Ok(version) => {
            let way_out = if version < VERSION { "learn it again with: otus baseline learn" } else { "upgrade" };
            return Err(format!("the baseline has format {version}, this version reads {VERSION}: {way_out}"));
        }
        Err(Short) => return Err("the baseline is cut off".into()),
    }
    let found = content(&mut reader).map_err(|error| match error {
        Flawed::Short => format!("the baseline is cut off or damaged ({} bytes)", bytes.len()),
        Flawed::Content(what) => format!("the baseline is damaged: {what} at byte {}", reader.cursor.position()),
    })?;
    if !reader.cursor.is_empty() {
        return Err(format!("the baseline is damaged: {} bytes follow its end", reader.cursor.remaining()));
    }
    Ok(found)
}

pub enum Flawed {
    Short,
    Content(&'static str),
}

impl From<Short> for Flawed {
    fn from(Short: Short) -> Self {
        Flawed::Short
    }
}

/// Reads rows from front to back. A copy of its cursor is a place to come back to.
pub struct Reader<'a> {
    pub cursor: Cursor<'a>,
    texts: Vec<&'a str>,
    /// Links have orders.
    orders: bool,
}

pub type Read<T> = Result<T, Flawed>;

/// What stands in front of a link's rows.
pub struct Head<'a> {
    pub segment: &'a str,
    pub client: IpAddr,
    pub server: IpAddr,
    pub protocol: &'a str,
    first_ns: u64,
    last_ns: u64,
    messages: u64,
}

impl<'a> Reader<'a> {
    /// How many rows follow. Every row takes at least one byte: a count beyond the bytes that are left is a lie.
    pub fn count(&mut self) -> Read<usize> {
        let count = self.cursor.u32_le()? as usize;
        if count > self.cursor.remaining() {
            return Err(Flawed::Short);
        }
        Ok(count)
    }

    /// As many rows as a count claims; memory grows with what is there.
    fn rows<T>(&mut self, mut read: impl FnMut(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        let mut rows = Vec::new();
        for _ in 0..self.count()? {
            rows.push(read(self)?);
        }
        Ok(rows)
    }

    pub fn text(&mut self) -> Read<&'a str> {
        let number = self.cursor.u32_le()? as usize;
        self.texts.get(number).copied().ok_or(Flawed::Content("a text that is not there"))
    }

    fn cow(&mut self) -> Read<Cow<'a, str>> {
        self.text().map(Cow::Borrowed)
    }

    fn ip(&mut self) -> Read<IpAddr> {
        Ok(match self.cursor.u8()? {
            4 => Ipv4Addr::from_bits(self.cursor.u32_be()?).into(),
            6 => {
                let (high, low) = (self.cursor.u64_be()?, self.cursor.u64_be()?);
                Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(low)).into()
            }
            _ => return Err(Flawed::Content("an address of no known kind")),
        })
    }

    fn class(&mut self) -> Read<Class> {
        let number = usize::from(self.cursor.u8()?);
        Class::ALL.get(number).copied().ok_or(Flawed::Content("an operation class of no known kind"))
    }

    /// Everything before the assets.
    pub fn front(&mut self) -> Read<Learned> {
        let learned = Learned {
            from_ns: self.cursor.u64_le()?,
            to_ns: self.cursor.u64_le()?,
            messages: self.cursor.u64_le()?,
            not_learned: self.cursor.u64_le()?,
            gaps_closed: self.cursor.u64_le()?,
            polls_without_period: self.cursor.u64_le()?,
        };
        self.texts = self.rows(|reader| {
            let length = reader.cursor.u32_le()? as usize;
            let bytes = reader.cursor.take(length)?;
            std::str::from_utf8(bytes).map_err(|_| Flawed::Content("a text that is not UTF-8"))
        })?;
        Ok(learned)
    }

    fn table(&mut self) -> Read<Table<'a>> {
        let learned = self.front()?;
        let assets = self.rows(Self::asset)?;
        let links = self.rows(Self::link)?;
        Ok(Table { learned, assets, links })
    }

    pub fn asset(&mut self) -> Read<Asset<'a>> {
        Ok(Asset {
            segment: self.cow()?,
            ip: self.ip()?,
            roles: self.cursor.u8()?,
            macs: self.rows(|reader| reader.cursor.take(6)?.first_chunk::<6>().copied().ok_or(Flawed::Short))?,
        })
    }

    pub fn head(&mut self) -> Read<Head<'a>> {
        Ok(Head {
            segment: self.text()?,
            client: self.ip()?,
            server: self.ip()?,
            protocol: self.text()?,
            first_ns: self.cursor.u64_le()?,
            last_ns: self.cursor.u64_le()?,
            messages: self.cursor.u64_le()?,
        })
    }

    fn link(&mut self) -> Read<Link<'a>> {
        let head = self.head()?;
        Ok(Link {
            segment: head.segment.into(),
            client: head.client,
            server: head.server,
            protocol: head.protocol.into(),
            first_ns: head.first_ns,
            last_ns: head.last_ns,
            messages: head.messages,
            operations: self.rows(Self::operation)?,
            objects: self.rows(|reader| {
                let (class, space, index) = reader.space()?;
                Ok(Objects {
                    class,
                    space: space.into(),
                    index,
                    stretches: reader.rows(Self::stretch)?,
                    names: reader.rows(Self::cow)?,
                })
            })?,
            polls: self.rows(Self::poll)?,
            orders: if self.orders { self.rows(Self::order)? } else { Vec::new() },
        })
    }

    /// How many rows of orders follow.
    pub fn orders(&mut self) -> Read<usize> {
        if self.orders {
            self.count()
        } else {
            Ok(0)
        }
    }

    pub fn order(&mut self) -> Read<Order> {
        Ok(Order {
            before: self.place()?,
            last: self.place()?,
            next: self.place()?,
            count: self.cursor.u64_le()?,
            occasions: self.cursor.u32_le()?,
            late: match self.cursor.u8()? {
                0 => false,
                1 => true,
                _ => return Err(Flawed::Content("neither late nor not")),
            },
        })
    }

    fn place(&mut self) -> Read<Place> {
        let class = match self.cursor.u8()? {
            0 => return Ok(Place::Unknown),
            1 => return Ok(Place::Start),
            class => Class::ALL.get(usize::from(class).saturating_sub(2)).copied(),
        };
        let class = class.ok_or(Flawed::Content("an operation class of no known kind"))?;
        Ok(Place::Operation { code: self.cursor.u32_le()?, class })
    }

    pub fn operation(&mut self) -> Read<Operation<'a>> {
        Ok(Operation {
            code: self.cursor.u32_le()?,
            name: self.cow()?,
            class: self.class()?,
            count: self.cursor.u64_le()?,
        })
    }

    /// What stands in front of stretches and names: class, name and number of their address space.
    pub fn space(&mut self) -> Read<(Class, &'a str, u32)> {
        Ok((self.class()?, self.text()?, self.cursor.u32_le()?))
    }

    pub fn stretch(&mut self) -> Read<(u64, u64)> {
        Ok((self.cursor.u64_le()?, self.cursor.u64_le()?))
    }

    pub fn poll(&mut self) -> Read<Poll<'a>> {
        Ok(Poll {
            operation: self.cursor.u32_le()?,
            class: self.class()?,
            identity: self.cursor.u64_le()?,
            space: self.cow()?,
            index: self.cursor.u32_le()?,
            start: self.cursor.u64_le()?,
            end: self.cursor.u64_le()?,
            name: self.cow()?,
            samples: self.cursor.u64_le()?,
            period_us: self.cursor.u32_le()?,
            spread_us: self.cursor.u32_le()?,
            low_us: self.cursor.u32_le()?,
            high_us: self.cursor.u32_le()?,
            stopped_us: self.cursor.u32_le()?,
            changed_from: self.cursor.u8()?,
            irregular_from: self.cursor.u8()?,
        })
    }
}
