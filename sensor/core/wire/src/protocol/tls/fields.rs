//! What an event of TLS may hold.

use crate::value::{field, flaws, list, slots, Kind};

slots! {
    HANDSHAKE_TYPE = 0 => field("tls.handshake_type", Kind::Unsigned);
    VERSION = 1 => field("tls.version", Kind::Text);
    VERSION_CODE = 2 => field("tls.version_code", Kind::Unsigned);
    CLIENT_VERSION = 3 => field("tls.client.version_code", Kind::Unsigned);
    SUPPORTED_VERSIONS_FIELD = 4 => list("tls.client.supported_versions", Kind::Unsigned);
    SERVER_NAME_FIELD = 5 => field("tls.client.server_name", Kind::Text);
    CLIENT_ALPN = 6 => list("tls.client.alpn", Kind::Text);
    CIPHER_COUNT = 7 => field("tls.client.cipher_count", Kind::Unsigned);
    JA4 = 8 => field("tls.client.ja4", Kind::Text);
    ENCRYPTED_HELLO_FIELD = 9 => field("tls.client.encrypted_hello", Kind::Boolean);
    CIPHER = 10 => field("tls.cipher", Kind::Text);
    CIPHER_CODE = 11 => field("tls.cipher_code", Kind::Unsigned);
    NEXT_PROTOCOL = 12 => field("tls.next_protocol", Kind::Text);
    SUBJECT = 13 => field("tls.certificate.subject", Kind::Text);
    ISSUER = 14 => field("tls.certificate.issuer", Kind::Text);
    NOT_BEFORE = 15 => field("tls.certificate.not_before", Kind::Timestamp);
    NOT_AFTER = 16 => field("tls.certificate.not_after", Kind::Timestamp);
    SERIAL = 17 => field("tls.certificate.serial_number", Kind::Text);
    SELF_SIGNED = 18 => field("tls.certificate.self_signed", Kind::Boolean);
    CERTIFICATES = 19 => field("tls.certificate.count", Kind::Unsigned);
    ALERT_LEVEL = 20 => field("tls.alert.level", Kind::Unsigned);
    ALERT_LEVEL_NAME = 21 => field("tls.alert.level_name", Kind::Text);
    ALERT_CODE = 22 => field("tls.alert.description", Kind::Unsigned);
    ALERT_NAME = 23 => field("tls.alert.description_name", Kind::Text);
    REMOTE_TOOL = 24 => field("tls.remote_tool", Kind::Text);
    REMOTE_TOOL_BY = 25 => field("tls.remote_tool_by", Kind::Text);
    EXPIRED = 26 => field("tls.certificate.expired", Kind::Boolean);
}

flaws! {
    // Not a record, where one should begin.
    RECORD = 0 => "tls.bad_record";
    // A message that ends before its fields do, or whose inner lengths do not fit.
    TRUNCATED = 1 => "tls.truncated";
    // More of something than is looked at.
    TOO_MANY = 2 => "tls.too_many_values";
    // A handshake message larger than any that is sent.
    TOO_LONG = 3 => "tls.message_too_long";
    // A handshake message of no known type.
    HANDSHAKE = 4 => "tls.unknown_handshake";
    // A certificate that is not one.
    CERTIFICATE = 5 => "tls.bad_certificate";
}
