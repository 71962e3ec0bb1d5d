//! Authorization and WWW-Authenticate, as HTTP and RTSP have them. RFC 9110 11, RFC 7617 (Basic), RFC 7616 (Digest).

use super::word::Word;
use super::{base64, first_word, split};
use crate::site::Site;
use crate::value::Record;

/// Name of a scheme.
pub fn scheme(value: &[u8]) -> &'static str {
    match Word::lower(first_word(value).0).bytes() {
        b"basic" => "basic",
        b"digest" => "digest",
        b"bearer" => "bearer",
        b"ntlm" => "ntlm",
        b"negotiate" => "negotiate",
        _ => "other",
    }
}

/// Judge what a client logs in with, and forget it. Returns the name of the scheme, and whether it could be read.
pub fn authorization(value: &[u8], record: &mut Record, site: &Site) -> (&'static str, bool) {
    let scheme = scheme(value);
    let (_, rest) = first_word(value);
    match scheme {
        "basic" => {
            let Some(decoded) = base64::decode(rest) else { return (scheme, false) };
            let (user, password) = split(decoded.bytes(), b':');
            record.login(user, Some(password), site);
        }
        "digest" => match parameter(rest, b"username") {
            Some(user) => record.login(user, None, site),
            None => return (scheme, false),
        },
        _ => {}
    }
    (scheme, true)
}

/// `name="value"` or `name=value` among others.
pub fn parameter<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut rest = text;
    while !rest.is_empty() {
        let (key, behind) = split(rest, b'=');
        let found = key.trim_ascii().eq_ignore_ascii_case(name);
        let value = match behind.trim_ascii_start() {
            [b'"', quoted @ ..] => {
                let (value, behind) = split(quoted, b'"');
                rest = split(behind, b',').1;
                value
            }
            plain => {
                let (value, behind) = split(plain, b',');
                rest = behind;
                value.trim_ascii()
            }
        };
        if found {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_by_their_whole_name() {
        let text = br#"realm="a, username=b", Username = "carl", nonce=ff, uri="/""#;
        assert_eq!(parameter(text, b"username"), Some(&b"carl"[..]));
        assert_eq!(parameter(text, b"nonce"), Some(&b"ff"[..]));
        assert_eq!(parameter(text, b"name"), None);
    }
}
