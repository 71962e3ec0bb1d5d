//! What a certificate says of its owner, wherever in it that stands: RFC 5280 4.1, 4.2.1.6 (subject alternative name).
//!
//! A walk over what is there: each step goes on inside its own element, and ends with it.

use crate::ber::{tag, Element, Elements};

/// `[3]` of a certificate: its extensions.
const EXTENSIONS: u32 = 0xa3;
/// Of a general name: the kinds that are text.
const DNS_NAME: u32 = 0x82;
const URI: u32 = 0x86;

/// Object identifiers as their bytes: 2.5.29.17 and 2.5.4.3.
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// The elements one after the other, up to the first that is none.
fn elements(bytes: &[u8]) -> impl Iterator<Item = Element<'_>> {
    let mut elements = Elements::new(bytes);
    std::iter::from_fn(move || elements.element().ok().filter(|element| !element.cut))
}

fn of(bytes: &[u8], tag: u32) -> Option<&[u8]> {
    elements(bytes).find(|element| element.tag == tag).map(|element| element.content)
}

/// What a certificate says of its owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner<'a> {
    /// The last common name of the subject.
    pub common_name: Option<&'a [u8]>,
    /// The first URI and the first DNS name of the subject alternative name.
    pub uri: Option<&'a [u8]>,
    pub dns: Option<&'a [u8]>,
}

/// Bytes of the first certificate of a chain: the sender's own. All of them where it is not DER.
pub fn first(chain: &[u8]) -> &[u8] {
    let mut elements = Elements::new(chain);
    match elements.expect(tag::SEQUENCE) {
        Ok(_) => chain.get(..elements.position()).unwrap_or(chain),
        Err(_) => chain,
    }
}

/// ```text
/// Certificate { tbs { [0] version, serial, algorithm, issuer, validity, subject, key, …, [3] extensions }, … }
/// ```
pub fn owner(certificate: &[u8]) -> Owner<'_> {
    let mut owner = Owner::default();
    let Some(body) = of(certificate, tag::SEQUENCE).and_then(|whole| of(whole, tag::SEQUENCE)) else { return owner };
    // Of the sequences: algorithm, issuer, validity, subject.
    let subject = elements(body).filter(|element| element.tag == tag::SEQUENCE).nth(3);
    for set in subject.map(|subject| elements(subject.content)).into_iter().flatten() {
        let Some(pair) = of(set.content, tag::SEQUENCE) else { continue };
        let mut pair = elements(pair);
        if pair.next().is_some_and(|kind| kind.tag == tag::OBJECT && kind.content == COMMON_NAME) {
            owner.common_name = pair.next().map(|name| name.content);
        }
    }
    let extensions = of(body, EXTENSIONS).and_then(|list| of(list, tag::SEQUENCE)).unwrap_or_default();
    for extension in elements(extensions) {
        if of(extension.content, tag::OBJECT) != Some(ALTERNATIVE_NAME) {
            continue;
        }
        let names = of(extension.content, tag::OCTETS).and_then(|octets| of(octets, tag::SEQUENCE));
        owner.uri = names.and_then(|names| of(names, URI));
        owner.dns = names.and_then(|names| of(names, DNS_NAME));
    }
    owner
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u32, content: &[u8]) -> Vec<u8> {
        let mut out = vec![u8::try_from(tag).unwrap()];
        match u8::try_from(content.len()) {
            Ok(length) if length < 0x80 => out.push(length),
            _ => {
                out.push(0x82);
                out.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
            }
        }
        out.extend(content);
        out
    }

    fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
        element(tag::SEQUENCE, &parts.concat())
    }

    /// A certificate of plant "Pump house" with two names, and nothing else of interest.
    fn certificate() -> Vec<u8> {
        let name = |text: &[u8]| {
            let pair = sequence(&[element(tag::OBJECT, COMMON_NAME), element(0x0c, text)]);
            sequence(&[element(0x31, &pair)])
        };
        let names = sequence(&[element(DNS_NAME, b"plc7"), element(URI, b"urn:plc7:server")]);
        let usage = sequence(&[element(tag::OBJECT, &[0x55, 0x1d, 0x0f]), element(tag::OCTETS, &[3, 2, 7, 0x80])]);
        let alternative =
            sequence(&[element(tag::OBJECT, ALTERNATIVE_NAME), element(1, &[0xff]), element(tag::OCTETS, &names)]);
        let body = sequence(&[
            element(0xa0, &element(2, &[2])),
            element(2, &[7]),
            sequence(&[]),
            name(b"issuer"),
            sequence(&[]),
            name(b"Pump house"),
            sequence(&[element(3, &[0; 300])]),
            element(EXTENSIONS, &sequence(&[usage, alternative])),
        ]);
        sequence(&[body, sequence(&[]), element(3, &[0; 65])])
    }

    #[test]
    fn an_owner_is_found() {
        let certificate = certificate();
        let found = owner(&certificate);
        assert_eq!(found.common_name, Some(&b"Pump house"[..]));
        assert_eq!(found.uri, Some(&b"urn:plc7:server"[..]));
        assert_eq!(found.dns, Some(&b"plc7"[..]));
        let chain = [&certificate[..], &certificate].concat();
        assert_eq!(first(&chain), &certificate[..]);
        assert_eq!(first(b"certificate"), b"certificate");
    }

    #[test]
    fn broken_certificates_tell_less() {
        let certificate = certificate();
        for end in 0..certificate.len() {
            owner(&certificate[..end]);
            for value in [0, 0x7f, 0x80, 0x84, 0xff] {
                let mut broken = certificate.clone();
                broken[end] = value;
                owner(&broken);
                first(&broken);
            }
        }
        assert_eq!(owner(b"\x30\x80\x30\x80"), Owner::default());
    }
}
