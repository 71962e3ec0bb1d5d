//! Certificates and the encoding that they and SNMP are written in; what stands beside them in a login.

use wire::ber::{object, Elements};
use wire::ntlm::{self, Ntlm};
use wire::{limits, sql, x509};

/// Depth to which elements are looked into: far more than anybody nests them.
const DEPTH: usize = 32;

pub fn run(input: &[u8]) {
    let mut out = Vec::new();
    if let Ok(found) = x509::certificate(input) {
        for part in [found.serial, found.issuer, found.subject] {
            assert!(inside(part, input), "a part lies outside its certificate");
        }
        name(found.issuer, &mut out);
    }
    let owner = x509::owner(x509::first(input));
    for part in [owner.common_name, owner.uri, owner.dns].into_iter().flatten() {
        assert!(inside(part, input), "a part lies outside its certificate");
    }
    name(input, &mut out);
    elements(input, 0, &mut out);
    token(input, &mut out);
    assert!(!sql::keyword(input.iter().copied()).0.is_empty());
}

fn name(bytes: &[u8], out: &mut Vec<u8>) {
    out.clear();
    x509::write_name(out, bytes);
    assert!(out.len() <= limits::TEXT_BYTES, "a name of {} bytes", out.len());
}

fn token(input: &[u8], out: &mut Vec<u8>) {
    let words = match ntlm::find(input) {
        Some(Ok(Ntlm::Challenge { target })) => vec![target],
        Some(Ok(Ntlm::Authenticate { domain, user, workstation })) => vec![domain, user, workstation],
        _ => return,
    };
    for word in words {
        out.clear();
        word.write(out);
        assert!(out.len() <= 2 * limits::TEXT_BYTES, "a word of {} bytes", out.len());
    }
}

/// Walk all of it: each element lies in what is around it, and the walk comes to an end.
fn elements(bytes: &[u8], depth: usize, out: &mut Vec<u8>) {
    let mut all = Elements::new(bytes);
    let mut before = all.position();
    while let Ok(element) = all.element() {
        assert!(all.position() > before && all.position() <= bytes.len(), "no progress at {before}");
        assert!(inside(element.content, &bytes[before..all.position()]), "the content lies elsewhere");
        before = all.position();
        out.clear();
        // What could be read is there also where it ends early.
        let _ = object(element.content, out);
        assert!(out.is_ascii());
        if depth < DEPTH {
            elements(element.content, depth + 1, out);
        }
    }
}

/// Whether these bytes are a part of those, not only equal to one.
pub fn inside(part: &[u8], whole: &[u8]) -> bool {
    let (part, whole) = (part.as_ptr_range(), whole.as_ptr_range());
    part.start == part.end || (part.start >= whole.start && part.end <= whole.end)
}
