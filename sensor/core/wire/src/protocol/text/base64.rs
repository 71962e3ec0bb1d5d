//! Base64 (RFC 4648, 4) of what is short: logins.

/// Bytes that are decoded; no user and password of ours are longer.
const MOST: usize = 768;

/// Decoded on the stack, and gone with it: it may hold a password.
pub struct Decoded {
    bytes: [u8; MOST],
    len: usize,
}

impl Decoded {
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// `None`: not base64, or too long.
pub fn decode(text: &[u8]) -> Option<Decoded> {
    let mut decoded = Decoded { bytes: [0; MOST], len: 0 };
    let text = text.trim_ascii();
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let text = text.get(..text.len().saturating_sub(padding))?;
    for group in text.chunks(4) {
        let mut bits = 0u32;
        for byte in group {
            bits = bits << 6 | six(*byte)?;
        }
        // Two letters make one byte, three two, four three.
        let count = group.len().checked_sub(1).filter(|count| *count > 0)?;
        let [_, triple @ ..] = match count {
            1 => bits << 12,
            2 => bits << 6,
            _ => bits,
        }
        .to_be_bytes();
        for byte in triple.iter().take(count) {
            *decoded.bytes.get_mut(decoded.len)? = *byte;
            decoded.len = decoded.len.saturating_add(1);
        }
    }
    Some(decoded)
}

fn six(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => u32::from(byte.wrapping_sub(b'A')),
        b'a'..=b'z' => u32::from(byte.wrapping_sub(b'a')).wrapping_add(26),
        b'0'..=b'9' => u32::from(byte.wrapping_sub(b'0')).wrapping_add(52),
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard() {
        for (text, wanted) in
            [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"), ("Zm9vYmFy", "foobar")]
        {
            assert_eq!(decode(text.as_bytes()).map(|decoded| decoded.bytes().to_vec()), Some(wanted.into()), "{text}");
        }
        for broken in ["Z", "Zm9v!", "Zm9vY"] {
            assert!(decode(broken.as_bytes()).is_none(), "{broken}");
        }
        assert!(decode(&[b'A'; 4096]).is_none());
    }
}
