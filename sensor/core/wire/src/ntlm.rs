//! Who logs in by NTLM. [MS-NLMP] 2.2.1: three messages inside whatever carries a login (SMB, HTTP, TDS, RDP).

use crate::cursor::{Cursor, Short};

const SIGNATURE: &[u8] = b"NTLMSSP\0";
/// [MS-NLMP] 2.2.2.5: texts are in units of 16 bits.
const UNICODE: u32 = 1;

/// One text: its bytes, and whether they are in units of 16 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Words<'a> {
    pub bytes: &'a [u8],
    pub wide: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ntlm<'a> {
    Negotiate,
    Challenge { target: Words<'a> },
    Authenticate { domain: Words<'a>, user: Words<'a>, workstation: Words<'a> },
}

impl<'a> Words<'a> {
    /// Append it as UTF-8.
    pub fn write(&self, out: &mut Vec<u8>) {
        if self.wide {
            crate::wide::write(out, self.bytes);
        } else {
            out.extend_from_slice(self.bytes.get(..crate::limits::TEXT_BYTES).unwrap_or(self.bytes));
        }
    }
}

/// The first NTLM message among these bytes; `None`: there is none (a ticket, for one).
pub fn find(token: &[u8]) -> Option<Result<Ntlm<'_>, Short>> {
    let at = memchr::memmem::find(token, SIGNATURE)?;
    Some(read(token.get(at..).unwrap_or_default()))
}

fn read(message: &[u8]) -> Result<Ntlm<'_>, Short> {
    let at = |offset: usize| Cursor::new(message.get(offset..).unwrap_or_default());
    let flags = |offset: usize| at(offset).u32_le().map(|flags| flags & UNICODE != 0);
    let words = |offset: usize, wide: bool| {
        let mut field = at(offset);
        let (length, _room, begin) = (field.u16_le()?, field.u16_le()?, field.u32_le()?);
        if length == 0 {
            return Ok(Words { bytes: &[], wide });
        }
        at(begin as usize).take(length.into()).map(|bytes| Words { bytes, wide })
    };
    match at(SIGNATURE.len()).u32_le()? {
        1 => Ok(Ntlm::Negotiate),
        2 => Ok(Ntlm::Challenge { target: words(12, flags(20)?)? }),
        3 => {
            // The oldest clients end before their flags; they do not write in wide units.
            let wide = flags(60).unwrap_or(false);
            Ok(Ntlm::Authenticate { domain: words(28, wide)?, user: words(36, wide)?, workstation: words(44, wide)? })
        }
        _ => Err(Short),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_claims() {
        let mut message = b"NTLMSSP\0\x03\0\0\0".to_vec();
        message.resize(64, 0);
        assert!(matches!(find(&message), Some(Ok(Ntlm::Authenticate { .. }))));
        if let Some(length) = message.get_mut(36) {
            *length = 4;
        }
        assert!(matches!(find(&message), Some(Ok(Ntlm::Authenticate { user: Words { bytes: b"NTLM", .. }, .. }))));
        if let Some(offset) = message.get_mut(41) {
            *offset = 1;
        }
        assert_eq!(find(&message), Some(Err(Short)));
        assert_eq!((find(b"NTLMSSP\0"), find(b"NTLMSSP")), (Some(Err(Short)), None));
    }
}
