//! Certificates, as far as they tell whose they are. RFC 5280 4.1; ITU-T X.690 (02/2021).

mod owner;
mod time;

use crate::ber::{tag, Elements};
use crate::cursor::Short;
use crate::limits::TEXT_BYTES;
pub use owner::{first, owner, Owner};
use time::time;

const BMP_STRING: u32 = 0x1e;
const SET: u32 = 0x31;
/// `[0] EXPLICIT`: the version of a certificate.
const VERSION: u32 = 0xa0;

/// Who a certificate is about. Names are the content of an RDNSequence; times are nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate<'a> {
    pub serial: &'a [u8],
    pub issuer: &'a [u8],
    pub subject: &'a [u8],
    pub not_before: Option<u64>,
    pub not_after: Option<u64>,
}

/// RFC 5280 4.1: the fields of TBSCertificate up to the subject.
pub fn certificate(der: &[u8]) -> Result<Certificate<'_>, Short> {
    let whole = Elements::new(der).expect(tag::SEQUENCE)?;
    let mut body = Elements::new(Elements::new(whole).expect(tag::SEQUENCE)?);
    if body.peek() == Some(VERSION) {
        body.element()?;
    }
    let serial = body.expect(tag::INTEGER)?;
    body.expect(tag::SEQUENCE)?;
    let issuer = body.expect(tag::SEQUENCE)?;
    let mut validity = Elements::new(body.expect(tag::SEQUENCE)?);
    let subject = body.expect(tag::SEQUENCE)?;
    let (first, second) = (validity.element()?, validity.element()?);
    Ok(Certificate { serial, issuer, subject, not_before: time(&first), not_after: time(&second) })
}

/// Write a name as `CN=plc1, O=Plant`, in the order of the certificate; at most [`TEXT_BYTES`].
pub fn write_name(out: &mut Vec<u8>, name: &[u8]) {
    let begin = out.len();
    let mut sets = Elements::new(name);
    while let Ok(set) = sets.expect(SET) {
        let mut pairs = Elements::new(set);
        while let Ok(pair) = pairs.expect(tag::SEQUENCE) {
            let mut pair = Elements::new(pair);
            let (Ok(kind), Ok(value)) = (pair.expect(tag::OBJECT), pair.element()) else { break };
            if out.len() > begin {
                out.extend_from_slice(b", ");
            }
            out.extend_from_slice(attribute(kind).as_bytes());
            out.push(b'=');
            if value.tag == BMP_STRING {
                let units = value.content.chunks_exact(2).filter_map(|unit| unit.first_chunk::<2>());
                for found in char::decode_utf16(units.map(|unit| u16::from_be_bytes(*unit))) {
                    let found = found.unwrap_or(char::REPLACEMENT_CHARACTER);
                    out.extend_from_slice(found.encode_utf8(&mut [0; 4]).as_bytes());
                }
            } else {
                out.extend_from_slice(value.content);
            }
            if out.len().saturating_sub(begin) > TEXT_BYTES {
                return out.truncate(begin.saturating_add(TEXT_BYTES));
            }
        }
    }
}

/// Short names of RFC 4514 section 3; of X.520 beside them those that machines have.
fn attribute(identifier: &[u8]) -> &'static str {
    match identifier {
        [0x55, 4, 3] => "CN",
        [0x55, 4, 5] => "serialNumber",
        [0x55, 4, 6] => "C",
        [0x55, 4, 7] => "L",
        [0x55, 4, 8] => "ST",
        [0x55, 4, 9] => "STREET",
        [0x55, 4, 10] => "O",
        [0x55, 4, 11] => "OU",
        // 0.9.2342.19200300.100.1.25 and .1, RFC 4519 2.4 and 2.39; 1.2.840.113549.1.9.1, PKCS #9.
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] => "DC",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1] => "UID",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1] => "emailAddress",
        _ => "other",
    }
}
