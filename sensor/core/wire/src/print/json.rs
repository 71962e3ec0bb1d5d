//! JSON as it is written: objects, strings, lists.

use std::net::IpAddr;

use super::digits::{address, decimal, timestamp};
use super::quoted;

/// A JSON object under construction.
pub struct Object<'a> {
    pub out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> Object<'a> {
    pub fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, first: true }
    }

    pub fn key(&mut self, name: &str) {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        string(self.out, name);
        self.out.push(b':');
    }

    pub fn text(&mut self, name: &str, text: &str) {
        self.key(name);
        string(self.out, text);
    }

    pub fn number(&mut self, name: &str, value: u64) {
        self.key(name);
        decimal(self.out, value);
    }

    pub fn timestamp(&mut self, name: &str, ts_ns: u64) {
        self.key(name);
        quoted(self.out, |out| timestamp(out, ts_ns));
    }

    pub fn address(&mut self, name: &str, ip: IpAddr) {
        self.key(name);
        quoted(self.out, |out| address(out, ip));
    }

    pub fn close(self) {
        self.out.push(b'}');
    }
}

pub fn list<T>(out: &mut Vec<u8>, items: impl Iterator<Item = T>, mut write: impl FnMut(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

/// Printable ASCII that stands for itself.
#[inline]
fn plain(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e) && byte != b'"' && byte != b'\\'
}

/// A JSON string. Control characters and the two line separators that break scripts are escaped.
pub fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    // No early end: the whole is looked at in steps of a register's width.
    if text.bytes().fold(true, |all, byte| all & plain(byte)) {
        out.extend_from_slice(text.as_bytes());
    } else {
        escaped(out, text);
    }
    out.push(b'"');
}

fn escaped(out: &mut Vec<u8>, text: &str) {
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(character)).as_bytes());
            }
            _ => {
                let mut buffer = [0u8; 4];
                out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_the_wire_cannot_break_out() {
        let mut out = Vec::new();
        string(&mut out, "a\"\\\n\u{1b}\u{2028}角");
        assert_eq!(String::from_utf8(out).unwrap(), "\"a\\\"\\\\\\n\\u001b\\u2028角\"");
    }
}
