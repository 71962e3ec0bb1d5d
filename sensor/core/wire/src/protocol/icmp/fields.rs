//! Fields and flaws of ICMP.

use crate::value::{field, flaws, list, slots, Kind};

slots! {
    TYPE = 0 => field("icmp.type", Kind::Unsigned);
    CODE = 1 => field("icmp.code", Kind::Unsigned);
    CODE_NAME = 2 => field("icmp.code_name", Kind::Text);
    IDENTIFIER = 3 => field("icmp.identifier", Kind::Unsigned);
    SEQUENCE = 4 => field("icmp.sequence", Kind::Unsigned);
    DATA_LENGTH = 5 => field("icmp.data_length", Kind::Unsigned);
    GATEWAY = 6 => field("icmp.gateway", Kind::Ip);
    MTU = 7 => field("icmp.mtu", Kind::Unsigned);
    POINTER = 8 => field("icmp.pointer", Kind::Unsigned);
    QUOTED_SOURCE = 9 => field("icmp.quoted.source_ip", Kind::Ip);
    QUOTED_DESTINATION = 10 => field("icmp.quoted.destination_ip", Kind::Ip);
    QUOTED_PROTOCOL = 11 => field("icmp.quoted.protocol", Kind::Unsigned);
    QUOTED_SOURCE_PORT = 12 => field("icmp.quoted.source_port", Kind::Unsigned);
    QUOTED_DESTINATION_PORT = 13 => field("icmp.quoted.destination_port", Kind::Unsigned);
    TARGET = 14 => field("icmp.target", Kind::Ip);
    SOURCE_MAC = 15 => field("icmp.source_mac", Kind::Text);
    TARGET_MAC = 16 => field("icmp.target_mac", Kind::Text);
    ROUTER = 17 => field("icmp.router", Kind::Boolean);
    SOLICITED = 18 => field("icmp.solicited", Kind::Boolean);
    OVERRIDE = 19 => field("icmp.override", Kind::Boolean);
    LIFETIME = 20 => field("icmp.router_lifetime_s", Kind::Unsigned);
    MANAGED = 21 => field("icmp.managed", Kind::Boolean);
    PREFIXES = 22 => list("icmp.prefixes", Kind::Text);
    DNS_SERVERS = 23 => list("icmp.dns_servers", Kind::Ip);
    ROUTERS = 24 => list("icmp.routers", Kind::Ip);
    GROUPS = 25 => list("icmp.groups", Kind::Ip);
    MASK = 26 => field("icmp.mask", Kind::Ip);
}

flaws! {
    TYPE = 0 => "icmp.unknown_type";
    CODE = 1 => "icmp.unknown_code";
    // The message ends before its type's fields do.
    SHORT = 2 => "icmp.short_message";
    // An option of neighbour discovery has length 0 or goes on behind the message (RFC 4861 4.6).
    OPTION = 3 => "icmp.bad_option";
    // What an error message quotes is no IP datagram of its own kind.
    QUOTE = 4 => "icmp.bad_quote";
    // An echo with more data than a frame of Ethernet holds.
    OVERSIZE = 5 => "icmp.oversize";
    // More data than 65535 bytes less headers could bring, or more groups or addresses than are there.
    COUNT = 6 => "icmp.bad_count";
    // A group address as the target of neighbour discovery (RFC 4861 7.1).
    TARGET = 7 => "icmp.group_target";
}
