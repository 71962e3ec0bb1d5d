//! Questions and records. RFC 1035 4.1.2, 4.1.3, 3.3; RFC 6891 6.1 (EDNS); RFC 2782 (SRV); RFC 1002 4.2.18 (NetBIOS).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::fields::{self, flaw};
use super::name::{self, Name};
use super::{names, Relative};
use crate::cursor::{Cursor, Short};
use crate::limits::LIST_VALUES;
use crate::print::{address, decimal};
use crate::value::{Record, Span, Value};

const OPT: u16 = 41;
/// The shortest question and record: the root's name behind the fields.
const QUESTION: usize = 5;
const RECORD: usize = 11;

/// A message and how far it was read.
pub struct Reading<'a> {
    pub message: &'a [u8],
    pub at: usize,
    pub relative: Relative,
}

/// The first question's type.
pub fn questions(reading: &mut Reading<'_>, count: u16, record: &mut Record) -> Result<Option<u16>, Short> {
    let most = room(reading, count, QUESTION, record);
    let [mut names, mut kinds, mut kind_names, mut classes] = [(); 4].map(|()| record.reserve(most));
    let (mut length, mut longest, mut first) = (0, 0, None);
    let mut result = Ok(());
    for number in 0..most {
        let Some((text, told, [kind, class])) = question(reading, record) else {
            result = Err(Short);
            break;
        };
        (length, longest) = (told.length.max(length), told.longest.max(longest));
        if first.is_none() && reading.relative == Relative::Unicast {
            domain(text, record);
        }
        first = first.or(Some(kind));
        // The top bit asks for an answer to the asker alone (RFC 6762 5.4).
        let class = if reading.relative == Relative::Multicast { class & 0x7fff } else { class };
        let kind_name = names::kind(reading.relative, kind);
        for (list, value) in [
            (&mut names, Value::Text(text)),
            (&mut kinds, Value::Unsigned(kind.into())),
            (&mut kind_names, Value::Name(kind_name)),
            (&mut classes, Value::Unsigned(class.into())),
        ] {
            list.len = u32::try_from(number).unwrap_or(0);
            record.put(*list, value);
            list.len = list.len.saturating_add(1);
        }
    }
    if first.is_some() {
        record.set(fields::QUESTION, Value::List(names));
        record.set(fields::QUESTION_TYPE, Value::List(kinds));
        record.set(fields::QUESTION_TYPE_NAME, Value::List(kind_names));
        record.set(fields::QUESTION_CLASS, Value::List(classes));
        record.set_u(fields::QUESTION_LENGTH, length as u64);
        record.set_u(fields::QUESTION_LABEL, longest as u64);
    }
    result.map(|()| first)
}

/// Whose name it is, as far as names tell: the last two labels, or three where the last is a country's and the one before
/// too short to be anybody's own (`com.cn`, `co.uk`). A part of the text of the name.
fn domain(name: Span, record: &mut Record) {
    let text = record.text(name);
    let mut labels = text.rmatch_indices('.').map(|(at, _)| at.saturating_add(1));
    let (last, second, third) = (labels.next(), labels.next(), labels.next());
    let start = match (last, second) {
        (Some(last), Some(second)) if text.len().saturating_sub(last) == 2 && last.saturating_sub(second) <= 4 => third,
        (_, second) => second,
    };
    let start = start.unwrap_or(0);
    let whole = Span::new((name.start as usize).saturating_add(start), text.len().saturating_sub(start));
    record.set(fields::DOMAIN, Value::Text(whole));
}

fn question(reading: &mut Reading<'_>, record: &mut Record) -> Option<(Span, Name, [u16; 2])> {
    let (text, told) = owner(reading, record)?;
    let mut cursor = Cursor::new(reading.message.get(told.end..)?);
    let both = [cursor.u16_be().ok()?, cursor.u16_be().ok()?];
    reading.at = told.end.saturating_add(cursor.position());
    Some((text, told, both))
}

fn owner(reading: &Reading<'_>, record: &mut Record) -> Option<(Span, Name)> {
    let mut told = None;
    let text = record.write_text(|out| told = name::read(reading.message, reading.at, reading.relative.style(), out));
    if told.is_none() {
        record.flaw(flaw::NAME);
    }
    let told = told?;
    record.flaws |= told.flaws;
    Some((text, told))
}

/// How many of `count` entries can be there and are listed.
fn room(reading: &Reading<'_>, count: u16, shortest: usize, record: &mut Record) -> usize {
    let count = usize::from(count);
    let fit = reading.message.len().saturating_sub(reading.at).checked_div(shortest).unwrap_or(0);
    if count > fit {
        record.flaw(flaw::COUNT);
    }
    if count.min(fit) > LIST_VALUES {
        record.flaw(flaw::MANY);
    }
    count.min(fit).min(LIST_VALUES)
}

/// Type, class, time to live and where the data stands.
struct Head {
    kind: u16,
    class: u16,
    ttl: u32,
    start: usize,
    end: usize,
}

fn head(reading: &mut Reading<'_>, at: usize) -> Result<Head, Short> {
    let mut cursor = Cursor::new(reading.message.get(at..).ok_or(Short)?);
    let (kind, class, ttl) = (cursor.u16_be()?, cursor.u16_be()?, cursor.u32_be()?);
    let length = usize::from(cursor.u16_be()?);
    let start = at.saturating_add(cursor.position());
    cursor.skip(length)?;
    let end = start.saturating_add(length);
    reading.at = end;
    Ok(Head { kind, class, ttl, start, end })
}

/// A section whose records are of no further interest, but for the one that extends the header.
pub fn pass(reading: &mut Reading<'_>, count: u16, record: &mut Record) -> Result<(), Short> {
    for _ in 0..count {
        let Some(end) = name::skip(reading.message, reading.at) else {
            record.flaw(if reading.at >= reading.message.len() { flaw::COUNT } else { flaw::NAME });
            return Err(Short);
        };
        let head = head(reading, end).inspect_err(|Short| record.flaw(flaw::COUNT))?;
        if head.kind == OPT {
            extend(&head, record);
        }
    }
    Ok(())
}

/// RFC 6891 6.1.3: the upper bits of the response code, a version and a flag where others have their time to live.
fn extend(head: &Head, record: &mut Record) {
    if record.get(fields::EDNS_SIZE).is_some() {
        return;
    }
    let [upper, version, flags, _] = head.ttl.to_be_bytes();
    record.set_u(fields::EDNS_SIZE, head.class);
    record.set_u(fields::EDNS_VERSION, version);
    if let Some(Value::List(mut named)) = record.get(fields::FLAGS).filter(|_| flags & 0x80 != 0) {
        record.put(named, Value::Name("DO"));
        named.len = named.len.saturating_add(1);
        record.set(fields::FLAGS, Value::List(named));
    }
    if let Some(Value::Unsigned(code)) = record.get(fields::RESPONSE).filter(|_| upper != 0) {
        record.set_u(fields::RESPONSE, u64::from(upper) << 4 | code & 15);
    }
}

/// A section that is listed: names, types, data.
pub fn list(reading: &mut Reading<'_>, count: u16, record: &mut Record) -> Result<(), Short> {
    let most = room(reading, count, RECORD, record);
    let [mut names, mut kinds, mut kind_names, mut times, mut data] = [(); 5].map(|()| record.reserve(most));
    let mut resolved = record.reserve(most);
    resolved.len = 0;
    let (mut listed, mut text_bytes) = (0u32, None);
    let mut result = Ok(());
    for _ in 0..most {
        let Some((text, head)) =
            owner(reading, record).and_then(|(text, told)| Some((text, head(reading, told.end).ok()?)))
        else {
            record.flaw(flaw::COUNT);
            result = Err(Short);
            break;
        };
        if head.kind == OPT {
            extend(&head, record);
        }
        if matches!(head.kind, 10 | 16) {
            let bytes = head.end.saturating_sub(head.start) as u64;
            text_bytes = Some(text_bytes.unwrap_or(0u64).saturating_add(bytes));
        }
        let (told, found) = content(reading, &head, record);
        if let Some(found) = found.filter(|_| (resolved.len as usize) < most) {
            record.put(resolved, Value::Ip(found));
            resolved.len = resolved.len.saturating_add(1);
        }
        for (list, value) in [
            (&mut names, Value::Text(text)),
            (&mut kinds, Value::Unsigned(head.kind.into())),
            (&mut kind_names, Value::Name(names::kind(reading.relative, head.kind))),
            (&mut times, Value::Unsigned(head.ttl.into())),
            (&mut data, Value::Text(told)),
        ] {
            list.len = listed;
            record.put(*list, value);
            list.len = list.len.saturating_add(1);
        }
        listed = listed.saturating_add(1);
    }
    if listed > 0 {
        record.set(fields::ANSWER, Value::List(names));
        record.set(fields::ANSWER_TYPE, Value::List(kinds));
        record.set(fields::ANSWER_TYPE_NAME, Value::List(kind_names));
        record.set(fields::ANSWER_TTL, Value::List(times));
        record.set(fields::ANSWER_DATA, Value::List(data));
    }
    if resolved.len > 0 {
        record.set(fields::RESOLVED, Value::List(resolved));
    }
    if let Some(bytes) = text_bytes {
        record.set_u(fields::TEXT_BYTES, bytes);
    }
    result
}

/// A record's data as text, and the address that it is. Of texts only how long they are is told: they carry anything.
fn content(reading: &Reading<'_>, head: &Head, record: &mut Record) -> (Span, Option<IpAddr>) {
    let data = reading.message.get(head.start..head.end).unwrap_or_default();
    let netbios = reading.relative == Relative::NetBios;
    let (mut found, mut flaws, mut well) = (None, 0, true);
    let text = record.write_text(|out| match head.kind {
        // A deletion by update has no data (RFC 2136 2.5.2).
        _ if data.is_empty() => {}
        1 => match <[u8; 4]>::try_from(data) {
            Ok(bytes) => found = Some(Ipv4Addr::from(bytes).into()),
            Err(_) => well = false,
        },
        28 => match <[u8; 16]>::try_from(data) {
            Ok(bytes) => found = Some(Ipv6Addr::from(bytes).into()),
            Err(_) => well = false,
        },
        0x20 if netbios => match Cursor::new(data).array::<6>() {
            Ok([_, _, a, b, c, d]) => found = Some(Ipv4Addr::new(a, b, c, d).into()),
            Err(Short) => well = false,
        },
        0x21 if netbios => well = status(data, out).is_ok(),
        2 | 5 | 6 | 12 | 39 => well = named(reading, head, 0, out, &mut flaws),
        15 | 36 => {
            if let Ok(preference) = Cursor::new(data).u16_be() {
                decimal(out, preference.into());
                out.push(b' ');
            }
            well = named(reading, head, 2, out, &mut flaws);
        }
        33 => {
            well = named(reading, head, 6, out, &mut flaws);
            if let Some([high, low]) = data.get(4..6).and_then(|port| <[u8; 2]>::try_from(port).ok()) {
                out.push(b':');
                decimal(out, u16::from_be_bytes([high, low]).into());
            }
        }
        _ => {}
    });
    record.flaws |= flaws;
    if !well {
        record.flaw(flaw::DATA);
    }
    match found {
        Some(ip) => (record.write_text(|out| address(out, ip)), found),
        None => (text, None),
    }
}

/// A name in a record's data, behind `offset` bytes; it must end where the data does, but for the start of authority.
fn named(reading: &Reading<'_>, head: &Head, offset: usize, out: &mut Vec<u8>, flaws: &mut u64) -> bool {
    let style = match reading.relative.style() {
        name::Style::NetBios => name::Style::Host,
        other => other,
    };
    let Some(start) = head.start.checked_add(offset).filter(|start| *start < head.end) else { return false };
    let Some(told) = name::read(reading.message, start, style, out) else { return false };
    *flaws |= told.flaws;
    told.end == head.end || (head.kind == 6 && told.end < head.end)
}

/// RFC 1002 4.2.18: the names that a station has, each of 16 bytes and two of flags.
fn status(data: &[u8], out: &mut Vec<u8>) -> Result<(), Short> {
    let mut cursor = Cursor::new(data);
    for number in 0..cursor.u8()? {
        let plain = cursor.array::<16>()?;
        cursor.skip(2)?;
        if number > 0 {
            out.push(b' ');
        }
        name::spell(&plain, out);
    }
    Ok(())
}
