//! Fields and flaws of DNS and of its three relatives: the same, each under its own name.

use crate::value::{field, list, FieldDef, Kind};

/// Declares the slots once and a table for each protocol.
macro_rules! tables {
    ($($name:ident = $index:literal => $make:ident $text:literal $kind:ident;)*) => {
        $(pub const $name: usize = $index;)*
        pub const DNS: &[FieldDef] = &[$($make(concat!("dns.", $text), Kind::$kind)),*];
        pub const MDNS: &[FieldDef] = &[$($make(concat!("mdns.", $text), Kind::$kind)),*];
        pub const LLMNR: &[FieldDef] = &[$($make(concat!("llmnr.", $text), Kind::$kind)),*];
        pub const NBNS: &[FieldDef] = &[$($make(concat!("nbns.", $text), Kind::$kind)),*];
    };
}

tables! {
    ID = 0 => field "id" Unsigned;
    OPCODE = 1 => field "op_code" Unsigned;
    FLAGS = 2 => list "header_flags" Text;
    RESPONSE = 3 => field "response_code" Unsigned;
    RESPONSE_NAME = 4 => field "response_name" Text;
    QUESTION = 5 => list "question.name" Text;
    QUESTION_TYPE = 6 => list "question.type" Unsigned;
    QUESTION_TYPE_NAME = 7 => list "question.type_name" Text;
    QUESTION_CLASS = 8 => list "question.class" Unsigned;
    QUESTION_LENGTH = 9 => field "question.length" Unsigned;
    QUESTION_LABEL = 10 => field "question.longest_label" Unsigned;
    ANSWERS = 11 => field "answers_count" Unsigned;
    AUTHORITIES = 12 => field "authorities_count" Unsigned;
    ADDITIONALS = 13 => field "additionals_count" Unsigned;
    ANSWER = 14 => list "answers.name" Text;
    ANSWER_TYPE = 15 => list "answers.type" Unsigned;
    ANSWER_TYPE_NAME = 16 => list "answers.type_name" Text;
    ANSWER_TTL = 17 => list "answers.ttl_s" Unsigned;
    ANSWER_DATA = 18 => list "answers.data" Text;
    RESOLVED = 19 => list "resolved_ip" Ip;
    TEXT_BYTES = 20 => field "text_bytes" Unsigned;
    EDNS_SIZE = 21 => field "edns.size" Unsigned;
    EDNS_VERSION = 22 => field "edns.version" Unsigned;
    LENGTH = 23 => field "length" Unsigned;
    REMOTE_TOOL = 24 => field "remote_tool" Text;
    REMOTE_TOOL_BY = 25 => field "remote_tool_by" Text;
    DOMAIN = 26 => field "question.domain" Text;
}

macro_rules! flaw_tables {
    ($($name:ident = $bit:literal => $text:literal;)*) => {
        pub mod flaw {
            $(pub const $name: usize = $bit;)*
        }
        pub const DNS_FLAWS: &[&str] = &[$(concat!("dns.", $text)),*];
        pub const MDNS_FLAWS: &[&str] = &[$(concat!("mdns.", $text)),*];
        pub const LLMNR_FLAWS: &[&str] = &[$(concat!("llmnr.", $text)),*];
        pub const NBNS_FLAWS: &[&str] = &[$(concat!("nbns.", $text)),*];
    };
}

flaw_tables! {
    // A label of a kind that does not exist, or a name that goes on behind the message.
    NAME = 0 => "bad_name";
    // A pointer that does not lead back: forward, to itself, or in a circle.
    POINTER = 1 => "pointer_loop";
    // More than 255 bytes (RFC 1035 3.1).
    LONG = 2 => "name_too_long";
    // The header counts more records than are there.
    COUNT = 3 => "bad_count";
    TRAILING = 4 => "trailing_bytes";
    OPCODE = 5 => "unknown_opcode";
    // A record's data is shorter or longer than its type allows.
    DATA = 6 => "bad_record_data";
    // A bit that must be zero is set.
    RESERVED = 7 => "reserved_bit";
    // A question without a name to ask for, or with several where one is allowed.
    QUESTIONS = 8 => "odd_questions";
    // More records than are listed.
    MANY = 9 => "many_records";
    // A question that brings answers.
    ANSWERED = 10 => "answers_in_query";
    // Bytes in a label that no host name has.
    LABEL = 11 => "binary_label";
    // Over TCP: a length below the header's.
    LENGTH = 12 => "bad_length";
    // A NetBIOS name that is not 32 letters A to P (RFC 1001 14.1).
    NETBIOS = 13 => "bad_netbios_name";
}
