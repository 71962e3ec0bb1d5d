//! A login among `name=value` pairs: a form, or a query as cameras and small controllers have it.

use crate::protocol::text::split;
use crate::protocol::text::word::Word;

/// Bytes of a user or password that are looked at.
const MOST: usize = 128;

/// A value without its escapes, on the stack.
#[derive(Clone, Copy)]
pub struct Plain {
    bytes: [u8; MOST],
    len: usize,
}

impl Plain {
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

pub struct Login {
    pub user: Plain,
    pub password: Option<Plain>,
}

/// The first user and the first password.
pub fn login(pairs: &[u8]) -> Login {
    let (mut user, mut password) = (None, None);
    for pair in pairs.split(|byte| *byte == b'&') {
        let (name, value) = split(pair, b'=');
        match Word::lower(name.trim_ascii()).bytes() {
            b"user" | b"username" | b"user_name" | b"usr" | b"uname" | b"userid" | b"user_id" | b"uid" | b"login"
            | b"loginname" | b"login_name" | b"loginid" | b"account" | b"j_username" | b"email" | b"name"
            | b"loginuser" | b"luser" | b"logon" => {
                user.get_or_insert(plain(value));
            }
            b"password" | b"passwd" | b"pass" | b"pwd" | b"psw" | b"pswd" | b"j_password" | b"userpass"
            | b"user_password" | b"userpassword" | b"userpwd" | b"loginpass" | b"loginpassword" | b"login_password"
            | b"passwort" | b"kennwort" | b"loginpas" | b"lpass" | b"usr_pwd" => {
                password.get_or_insert(plain(value));
            }
            _ => {}
        }
    }
    Login { user: user.unwrap_or(plain(b"")), password }
}

/// WHATWG URL Standard, 5.1: `+` is a space, `%` has two digits behind it.
fn plain(value: &[u8]) -> Plain {
    let mut plain = Plain { bytes: [0; MOST], len: 0 };
    let mut rest = value;
    for place in &mut plain.bytes {
        let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        (*place, rest) = match rest {
            [] => break,
            [b'%', high, low, rest @ ..] if digit(high).is_some() && digit(low).is_some() => {
                (digit(high).unwrap_or(0) << 4 | digit(low).unwrap_or(0), rest)
            }
            [b'+', rest @ ..] => (b' ', rest),
            [byte, rest @ ..] => (*byte, rest),
        };
        plain.len = plain.len.saturating_add(1);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        let found = login(b"x=1&UserName=ma%20ria+b&pwd=%61dmin%2&pwd=second");
        assert_eq!(found.user.bytes(), b"ma ria b");
        assert_eq!(found.password.map(|password| password.bytes().to_vec()), Some(b"admin%2".to_vec()));
        assert!(login(b"a=b").password.is_none());
    }
}
