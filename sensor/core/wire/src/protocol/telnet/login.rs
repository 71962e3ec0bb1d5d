//! Where a login is, told by the prompts of the server. What is typed is kept until it was judged.

use crate::protocol::text::mentions;
use crate::site::Site;
use crate::value::Record;

/// Bytes of what is typed.
const TYPED: usize = 128;
/// Bytes of what the server said last.
const HEARD: usize = 256;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Idle,
    /// The server asked who it is.
    User,
    Password,
    /// The answer is to come.
    Result,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Nothing,
    Prompt,
    /// Let in or not.
    Result(bool),
}

#[derive(Default)]
pub struct Login {
    stage: Stage,
    typed: Vec<u8>,
    user: Vec<u8>,
    heard: Vec<u8>,
    /// The client's last byte was a return: a line feed or zero behind it is its second half (RFC 854).
    returned: bool,
}

impl Login {
    pub fn forget(&mut self) {
        self.typed.fill(0);
        self.typed.clear();
        self.user.clear();
        self.heard.clear();
        self.stage = Stage::Idle;
        self.returned = false;
    }

    /// True: a password was typed to its end.
    pub fn type_byte(&mut self, byte: u8) -> bool {
        let second = std::mem::replace(&mut self.returned, byte == b'\r') && matches!(byte, b'\n' | 0);
        if second || !matches!(self.stage, Stage::User | Stage::Password) {
            return false;
        }
        match byte {
            b'\r' | b'\n' if self.stage == Stage::Password => return true,
            b'\r' | b'\n' if !self.typed.is_empty() => {
                self.user.clear();
                self.user.append(&mut self.typed);
                self.stage = Stage::Idle;
            }
            // Erased by the user, as terminals send it.
            8 | 127 => _ = self.typed.pop(),
            0x20..=0x7e | 0x80.. if self.typed.len() < TYPED => self.typed.push(byte),
            _ => {}
        }
        false
    }

    pub fn judge(&mut self, record: &mut Record, site: &Site) {
        record.login(&self.user, Some(&self.typed), site);
        self.typed.fill(0);
        self.typed.clear();
        self.heard.clear();
        self.stage = Stage::Result;
    }

    pub fn user_is_option(&self) -> bool {
        self.user.first() == Some(&b'-')
    }

    pub fn hear(&mut self, byte: u8) {
        match byte {
            // While a result is to come, all lines count.
            b'\n' if self.stage != Stage::Result => self.heard.clear(),
            0 | 7 | b'\r' => {}
            _ => {
                if self.heard.len() >= HEARD {
                    self.heard.drain(..HEARD / 2);
                }
                self.heard.push(byte);
            }
        }
    }

    /// What the server's text comes to, where it pauses.
    pub fn listen(&mut self) -> Heard {
        let line = self.line().trim_ascii_end();
        let ends = |words: &[&[u8]]| words.iter().any(|word| ends_with(line, word));
        let user = ends(&[
            b"login:",
            b"username:",
            b"user:",
            b"user name:",
            b"login name:",
            b"account:",
            b"user id:",
            b"userid:",
        ]) && !mentions(line, b"last login:");
        let password = line.ends_with(b":")
            && mentions(line.get(line.len().saturating_sub(40)..).unwrap_or(line), b"passw")
            || ends(&[b"passcode:", b"pass:", b"password>", b"password", b"pin:"]);
        let waiting = self.stage == Stage::Result;
        if user || password {
            self.stage = if user { Stage::User } else { Stage::Password };
            self.typed.clear();
            if user {
                self.user.clear();
            }
            // Asked again: what was typed before was wrong.
            return if waiting { Heard::Result(false) } else { Heard::Prompt };
        }
        if !waiting {
            return Heard::Nothing;
        }
        let said = |words: &[&[u8]]| words.iter().any(|word| mentions(&self.heard, word));
        let failed = said(&[
            b"incorrect",
            b"fail",
            b"denied",
            b"invalid",
            b"wrong",
            b"bad password",
            b"not authorized",
            b"rejected",
        ]);
        let good = matches!(line.last(), Some(b'$' | b'#' | b'>' | b'%'))
            || said(&[b"last login", b"welcome", b"logged in", b"successful"]);
        if !failed && !good {
            return Heard::Nothing;
        }
        self.stage = Stage::Idle;
        Heard::Result(!failed)
    }

    /// The line that the server is in.
    pub fn line(&self) -> &[u8] {
        let start = memchr::memrchr(b'\n', &self.heard).map_or(0, |end| end.saturating_add(1));
        self.heard.get(start..).unwrap_or_default()
    }

    pub fn kept_bytes(&self) -> usize {
        self.typed.capacity().saturating_add(self.user.capacity()).saturating_add(self.heard.capacity())
    }
}

fn ends_with(line: &[u8], word: &[u8]) -> bool {
    line.len().checked_sub(word.len()).and_then(|at| line.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(word))
}
