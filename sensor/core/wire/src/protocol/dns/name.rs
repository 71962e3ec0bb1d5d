//! Domain names on the wire: labels, and pointers to labels that came before. RFC 1035 3.1, 4.1.4; RFC 1001 14.1.

use super::fields::flaw;

/// Bytes of a name, its lengths and the end among them (RFC 1035 3.1).
const NAME: usize = 255;

/// What reading a name told beside its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Name {
    /// Where the next field begins.
    pub end: usize,
    /// Bytes that it takes without pointers.
    pub length: usize,
    pub longest: usize,
    /// Bits of flaws.
    pub flaws: u64,
}

impl Name {
    fn flaw(&mut self, number: usize) {
        self.flaws |= 1u64 << number;
    }
}

/// How labels are written and what may stand in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Host,
    /// UTF-8 is allowed (RFC 6762 16, RFC 4795 2.4).
    Unicode,
    /// The first label is a name of 16 bytes in 32 letters.
    NetBios,
}

/// Append the name at `start` as text, `.` for the root. `None`: where it ends cannot be told.
///
/// Every pointer must lead before the labels that it stands behind, so each jump is nearer to the front: it ends.
pub fn read(message: &[u8], start: usize, style: Style, out: &mut Vec<u8>) -> Option<Name> {
    let mut name = Name { length: 1, ..Name::default() };
    let (mut at, mut run, mut first) = (start, start, true);
    loop {
        let length = *message.get(at)?;
        match length >> 6 {
            0 if length == 0 => {
                at = at.saturating_add(1);
                break;
            }
            0 => {
                let begin = at.saturating_add(1);
                at = begin.saturating_add(usize::from(length));
                let label = match message.get(begin..at) {
                    Some(label) => label,
                    None if name.end > 0 => {
                        name.flaw(flaw::NAME);
                        break;
                    }
                    None => return None,
                };
                name.length = name.length.saturating_add(label.len()).saturating_add(1);
                name.longest = name.longest.max(label.len());
                if name.length > NAME {
                    name.flaw(flaw::LONG);
                    if name.end > 0 {
                        break;
                    }
                    continue;
                }
                if !first {
                    out.push(b'.');
                }
                write(label, style, first, &mut name, out);
                first = false;
            }
            3 => {
                let low = *message.get(at.saturating_add(1))?;
                if name.end == 0 {
                    name.end = at.saturating_add(2);
                }
                let target = usize::from(u16::from_be_bytes([length & 0x3f, low]));
                if target >= run {
                    name.flaw(flaw::POINTER);
                    break;
                }
                (at, run) = (target, target);
            }
            _ if name.end > 0 => {
                name.flaw(flaw::NAME);
                break;
            }
            _ => return None,
        }
    }
    if first {
        out.push(b'.');
    }
    if name.end == 0 {
        name.end = at;
    }
    Some(name)
}

/// Where the name at `at` ends, without reading it.
pub fn skip(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = *message.get(at)?;
        at = match length >> 6 {
            0 if length == 0 => return Some(at.saturating_add(1)),
            0 => at.saturating_add(1).saturating_add(usize::from(length)),
            3 => return Some(at.saturating_add(2)).filter(|end| *end <= message.len()),
            _ => return None,
        };
    }
}

fn write(label: &[u8], style: Style, first: bool, name: &mut Name, out: &mut Vec<u8>) {
    if style == Style::NetBios && first {
        return match <&[u8; 32]>::try_from(label).ok().and_then(netbios) {
            Some(plain) => spell(&plain, out),
            None => {
                name.flaw(flaw::NETBIOS);
                escape(label, Style::Host, name, out);
            }
        };
    }
    escape(label, style, name, out);
}

/// RFC 1001 14.1: each half of a byte as a letter from A on.
fn netbios(label: &[u8; 32]) -> Option<[u8; 16]> {
    let mut plain = [0; 16];
    for (byte, pair) in plain.iter_mut().zip(label.chunks_exact(2)) {
        let [high, low] = *pair else { return None };
        let half = |letter: u8| letter.checked_sub(b'A').filter(|half| *half < 16);
        *byte = half(high)? << 4 | half(low)?;
    }
    Some(plain)
}

/// `HISTORIAN<20>`: fifteen bytes filled up with spaces, and what kind of service it is.
pub fn spell(plain: &[u8; 16], out: &mut Vec<u8>) {
    let [text @ .., suffix] = plain;
    let text = text.trim_ascii_end();
    for byte in text.iter().take_while(|byte| **byte != 0) {
        one(*byte, byte.is_ascii_graphic() || *byte == b' ', out);
    }
    out.push(b'<');
    crate::print::hex(out, &[*suffix]);
    out.push(b'>');
}

/// RFC 1035 5.1: a dot or backslash inside a label has a backslash, what cannot be printed stands as `\ddd`.
fn escape(label: &[u8], style: Style, name: &mut Name, out: &mut Vec<u8>) {
    let unicode = style == Style::Unicode && std::str::from_utf8(label).is_ok();
    for byte in label {
        let plain = byte.is_ascii_graphic() || (unicode && (*byte >= 0x80 || *byte == b' '));
        if !plain {
            name.flaw(flaw::LABEL);
        }
        one(*byte, plain, out);
    }
}

fn one(byte: u8, plain: bool, out: &mut Vec<u8>) {
    if !plain {
        let digit = |rest: u8| b'0'.saturating_add(rest % 10);
        return out.extend_from_slice(&[b'\\', digit(byte / 100), digit(byte / 10), digit(byte)]);
    }
    if matches!(byte, b'.' | b'\\') {
        out.push(b'\\');
    }
    out.push(byte);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(message: &[u8], start: usize, style: Style) -> Option<(String, Name)> {
        let mut out = Vec::new();
        read(message, start, style, &mut out).map(|name| (String::from_utf8_lossy(&out).into_owned(), name))
    }

    #[test]
    fn labels_pointers_and_escapes() {
        let message = b"\x03www\x07example\0\x04mail\xc0\x04\x03a.\x01\0\0";
        assert_eq!(text(message, 0, Style::Host).map(|(name, _)| name).as_deref(), Some("www.example"));
        let (name, told) = text(message, 13, Style::Host).unwrap_or_default();
        assert_eq!((name.as_str(), told.end, told.length, told.longest), ("mail.example", 20, 14, 7));
        let (name, told) = text(message, 20, Style::Host).unwrap_or_default();
        assert_eq!((name.as_str(), told.flaws), ("a\\.\\001", 1 << flaw::LABEL));
        assert_eq!(text(&[0], 0, Style::Host).map(|(name, _)| name).as_deref(), Some("."));
    }

    #[test]
    fn circles_end() {
        for message in [&[0xc0, 0][..], &[1, b'a', 0xc0, 0], &[0xc0, 9, 0], &[1, b'a', 0xc0, 2]] {
            let (_, told) = text(message, 0, Style::Host).unwrap_or_default();
            assert_eq!(told.flaws, 1 << flaw::POINTER, "{message:02x?}");
        }
        // Two pointers at each other.
        let (_, told) = text(&[0xc0, 2, 0xc0, 0], 2, Style::Host).unwrap_or_default();
        assert_eq!((told.flaws, told.end), (1 << flaw::POINTER, 4));
    }

    #[test]
    fn long_names_are_cut_and_their_end_is_found() {
        let mut message: Vec<u8> = (0..8).flat_map(|_| [&[63u8][..], &[b'x'; 63]].concat()).collect();
        message.push(0);
        let (name, told) = text(&message, 0, Style::Host).unwrap_or_default();
        assert_eq!((told.flaws, told.end, name.len()), (1 << flaw::LONG, message.len(), 191));
        assert_eq!(text(&[0x40, 1, 0], 0, Style::Host), None);
        assert_eq!((skip(&message, 0), skip(&[3, 1], 0), skip(&[0xc0], 0)), (Some(message.len()), None, None));
    }

    #[test]
    fn netbios_names() {
        let label = b"\x20EIEJFDFEEPFCEJEBEOCACACACACACACA\0";
        assert_eq!(text(label, 0, Style::NetBios).map(|(name, _)| name).as_deref(), Some("HISTORIAN<20>"));
        let (_, told) = text(b"\x03www\0", 0, Style::NetBios).unwrap_or_default();
        assert_eq!(told.flaws, 1 << flaw::NETBIOS);
    }
}
