//! Commands between the text of one direction. RFC 854 (commands), RFC 855 (subnegotiation).

pub const TERMINAL_TYPE: u8 = 24;
pub const OLD_ENVIRON: u8 = 36;
pub const ENCRYPT: u8 = 38;
pub const NEW_ENVIRON: u8 = 39;
pub const START_TLS: u8 = 46;

/// Bytes of a subnegotiation that are kept until its end: a terminal's or a user's name.
const SUB: usize = 256;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Where {
    #[default]
    Text,
    Command,
    Option,
    Sub,
    SubCommand,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    Text(u8),
    /// WILL, WONT, DO or DONT of that option.
    Negotiation(u8),
    /// A subnegotiation ended: see [`Decoder::sub`].
    Sub,
    Nothing,
}

#[derive(Debug, Default)]
pub struct Decoder {
    place: Where,
    sub: Vec<u8>,
    cut: bool,
}

impl Decoder {
    pub fn byte(&mut self, byte: u8) -> Item {
        let (place, item) = match (self.place, byte) {
            (Where::Text, 255) => (Where::Command, Item::Nothing),
            (Where::Text, text) => (Where::Text, Item::Text(text)),
            (Where::Command, 251..=254) => (Where::Option, Item::Nothing),
            (Where::Command, 250) => {
                self.forget();
                (Where::Sub, Item::Nothing)
            }
            (Where::Command, _) => (Where::Text, Item::Nothing),
            (Where::Option, option) => (Where::Text, Item::Negotiation(option)),
            (Where::Sub, 255) => (Where::SubCommand, Item::Nothing),
            (Where::SubCommand, 240) => (Where::Text, Item::Sub),
            (Where::Sub, byte) | (Where::SubCommand, byte @ 255) => {
                match self.sub.len() < SUB {
                    true => self.sub.push(byte),
                    false => self.cut = true,
                }
                (Where::Sub, Item::Nothing)
            }
            // The end got lost: another command begins.
            (Where::SubCommand, 251..=254) => (Where::Option, Item::Nothing),
            (Where::SubCommand, _) => (Where::Text, Item::Nothing),
        };
        self.place = place;
        item
    }

    pub fn sub(&self) -> &[u8] {
        &self.sub
    }

    pub fn is_cut(&self) -> bool {
        self.cut
    }

    pub fn forget(&mut self) {
        self.sub.clear();
        self.cut = false;
    }

    pub fn kept_bytes(&self) -> usize {
        self.sub.capacity()
    }
}

/// Value of a variable. RFC 1572 2: VAR (0) or USERVAR (3), name, VALUE (1), value; ESC (2) is rare and stays.
pub fn variable<'a>(variables: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    variables.split(|byte| matches!(byte, 0 | 3)).find_map(|variable| {
        let at = memchr::memchr(1, variable)?;
        let (name, value) = variable.split_at_checked(at)?;
        name.eq_ignore_ascii_case(wanted).then(|| value.get(1..)).flatten()
    })
}
