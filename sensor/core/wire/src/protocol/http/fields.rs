//! What an HTTP event says. ECS names where ECS has one.

use crate::value::{field, flaws, list, slots, Kind};

slots! {
    METHOD = 0 => field("http.request.method", Kind::Text);
    VERSION = 1 => field("http.version", Kind::Text);
    HOST = 2 => field("http.host", Kind::Text);
    PATH = 3 => field("http.path", Kind::Text);
    QUERY_NAMES = 4 => list("http.query_names", Kind::Text);
    USER_AGENT = 5 => field("http.user_agent", Kind::Text);
    AUTH = 6 => field("http.auth", Kind::Text);
    REALM = 7 => field("http.realm", Kind::Text);
    REQUEST_TYPE = 8 => field("http.request.mime_type", Kind::Text);
    REQUEST_BYTES = 9 => field("http.request.body.bytes", Kind::Unsigned);
    STATUS = 10 => field("http.response.status_code", Kind::Unsigned);
    RESPONSE_TYPE = 11 => field("http.response.mime_type", Kind::Text);
    RESPONSE_BYTES = 12 => field("http.response.body.bytes", Kind::Unsigned);
    SERVER = 13 => field("http.server", Kind::Text);
    LOCATION = 14 => field("http.location", Kind::Text);
    UPGRADE = 15 => field("http.upgrade", Kind::Text);
    CHUNKED = 16 => field("http.chunked", Kind::Boolean);
    FORWARDED_FOR = 17 => field("http.forwarded_for", Kind::Text);
    SOAP_ACTION = 18 => field("http.soap_action", Kind::Text);
    CONTENT = 19 => field("http.content", Kind::Text);
    LOGIN_REFUSED = 20 => field("http.login_refused", Kind::Boolean);
}

flaws! {
    // Where a message has to begin stands something else.
    START_LINE = 0 => "http.bad_start_line";
    FIELD_LINE = 1 => "http.bad_header_line";
    FOLDED = 2 => "http.folded_header";
    LONG_HEAD = 3 => "http.long_header";
    // RFC 9112 6.3: no number, or two that differ. Who reads which decides what the next request is.
    LENGTH = 4 => "http.bad_content_length";
    // RFC 9112 6.1: the other way to smuggle a request.
    BOTH_LENGTHS = 5 => "http.length_and_chunks";
    CHUNK = 6 => "http.bad_chunk";
    CREDENTIALS = 7 => "http.bad_credentials";
    // RFC 9112 3.2: every request of version 1.1 names its host.
    NO_HOST = 8 => "http.no_host";
    METHOD_NAME = 9 => "http.unknown_method";
    CONTROL = 10 => "http.control_characters";
}
