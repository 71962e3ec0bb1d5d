//! From what a description says of framing to a frame.

use super::document::{self as written, Amount, Document, Order, Transport, Type};
use super::frame::{Check, Frame, Size};
use super::names::Names;
use super::number::Written;
use super::parts::Fixed;
use crate::limits::DESCRIBED_MESSAGE_BYTES;

/// Of messages that go on to their end: each new packet is looked through from the front.
const MOST_ENDED: usize = 8192;

/// # Errors
/// Says what is wrong with the framing.
pub fn compile(document: &Document, header: Fixed, names: &Names) -> Result<Frame, String> {
    let framing = &document.framing;
    let (start, end) = (digits(&framing.start)?, digits(&framing.end)?);
    let size = size(document, &header, names, start.len(), &end)?;
    let check = framing.check.as_ref().map(|given| check(given, document.order)).transpose()?;
    let width = check.as_ref().map_or(0, |check| check.written.width);
    let least = [start.len(), header.bytes, end.len(), width].into_iter().fold(0, usize::saturating_add);
    let allowed = if matches!(size, Size::Ended) { MOST_ENDED } else { DESCRIBED_MESSAGE_BYTES };
    let most = framing.most.unwrap_or(allowed);
    if most > allowed || least > most {
        return Err(format!("framing: a message has at most {allowed} bytes, and this one at least {least}"));
    }
    if let Size::Fixed(size) = size {
        if !(least.max(1)..=most).contains(&size) {
            return Err(format!("framing: size: a message has {least} to {most} bytes"));
        }
    }
    if check.as_ref().is_some_and(|check| check.behind_end && !matches!(size, Size::Ended)) {
        return Err("framing: check: behind_end goes with messages that go on to their end".to_owned());
    }
    if document.inside.is_none() && document.ports.is_empty() {
        return Err("ports: which ones do servers of this protocol have?".to_owned());
    }
    Ok(Frame { start, end, size, least: least.max(1), most, check })
}

fn size(document: &Document, header: &Fixed, names: &Names, start: usize, end: &[u8]) -> Result<Size, String> {
    let framing = &document.framing;
    match (&framing.length, framing.size) {
        (Some(_), Some(_)) => Err("framing: size or length, not both".to_owned()),
        (None, Some(size)) => Ok(Size::Fixed(size)),
        (Some(length), None) => {
            let (name, times, plus) = match length {
                Amount::Named(name) => (name, 1, 0),
                Amount::Reckoned(reckoned) => (&reckoned.field, reckoned.times, reckoned.plus),
                Amount::Number(_) => return Err("framing: length names a field; size is a number".to_owned()),
            };
            let found = header.numbers.get(name).filter(|_| names.unsigned(name).is_ok());
            let (at, written) =
                found.ok_or_else(|| format!("framing: length: {name} has no fixed place in the header"))?;
            Ok(Size::Counted {
                at: start.saturating_add(*at),
                written: *written,
                times: times.into(),
                plus: plus.into(),
            })
        }
        (None, None) if !end.is_empty() => Ok(Size::Ended),
        (None, None) if document.inside.is_some() || document.transports == [Transport::Udp] => Ok(Size::Datagram),
        (None, None) => {
            Err("framing: where does a message end: length, size or end? (only a datagram says it itself)".to_owned())
        }
    }
}

fn check(given: &written::Check, all: Order) -> Result<Check, String> {
    let bytes = given.kind.width();
    let kind = match bytes {
        1 => Type::U8,
        2 => Type::U16,
        _ => Type::U32,
    };
    let (kind, length) = if given.digits { (Type::Hex, Some(bytes.saturating_mul(2))) } else { (kind, None) };
    let written = Written::new(kind, given.order.unwrap_or(all), length).ok_or("framing: check: no such width")?;
    Ok(Check { kind: given.kind, from: given.from, written, behind_end: given.behind_end })
}

fn digits(text: &str) -> Result<Vec<u8>, String> {
    let plain: Vec<u8> = text.bytes().filter(|letter| *letter != b' ').collect();
    let (pairs, odd) = plain.as_chunks::<2>();
    let byte = |pair: &[u8; 2]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    bytes
        .filter(|bytes| odd.is_empty() && bytes.len() <= 16)
        .ok_or_else(|| format!("{text:?}: up to 16 bytes as hexadecimal digits"))
}
