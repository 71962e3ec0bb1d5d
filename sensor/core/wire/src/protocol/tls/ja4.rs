//! JA4, the fingerprint of a client's hello: FoxIO, "JA4: TLS Client Fingerprinting", technical details (2023–2025).
//! Of that family only this one is under a free licence (BSD-3-Clause), and only this one is here.

use sha2::{Digest, Sha256};

use crate::limits::TLS_HELLO_VALUES;

/// Numbers of a hello in order of arrival, without those that clients put in to keep servers tolerant.
#[derive(Debug)]
pub struct Numbers {
    values: [u16; TLS_HELLO_VALUES],
    count: usize,
    /// There were more.
    pub cut: bool,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { values: [0; TLS_HELLO_VALUES], count: 0, cut: false }
    }
}

impl Numbers {
    pub fn push(&mut self, value: u16) {
        if grease(value) {
            return;
        }
        match self.values.get_mut(self.count) {
            Some(place) => (*place, self.count) = (value, self.count.saturating_add(1)),
            None => self.cut = true,
        }
    }

    pub fn all(&self) -> &[u16] {
        self.values.get(..self.count).unwrap_or_default()
    }

    fn sorted(&mut self) -> &[u16] {
        let values = self.values.get_mut(..self.count).unwrap_or_default();
        values.sort_unstable();
        values
    }
}

/// RFC 8701 section 2: 0x0a0a, 0x1a1a, … 0xfafa.
pub fn grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// What the fingerprint is made of.
#[derive(Debug, Default)]
pub struct Hello<'a> {
    /// The highest supported version, or that of the hello.
    pub version: u16,
    pub named: bool,
    pub ciphers: Numbers,
    pub extensions: Numbers,
    pub signatures: Numbers,
    /// The first protocol asked for; empty: none was.
    pub alpn: &'a [u8],
}

const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;

impl Hello<'_> {
    /// Append the fingerprint.
    pub fn write(&mut self, out: &mut Vec<u8>) {
        let count = |numbers: &Numbers| numbers.all().len().min(99);
        out.push(b't');
        out.extend_from_slice(version(self.version));
        out.push(if self.named { b'd' } else { b'i' });
        for number in [count(&self.ciphers), count(&self.extensions)] {
            for digit in [number / 10, number % 10] {
                out.push(b'0'.saturating_add(u8::try_from(digit).unwrap_or(0)));
            }
        }
        out.extend_from_slice(&ends(self.alpn));
        out.push(b'_');
        hashed(out, self.ciphers.sorted(), &[]);
        out.push(b'_');
        let mut rest = Numbers::default();
        for extension in self.extensions.all().iter().filter(|number| !matches!(**number, SERVER_NAME | ALPN)) {
            rest.push(*extension);
        }
        hashed(out, rest.sorted(), self.signatures.all());
    }
}

fn version(code: u16) -> &'static [u8; 2] {
    match code {
        0x0304 => b"13",
        0x0303 => b"12",
        0x0302 => b"11",
        0x0301 => b"10",
        0x0300 => b"s3",
        0x0002 => b"s2",
        0xfeff => b"d1",
        0xfefd => b"d2",
        0xfefc => b"d3",
        _ => b"00",
    }
}

/// First and last character; where one is neither letter nor digit, first and last of the hexadecimal digits.
fn ends(text: &[u8]) -> [u8; 2] {
    match (text.first(), text.last()) {
        (Some(first), Some(last)) if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() => [*first, *last],
        (Some(first), Some(last)) => [nibble(first >> 4), nibble(last & 0x0f)],
        _ => *b"00",
    }
}

fn nibble(value: u8) -> u8 {
    if value < 10 { b'0' } else { b'a'.saturating_sub(10) }.saturating_add(value)
}

/// The first twelve digits of the hash of both lists, or zeros where the first has nothing.
fn hashed(out: &mut Vec<u8>, list: &[u16], behind: &[u16]) {
    if list.is_empty() {
        return out.extend_from_slice(b"000000000000");
    }
    let mut hash = Sha256::new();
    for (numbers, before) in [(list, b""), (behind, b"_")] as [(&[u16], &[u8]); 2] {
        for (place, number) in numbers.iter().enumerate() {
            hash.update(if place == 0 { before } else { b"," });
            let [high, low] = number.to_be_bytes();
            hash.update([nibble(high >> 4), nibble(high & 0x0f), nibble(low >> 4), nibble(low & 0x0f)]);
        }
    }
    for byte in hash.finalize().iter().take(6) {
        out.extend([nibble(byte >> 4), nibble(byte & 0x0f)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification, put in its original order with GREASE between.
    fn example() -> Hello<'static> {
        let mut hello = Hello { version: 0x0304, named: true, alpn: b"h2", ..Hello::default() };
        let ciphers = [
            0x8a8a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
            0x009d, 0x002f, 0x0035,
        ];
        let extensions = [
            0x0a0a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b,
            0xff01, 0x000b, 0x000a, 0x0015, 0xfafa,
        ];
        let signatures = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
        ciphers.into_iter().for_each(|number| hello.ciphers.push(number));
        extensions.into_iter().for_each(|number| hello.extensions.push(number));
        signatures.into_iter().for_each(|number| hello.signatures.push(number));
        hello
    }

    fn written(mut hello: Hello<'_>) -> String {
        let mut out = Vec::new();
        hello.write(&mut out);
        assert_eq!(out.len(), 36);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn the_published_examples_come_out() {
        assert_eq!(written(example()), "t13d1516h2_8daaf6152771_e5627efa2ab1");
        let unsigned = Hello { signatures: Numbers::default(), ..example() };
        assert_eq!(written(unsigned), "t13d1516h2_8daaf6152771_6d807ffa2a79");
        let nothing = Hello { version: 0x7f1c, ..Hello::default() };
        assert_eq!(written(nothing), "t00i000000_000000000000_000000000000");
    }

    #[test]
    fn the_protocol_asked_for_gives_two_characters() {
        for (alpn, wanted) in [
            (&b"h2"[..], b"h2"),
            (b"http/1.1", b"h1"),
            (b"a", b"aa"),
            (b"", b"00"),
            (&[0xab], b"ab"),
            (&[0xab, 0xcd], b"ad"),
            (&[0x30, 0xab], b"3b"),
            (&[0x30, 0x31, 0xab, 0xcd], b"3d"),
            (&[0x30, 0xab, 0xcd, 0x31], b"01"),
        ] {
            assert_eq!(&ends(alpn), wanted, "{alpn:?}");
        }
    }

    #[test]
    fn counts_end_at_99() {
        let mut hello = Hello { version: 0x0303, ..Hello::default() };
        (1..=120).for_each(|number| hello.ciphers.push(number));
        assert!(written(hello).starts_with("t12i990000_"));
    }
}
