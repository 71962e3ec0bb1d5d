//! The secure channel as far as a listener knows it: OPC 10000-6, 6.7.2 (message chunk structure), 6.7.4 (opening),
//! OPC 10000-7, SecurityPolicy profiles (signature lengths).

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::fields::{
    CERTIFICATE, CERTIFICATE_NAME, CERTIFICATE_SHA1, CERTIFICATE_URI, NEW_TOKEN, RECEIVER, SECURITY_MODE,
    SECURITY_MODE_SOURCE, SECURITY_POLICY, TOKEN_ID,
};
use super::reader::{Body, Read};
use super::text;
use crate::value::{Record, Value};
use crate::x509;

/// How the messages of a channel are protected, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// Neither the opening nor a message was seen that shows it.
    #[default]
    Unknown,
    None,
    Sign,
    SignAndEncrypt,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Mode::Unknown => "unknown",
            Mode::None => "none",
            Mode::Sign => "sign",
            Mode::SignAndEncrypt => "sign_and_encrypt",
        }
    }
}

/// A policy URI, and the bytes of a symmetric signature under it (0: unknown).
const POLICIES: &[(&str, usize)] = &[
    ("http://opcfoundation.org/UA/SecurityPolicy#None", 0),
    ("http://opcfoundation.org/UA/SecurityPolicy#Basic128Rsa15", 20),
    ("http://opcfoundation.org/UA/SecurityPolicy#Basic256", 20),
    ("http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256", 32),
    ("http://opcfoundation.org/UA/SecurityPolicy#Aes128_Sha256_RsaOaep", 32),
    ("http://opcfoundation.org/UA/SecurityPolicy#Aes256_Sha256_RsaPss", 32),
    ("http://opcfoundation.org/UA/SecurityPolicy#ECC_nistP256", 32),
    ("http://opcfoundation.org/UA/SecurityPolicy#ECC_nistP384", 48),
    ("http://opcfoundation.org/UA/SecurityPolicy#ECC_brainpoolP256r1", 32),
    ("http://opcfoundation.org/UA/SecurityPolicy#ECC_brainpoolP384r1", 48),
    ("http://opcfoundation.org/UA/SecurityPolicy#ECC_curve25519", 16),
    ("http://opcfoundation.org/UA/SecurityPolicy#ECC_curve448", 16),
];

/// Bytes that a symmetric signature can have under any policy.
pub fn is_signature(length: usize) -> bool {
    matches!(length, 16 | 20 | 32 | 48)
}

/// What is known about the secure channel of a conversation.
#[derive(Debug)]
pub struct Channel {
    /// As the server assigned it; `None` until an opening or a message told.
    pub id: Option<u32>,
    mode: Mode,
    /// As every message is described: the mode's name, and where it is known from.
    said: [&'static str; 2],
    /// `Some(None)`: a policy that is not in the table, its URI in `other`.
    policy: Option<Option<&'static (&'static str, usize)>>,
    other: Vec<u8>,
    /// Signature length learned from a message, where the policy is not known.
    pub learned: usize,
    /// Token of the last message, 0 before any: renewed keys have a new one.
    token: u32,
}

impl Default for Channel {
    fn default() -> Self {
        Self {
            id: None,
            mode: Mode::Unknown,
            said: ["unknown"; 2],
            policy: None,
            other: Vec::new(),
            learned: 0,
            token: 0,
        }
    }
}

impl Channel {
    /// Messages can be read.
    pub fn is_clear(&self) -> bool {
        matches!(self.mode, Mode::None | Mode::Sign)
    }

    fn set_mode(&mut self, mode: Mode, source: &'static str) {
        self.mode = mode;
        self.said = match mode {
            Mode::Unknown => ["unknown"; 2],
            _ => [mode.name(), source],
        };
    }

    #[inline]
    pub fn is_plain(&self) -> bool {
        self.policy.is_some_and(|policy| policy.is_some_and(|(_, signature)| *signature == 0))
    }

    pub fn knows_policy(&self) -> bool {
        self.policy.is_some()
    }

    /// Bytes at the end of a chunk that are its signature, when the chunk is readable. `None`: to be found out.
    pub fn signature(&self) -> Option<usize> {
        self.policy.flatten().map(|(_, signature)| *signature)
    }

    #[inline]
    pub fn describe(&self, record: &mut Record) {
        match self.policy {
            Some(Some((uri, _))) => record.set(SECURITY_POLICY, Value::Name(uri)),
            Some(None) => record.set_text(SECURITY_POLICY, &self.other),
            None => {}
        }
        let [mode, source] = self.said;
        record.set(SECURITY_MODE, Value::Name(mode));
        record.set(SECURITY_MODE_SOURCE, Value::Name(source));
    }

    /// The opening's body says the mode.
    pub fn told(&mut self, mode: u32) {
        let mode = match mode {
            1 => Mode::None,
            2 => Mode::Sign,
            3 => Mode::SignAndEncrypt,
            _ => return,
        };
        self.set_mode(mode, "told");
    }

    /// A message shows the mode: one that can be read under a policy is signed, one that cannot is encrypted.
    pub fn shown(&mut self, mode: Mode) {
        if self.mode != mode {
            self.set_mode(mode, "inferred");
        }
    }

    /// The token of a message: the first message under a new one says that the keys were renewed.
    #[inline]
    pub fn under(&mut self, token: u32, record: &mut Record) {
        record.set_u(TOKEN_ID, token);
        if self.token != token {
            self.other_token(token, record);
        }
    }

    /// Both sides go over to it one after the other, and what was under way comes under the old one (6.7.4): only up.
    #[cold]
    fn other_token(&mut self, token: u32, record: &mut Record) {
        if self.token == 0 || token > self.token {
            if self.token != 0 {
                record.set(NEW_TOKEN, Value::Bool(true));
            }
            self.token = token;
        }
    }

    /// A new channel begins where `is_new`; otherwise its keys are renewed, and its mode stays (Part 4, 5.6.2).
    fn opened_under(&mut self, uri: &[u8], is_new: bool) {
        let known = POLICIES.iter().find(|(name, _)| name.as_bytes() == uri);
        let is_same = !is_new && self.policy == Some(known) && (known.is_some() || self.other == text::cut(uri));
        self.policy = Some(known);
        self.other.clear();
        if known.is_none() {
            self.other.extend_from_slice(text::cut(uri));
        }
        if is_new {
            self.token = 0;
        }
        if !is_same {
            // Without a policy nothing can be signed. With one, the mode stands in the encrypted part.
            self.set_mode(if self.is_plain() { Mode::None } else { Mode::Unknown }, "inferred");
        }
    }
}

/// 6.7.2.3, asymmetric security header: policy URI, sender certificate, thumbprint of the receiver's certificate.
/// Of a certificate chain, the first is the sender's own.
pub fn asymmetric(body: &mut Body<'_>, channel: &mut Channel, is_new: bool, record: &mut Record) -> Read<()> {
    channel.opened_under(body.string()?.unwrap_or_default(), is_new);
    certificate(body.string()?, record);
    if let Some(thumbprint) = body.string()?.filter(|thumbprint| !thumbprint.is_empty()) {
        let span = record.push_bytes(thumbprint.get(..64).unwrap_or(thumbprint));
        record.set(RECEIVER, Value::Blob(span));
    }
    Ok(())
}

/// Fingerprints of a certificate, or of the first of a chain, and what it says of its owner.
pub fn certificate(chain: Option<&[u8]>, record: &mut Record) {
    let Some(chain) = chain.filter(|chain| !chain.is_empty()) else { return };
    let own = x509::first(chain);
    let span = record.push_bytes(&Sha256::digest(own));
    record.set(CERTIFICATE, Value::Blob(span));
    let span = record.push_bytes(&Sha1::digest(own));
    record.set(CERTIFICATE_SHA1, Value::Blob(span));
    let owner = x509::owner(own);
    for (slot, name) in [(CERTIFICATE_URI, owner.uri), (CERTIFICATE_NAME, owner.common_name)] {
        if let Some(name) = name {
            record.set_text(slot, text::cut(name));
        }
    }
}
