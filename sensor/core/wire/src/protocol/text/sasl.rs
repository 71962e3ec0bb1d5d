//! Logins in base64 as SMTP, POP3 and IMAP carry them. RFC 4422; RFC 4616 (PLAIN); LOGIN was never more than a draft;
//! RFC 2195 (CRAM-MD5); RFC 2831 (DIGEST-MD5). XOAUTH2 is Google's and Microsoft's.

use super::word::Word;
use super::{base64, credentials, put, split};
use crate::site::Site;
use crate::value::Record;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mechanism {
    Plain,
    Login,
    Other,
}

/// A login under way: what the client sends next belongs to it.
#[derive(Debug)]
pub struct Sasl {
    mechanism: Mechanism,
    /// LOGIN: the user, until the password comes.
    user: Option<Vec<u8>>,
}

/// Bytes of a user name that are kept until the password comes.
pub const USER: usize = 128;

impl Sasl {
    /// `slot`: where the mechanism's name goes.
    pub fn begin(name: &[u8], slot: usize, record: &mut Record) -> Self {
        let name = Word::upper(name);
        put(record, slot, name.bytes());
        let mechanism = match name.bytes() {
            b"PLAIN" => Mechanism::Plain,
            b"LOGIN" => Mechanism::Login,
            _ => Mechanism::Other,
        };
        Self { mechanism, user: None }
    }

    /// One whose beginning nobody saw.
    pub fn unseen() -> Self {
        Self { mechanism: Mechanism::Other, user: None }
    }

    /// What the client says, in base64. Returns whether it could be read.
    pub fn line(&mut self, text: &[u8], record: &mut Record, site: &Site) -> bool {
        // `=` is an empty first answer, `*` gives up (RFC 4954 4).
        if matches!(text, b"*" | b"=" | b"") {
            return true;
        }
        let Some(decoded) = base64::decode(text) else { return self.mechanism == Mechanism::Other };
        let decoded = decoded.bytes();
        match (self.mechanism, self.user.take()) {
            (Mechanism::Plain, _) => {
                let (user, password) = split(split(decoded, 0).1, 0);
                record.login(user, Some(password), site);
            }
            (Mechanism::Login, None) => {
                record.login(decoded, None, site);
                self.user = Some(decoded.get(..USER).unwrap_or(decoded).to_vec());
            }
            (Mechanism::Login, Some(user)) => record.login(&user, Some(decoded), site),
            (Mechanism::Other, _) => {
                let user = match decoded {
                    [b'u', b's', b'e', b'r', b'=', rest @ ..] => Some(split(rest, 1).0),
                    _ if decoded.starts_with(b"NTLMSSP") => None,
                    _ => credentials::parameter(decoded, b"username").or_else(|| cram(decoded)),
                };
                if let Some(user) = user {
                    record.login(user, None, site);
                }
            }
        }
        true
    }

    pub fn kept_bytes(&self) -> usize {
        self.user.as_ref().map_or(0, Vec::capacity)
    }
}

/// User, space, 32 hexadecimal digits.
fn cram(decoded: &[u8]) -> Option<&[u8]> {
    let (user, digest) = decoded.split_at_checked(decoded.len().checked_sub(32)?)?;
    digest.iter().all(u8::is_ascii_hexdigit).then(|| user.strip_suffix(b" "))?
}
