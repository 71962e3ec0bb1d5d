//! Passwords that crossed in clear, held against those that everybody tries first. They are judged and forgotten: no
//! event, alert or evidence of ours names them.
//!
//! The list has what makers print in their manuals and what leads the public statistics of broken accounts.

use crate::value::name_hash;

/// What a password is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strength {
    Empty,
    /// As delivered by a maker, for that user.
    Default,
    /// On the list of those that are tried first, or the user's own name.
    Weak,
    /// On no list, which does not make it strong.
    Unlisted,
}

impl Strength {
    pub fn name(self) -> &'static str {
        match self {
            Strength::Empty => "empty",
            Strength::Default => "default",
            Strength::Weak => "weak",
            Strength::Unlisted => "unlisted",
        }
    }
}

/// Lists of hashes, in order: whoever reads the memory of a sensor finds no passwords that a site added.
#[derive(Debug)]
pub struct Credentials {
    pairs: Vec<u64>,
    passwords: Vec<u64>,
}

/// What makers and everybody use.
const KNOWN: &str = include_str!("credentials.txt");

impl Default for Credentials {
    fn default() -> Self {
        Self::with(std::iter::empty())
    }
}

impl Credentials {
    /// The built-in list and more lines like its own: `user<TAB>password`, or a password alone; `#` begins a remark.
    pub fn with<'a>(more: impl Iterator<Item = &'a str>) -> Self {
        let mut made = Self { pairs: Vec::new(), passwords: Vec::new() };
        for line in KNOWN.lines().chain(more).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match line.split_once('\t') {
                Some((user, password)) => made.pairs.push(pair(user.as_bytes(), password.as_bytes())),
                None => made.passwords.push(name_hash(line.as_bytes())),
            }
        }
        made.pairs.sort_unstable();
        made.passwords.sort_unstable();
        made
    }

    /// `user` is empty where the protocol has none (SNMP communities, VNC).
    pub fn judge(&self, user: &[u8], password: &[u8]) -> Strength {
        if password.is_empty() {
            Strength::Empty
        } else if self.pairs.binary_search(&pair(user, password)).is_ok() {
            Strength::Default
        } else if password.eq_ignore_ascii_case(user) || self.passwords.binary_search(&name_hash(password)).is_ok() {
            Strength::Weak
        } else {
            Strength::Unlisted
        }
    }
}

/// User names are compared without regard to case, passwords with it.
fn pair(user: &[u8], password: &[u8]) -> u64 {
    name_hash(&[user.to_ascii_lowercase().as_slice(), b"\t", password].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_judged() {
        let known = Credentials::default();
        assert!(known.pairs.len() > 40 && known.passwords.len() > 80);
        for (user, password, wanted) in [
            ("admin", "", Strength::Empty),
            ("USER", "USER", Strength::Default),
            ("user", "USER", Strength::Default),
            ("user", "uSER", Strength::Weak),
            ("maria", "123456", Strength::Weak),
            ("maria", "Maria", Strength::Weak),
            ("", "public", Strength::Default),
            ("maria", "q8#Lw0!zzK", Strength::Unlisted),
        ] {
            assert_eq!(known.judge(user.as_bytes(), password.as_bytes()), wanted, "{user}");
        }
    }
}
