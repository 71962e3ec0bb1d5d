//! Fields and flaws of DHCP for IPv4 and IPv6.

use crate::value::{field, flaws, list, slots, Kind};

slots! {
    VERSION = 0 => field("dhcp.ip_version", Kind::Unsigned);
    TYPE = 1 => field("dhcp.message_type", Kind::Unsigned);
    OPCODE = 2 => field("dhcp.op_code", Kind::Unsigned);
    TRANSACTION = 3 => field("dhcp.transaction_id", Kind::Unsigned);
    CLIENT_MAC = 4 => field("dhcp.client_mac", Kind::Text);
    CLIENT_ID = 5 => field("dhcp.client_id", Kind::Bytes);
    DUID_HASH = 6 => field("dhcp.duid_hash", Kind::Text);
    HOST_NAME = 7 => field("dhcp.host_name", Kind::Text);
    VENDOR_CLASS = 8 => field("dhcp.vendor_class", Kind::Text);
    REQUESTED = 9 => field("dhcp.requested_ip", Kind::Ip);
    CLIENT = 10 => field("dhcp.client_ip", Kind::Ip);
    ASSIGNED = 11 => list("dhcp.assigned_ip", Kind::Ip);
    NEXT_SERVER = 12 => field("dhcp.next_server", Kind::Ip);
    RELAY = 13 => field("dhcp.relay_ip", Kind::Ip);
    SERVER = 14 => field("dhcp.server_id", Kind::Ip);
    ROUTERS = 15 => list("dhcp.routers", Kind::Ip);
    DNS_SERVERS = 16 => list("dhcp.dns_servers", Kind::Ip);
    MASK = 17 => field("dhcp.subnet_mask", Kind::Ip);
    LEASE = 18 => field("dhcp.lease_s", Kind::Unsigned);
    DOMAIN = 19 => field("dhcp.domain", Kind::Text);
    BOOT_FILE = 20 => field("dhcp.boot_file", Kind::Text);
    BOOT_SERVER = 21 => field("dhcp.boot_server", Kind::Text);
    PARAMETERS = 22 => list("dhcp.parameters", Kind::Unsigned);
    TEXT = 23 => field("dhcp.message", Kind::Text);
    NTP_SERVERS = 24 => list("dhcp.ntp_servers", Kind::Ip);
    ROUTES = 25 => list("dhcp.routes", Kind::Text);
    PROXY = 26 => field("dhcp.proxy_url", Kind::Text);
    STATUS = 27 => field("dhcp.status_code", Kind::Unsigned);
    HOPS = 28 => field("dhcp.hops", Kind::Unsigned);
    SERVER_HASH = 29 => field("dhcp.server_duid_hash", Kind::Text);
    LINK = 30 => field("dhcp.link_ip", Kind::Ip);
}

flaws! {
    SHORT = 0 => "dhcp.short_message";
    // No magic cookie: BOOTP of a maker's own, or no options (RFC 1497).
    COOKIE = 1 => "dhcp.no_cookie";
    // An option goes on behind the message.
    OPTION = 2 => "dhcp.bad_option";
    // An option whose value has no length that it may have.
    VALUE = 3 => "dhcp.bad_value";
    // The options do not end with the end mark.
    END = 4 => "dhcp.no_end";
    TYPE = 5 => "dhcp.unknown_type";
    // The address of the hardware is longer than its field (RFC 2131 2).
    HARDWARE = 6 => "dhcp.hardware_length";
    // A server's message marked as a client's, or the other way round.
    DIRECTION = 7 => "dhcp.wrong_direction";
    // Relays around relays beyond what is followed (RFC 8415 19.1: 8).
    NESTING = 8 => "dhcp.relay_nesting";
}
