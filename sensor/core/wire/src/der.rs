//! What is read of certificates: ITU-T X.690 (02/2021), 8.1 (identifier, length, contents); RFC 5280, 4.1 (the fields of
//! a certificate), 4.2.1.6 (subject alternative name).
//!
//! A walk over what is there, without building anything: each step goes on inside its own element, and ends with it.

/// One element: its identifier byte and its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    pub tag: u8,
    pub content: &'a [u8],
}

pub mod tag {
    pub const OCTETS: u8 = 0x04;
    pub const OBJECT: u8 = 0x06;
    pub const SEQUENCE: u8 = 0x30;
    /// `[3]` of a certificate: its extensions.
    pub const EXTENSIONS: u8 = 0xa3;
    /// Of a general name: the kinds that are text.
    pub const DNS_NAME: u8 = 0x82;
    pub const URI: u8 = 0x86;
}

/// Object identifiers as their bytes: 2.5.29.17 and 2.5.4.3.
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// Take the element at the front. `None` where it does not end within `bytes`, or is written in a way that DER forbids:
/// tags of several bytes, lengths that are not told.
pub fn take<'a>(bytes: &mut &'a [u8]) -> Option<Element<'a>> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    if tag & 0x1f == 0x1f {
        return None;
    }
    let mut length = usize::from(first);
    if first >= 0x80 {
        let (places, behind) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if places.is_empty() || places.len() > 4 {
            return None;
        }
        length = places.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        rest = behind;
    }
    let (content, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    Some(Element { tag, content })
}

/// The elements one after the other, up to the first that is none.
fn elements(mut bytes: &[u8]) -> impl Iterator<Item = Element<'_>> {
    std::iter::from_fn(move || take(&mut bytes))
}

fn of(bytes: &[u8], tag: u8) -> Option<&[u8]> {
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
    let mut rest = chain;
    match take(&mut rest) {
        Some(Element { tag: tag::SEQUENCE, .. }) => {
            chain.get(..chain.len().saturating_sub(rest.len())).unwrap_or(chain)
        }
        _ => chain,
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
    let extensions = of(body, tag::EXTENSIONS).and_then(|list| of(list, tag::SEQUENCE)).unwrap_or_default();
    for extension in elements(extensions) {
        if of(extension.content, tag::OBJECT) != Some(ALTERNATIVE_NAME) {
            continue;
        }
        let names = of(extension.content, tag::OCTETS).and_then(|octets| of(octets, tag::SEQUENCE));
        owner.uri = names.and_then(|names| of(names, tag::URI));
        owner.dns = names.and_then(|names| of(names, tag::DNS_NAME));
    }
    owner
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag];
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
        let names = sequence(&[element(tag::DNS_NAME, b"plc7"), element(tag::URI, b"urn:plc7:server")]);
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
            element(tag::EXTENSIONS, &sequence(&[usage, alternative])),
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
        assert_eq!(take(&mut &b"\x30\x85\0\0\0\0\x01x"[..]), None, "a length of five bytes");
        assert_eq!(take(&mut &b"\x1f\x01x"[..]), None);
    }
}
