//! Fields and flaws of NTP.

use crate::value::{field, flaws, slots, Kind};

slots! {
    VERSION = 0 => field("ntp.version", Kind::Unsigned);
    MODE = 1 => field("ntp.mode", Kind::Unsigned);
    MODE_NAME = 2 => field("ntp.mode_name", Kind::Text);
    LEAP = 3 => field("ntp.leap", Kind::Unsigned);
    STRATUM = 4 => field("ntp.stratum", Kind::Unsigned);
    POLL = 5 => field("ntp.poll", Kind::Signed);
    PRECISION = 6 => field("ntp.precision", Kind::Signed);
    ROOT_DELAY = 7 => field("ntp.root_delay_s", Kind::Float);
    ROOT_DISPERSION = 8 => field("ntp.root_dispersion_s", Kind::Float);
    REFERENCE = 9 => field("ntp.reference_id", Kind::Text);
    REFERENCE_TIME = 10 => field("ntp.reference_time", Kind::Timestamp);
    ORIGINATE_TIME = 11 => field("ntp.originate_time", Kind::Timestamp);
    RECEIVE_TIME = 12 => field("ntp.receive_time", Kind::Timestamp);
    TRANSMIT_TIME = 13 => field("ntp.transmit_time", Kind::Timestamp);
    KEY = 14 => field("ntp.key_id", Kind::Unsigned);
    EXTENSIONS = 15 => field("ntp.extensions", Kind::Unsigned);
    CODE = 16 => field("ntp.request_code", Kind::Unsigned);
    SEQUENCE = 17 => field("ntp.sequence", Kind::Unsigned);
    STATUS = 18 => field("ntp.status", Kind::Unsigned);
    ASSOCIATION = 19 => field("ntp.association_id", Kind::Unsigned);
    ITEMS = 20 => field("ntp.items", Kind::Unsigned);
    ITEM_SIZE = 21 => field("ntp.item_size", Kind::Unsigned);
    IMPLEMENTATION = 22 => field("ntp.implementation", Kind::Unsigned);
    ERROR = 23 => field("ntp.error", Kind::Unsigned);
    LENGTH = 24 => field("ntp.length", Kind::Unsigned);
    KISS = 25 => field("ntp.kiss_code", Kind::Text);
    MORE = 26 => field("ntp.more", Kind::Boolean);
}

flaws! {
    SHORT = 0 => "ntp.short_message";
    VERSION = 1 => "ntp.unknown_version";
    // A mode that no message has.
    MODE = 2 => "ntp.unknown_mode";
    // Stratum 17 and above (RFC 5905 7.3).
    STRATUM = 3 => "ntp.reserved_stratum";
    // An extension whose length is no multiple of four, too small, or goes on behind the message (RFC 7822 3).
    EXTENSION = 4 => "ntp.bad_extension";
    // Bytes behind the header that are neither extension nor authentication.
    TRAILING = 5 => "ntp.trailing_bytes";
    // A control message claims more data than is there, or items that do not fit.
    COUNT = 6 => "ntp.bad_count";
    // A server says a time and that it is not synchronised.
    UNSYNCHRONIZED = 7 => "ntp.unsynchronized";
    // A control message with an operation that does not exist.
    CODE = 8 => "ntp.unknown_request";
}
