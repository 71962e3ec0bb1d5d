//! The secure channel as far as a listener knows it: OPC 10000-6, 6.7.2 (message chunk structure), 6.7.4 (opening),
//! OPC 10000-7, SecurityPolicy profiles (signature lengths).

use sha2::{Digest, Sha256};

use super::fields::{CERTIFICATE, RECEIVER, SECURITY_MODE, SECURITY_POLICY};
use super::reader::{Body, Read};
use super::text;
use crate::value::{Record, Value};

/// How the messages of a channel are protected, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// Neither the opening nor a readable message was seen.
    #[default]
    Unknown,
    None,
    Sign,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Mode::Unknown => "unknown",
            Mode::None => "none",
            Mode::Sign => "sign",
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
#[derive(Debug, Default)]
pub struct Channel {
    /// As the server assigned it; `None` until an opening or a message told.
    pub id: Option<u32>,
    pub mode: Mode,
    /// `Some(None)`: a policy that is not in the table, its URI in `other`.
    policy: Option<Option<&'static (&'static str, usize)>>,
    other: Vec<u8>,
    /// Signature length learned from a message, where the policy is not known.
    pub learned: usize,
}

impl Channel {
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

    pub fn describe(&self, record: &mut Record) {
        match self.policy {
            Some(Some((uri, _))) => record.set(SECURITY_POLICY, Value::Name(uri)),
            Some(None) => record.set_text(SECURITY_POLICY, &self.other),
            None => {}
        }
        record.set(SECURITY_MODE, Value::Name(self.mode.name()));
    }

    fn opened_under(&mut self, uri: &[u8]) {
        let known = POLICIES.iter().find(|(name, _)| name.as_bytes() == uri);
        self.policy = Some(known);
        self.other.clear();
        if known.is_none() {
            self.other.extend_from_slice(text::cut(uri));
        }
        // Without a policy nothing can be signed. With one, the mode stands in the encrypted part.
        self.mode = if self.is_plain() { Mode::None } else { Mode::Unknown };
    }
}

/// 6.7.2.3, asymmetric security header: policy URI, sender certificate, thumbprint of the receiver's certificate.
/// Of a certificate chain, the first is the sender's own.
pub fn asymmetric(body: &mut Body<'_>, channel: &mut Channel, record: &mut Record) -> Read<()> {
    channel.opened_under(body.string()?.unwrap_or_default());
    if let Some(chain) = body.string()?.filter(|chain| !chain.is_empty()) {
        let digest = Sha256::digest(chain.get(..der_length(chain)).unwrap_or(chain));
        let span = record.push_bytes(&digest);
        record.set(CERTIFICATE, Value::Blob(span));
    }
    if let Some(thumbprint) = body.string()?.filter(|thumbprint| !thumbprint.is_empty()) {
        let span = record.push_bytes(thumbprint.get(..64).unwrap_or(thumbprint));
        record.set(RECEIVER, Value::Blob(span));
    }
    Ok(())
}

/// X.690, 8.1.3: bytes of the DER element at the front, tag and length included.
fn der_length(bytes: &[u8]) -> usize {
    match bytes {
        [0x30, length @ 0..=0x7f, ..] => usize::from(*length).saturating_add(2),
        [0x30, 0x81, length, ..] => usize::from(*length).saturating_add(3),
        [0x30, 0x82, high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])).saturating_add(4),
        _ => bytes.len(),
    }
}
