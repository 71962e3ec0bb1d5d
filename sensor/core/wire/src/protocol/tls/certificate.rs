//! A chain of certificates: what the first says about its owner. RFC 5246 7.4.2.

use super::fields::*;
use crate::cursor::{Cursor, Short};
use crate::limits::{LIST_VALUES, TEXT_BYTES};
use crate::remote_tools;
use crate::value::{Record, Value};
use crate::x509;

/// `now_ns`: the time that the certificates have to be valid at.
pub fn read(cursor: &mut Cursor<'_>, now_ns: u64, record: &mut Record) -> Result<(), Short> {
    let length = usize::try_from(cursor.u24_be()?).unwrap_or(usize::MAX);
    let mut chain = Cursor::new(cursor.take(length)?);
    let mut count = 0u64;
    while !chain.is_empty() && count < LIST_VALUES as u64 {
        let length = usize::try_from(chain.u24_be()?).unwrap_or(usize::MAX);
        let certificate = chain.take(length)?;
        if count == 0 && describe(certificate, now_ns, record).is_err() {
            record.flaw(flaw::CERTIFICATE);
        }
        count = count.saturating_add(1);
    }
    // None at all is how a client without one answers.
    record.set_u(CERTIFICATES, count);
    Ok(())
}

fn describe(bytes: &[u8], now_ns: u64, record: &mut Record) -> Result<(), Short> {
    let certificate = x509::certificate(bytes)?;
    for (slot, name) in [(SUBJECT, certificate.subject), (ISSUER, certificate.issuer)] {
        let text = record.write_text(|out| x509::write_name(out, name));
        record.set(slot, Value::Text(text));
        if slot == SUBJECT {
            if let Some(tool) = remote_tools::by_certificate(record.text(text).as_bytes()) {
                record.set(REMOTE_TOOL, Value::Name(tool));
                record.set(REMOTE_TOOL_BY, Value::Name("certificate"));
            }
        }
    }
    for (slot, time) in [(NOT_BEFORE, certificate.not_before), (NOT_AFTER, certificate.not_after)] {
        if let Some(time) = time {
            record.set_u(slot, time);
        }
    }
    // RFC 5280 4.1.2.5: both ends belong to it. A packet without a time says nothing.
    if let (Some(until), 1..) = (certificate.not_after, now_ns) {
        record.set(EXPIRED, Value::Bool(now_ns > until));
    }
    let serial = certificate.serial.strip_prefix(&[0]).filter(|rest| !rest.is_empty()).unwrap_or(certificate.serial);
    let digits = record.write_text(|out| {
        for byte in serial.iter().take(TEXT_BYTES / 2) {
            out.extend(
                [byte >> 4, byte & 0x0f].map(|digit| b"0123456789abcdef".get(usize::from(digit)).map_or(b'0', |d| *d)),
            );
        }
    });
    record.set(SERIAL, Value::Text(digits));
    record.set(SELF_SIGNED, Value::Bool(certificate.subject == certificate.issuer));
    Ok(())
}
