//! Names of types and codes. IANA "ICMP Parameters" and "ICMPv6 Parameters"; RFC 792, RFC 1256, RFC 1812 5.2.7,
//! RFC 4443, RFC 4861, RFC 8335.

use crate::value::{Class, Role};

pub type Kind = (&'static str, Class, Role);
const UNKNOWN: Kind = ("unknown", Class::Other, Role::Other);

/// Of a type of ICMP for IPv4. An error and a redirect answer no question.
pub fn v4(kind: u8) -> Kind {
    use Class::{Control, Diagnose, Discover};
    use Role::{Other, Request, Response, Unsolicited};
    match kind {
        0 => ("echo_reply", Diagnose, Response),
        3 => ("destination_unreachable", Diagnose, Unsolicited),
        4 => ("source_quench", Diagnose, Unsolicited),
        5 => ("redirect", Control, Unsolicited),
        6 => ("alternate_host_address", Diagnose, Unsolicited),
        8 => ("echo_request", Diagnose, Request),
        9 => ("router_advertisement", Discover, Unsolicited),
        10 => ("router_solicitation", Discover, Other),
        11 => ("time_exceeded", Diagnose, Unsolicited),
        12 => ("parameter_problem", Diagnose, Unsolicited),
        13 => ("timestamp_request", Discover, Request),
        14 => ("timestamp_reply", Discover, Response),
        15 => ("information_request", Discover, Request),
        16 => ("information_reply", Discover, Response),
        17 => ("address_mask_request", Discover, Request),
        18 => ("address_mask_reply", Discover, Response),
        30 => ("traceroute", Diagnose, Unsolicited),
        31 => ("conversion_error", Diagnose, Unsolicited),
        37 => ("domain_name_request", Discover, Request),
        38 => ("domain_name_reply", Discover, Response),
        40 => ("security_failure", Diagnose, Unsolicited),
        42 => ("extended_echo_request", Diagnose, Request),
        43 => ("extended_echo_reply", Diagnose, Response),
        _ => UNKNOWN,
    }
}

/// Of a type of ICMP for IPv6.
pub fn v6(kind: u8) -> Kind {
    use Class::{Control, Diagnose, Discover};
    use Role::{Other, Request, Response, Unsolicited};
    match kind {
        1 => ("destination_unreachable", Diagnose, Unsolicited),
        2 => ("packet_too_big", Diagnose, Unsolicited),
        3 => ("time_exceeded", Diagnose, Unsolicited),
        4 => ("parameter_problem", Diagnose, Unsolicited),
        128 => ("echo_request", Diagnose, Request),
        129 => ("echo_reply", Diagnose, Response),
        130 => ("multicast_listener_query", Discover, Other),
        131 => ("multicast_listener_report", Discover, Unsolicited),
        132 => ("multicast_listener_done", Discover, Unsolicited),
        133 => ("router_solicitation", Discover, Other),
        134 => ("router_advertisement", Discover, Unsolicited),
        135 => ("neighbor_solicitation", Discover, Other),
        136 => ("neighbor_advertisement", Discover, Unsolicited),
        137 => ("redirect", Control, Unsolicited),
        138 => ("router_renumbering", Control, Unsolicited),
        139 => ("node_information_query", Discover, Request),
        140 => ("node_information_response", Discover, Response),
        141 => ("inverse_neighbor_solicitation", Discover, Other),
        142 => ("inverse_neighbor_advertisement", Discover, Unsolicited),
        143 => ("multicast_listener_report_v2", Discover, Unsolicited),
        144 => ("home_agent_request", Discover, Request),
        145 => ("home_agent_reply", Discover, Response),
        146 => ("mobile_prefix_solicitation", Discover, Request),
        147 => ("mobile_prefix_advertisement", Discover, Response),
        148 => ("certification_path_solicitation", Discover, Other),
        149 => ("certification_path_advertisement", Discover, Unsolicited),
        151 => ("multicast_router_advertisement", Discover, Unsolicited),
        152 => ("multicast_router_solicitation", Discover, Other),
        153 => ("multicast_router_termination", Discover, Unsolicited),
        155 => ("rpl_control", Discover, Unsolicited),
        157 => ("duplicate_address_request", Discover, Other),
        158 => ("duplicate_address_confirmation", Discover, Unsolicited),
        160 => ("extended_echo_request", Diagnose, Request),
        161 => ("extended_echo_reply", Diagnose, Response),
        _ => UNKNOWN,
    }
}

/// Of a code of IPv4's types; `None`: the type has no such code. Types of which no more is known have any.
pub fn code_v4(kind: u8, code: u8) -> Option<&'static str> {
    Some(match (kind, code) {
        (3, 0) => "network_unreachable",
        (3, 1) => "host_unreachable",
        (3, 2) => "protocol_unreachable",
        (3, 3) => "port_unreachable",
        (3, 4) => "fragmentation_needed",
        (3, 5) => "source_route_failed",
        (3, 6) => "network_unknown",
        (3, 7) => "host_unknown",
        (3, 8) => "source_host_isolated",
        (3, 9) => "network_prohibited",
        (3, 10) => "host_prohibited",
        (3, 11) => "network_unreachable_for_service",
        (3, 12) => "host_unreachable_for_service",
        (3, 13) => "communication_prohibited",
        (3, 14) => "host_precedence_violation",
        (3, 15) => "precedence_cutoff",
        (5, 0) => "for_network",
        (5, 1) => "for_host",
        (5, 2) => "for_service_and_network",
        (5, 3) => "for_service_and_host",
        (9, 0) => "normal",
        (9, 16) => "no_common_traffic",
        (11, 0) => "in_transit",
        (11, 1) => "in_reassembly",
        (12, 0) => "pointer",
        (12, 1) => "missing_option",
        (12, 2) => "bad_length",
        (0 | 4 | 6 | 8 | 10 | 13..=18 | 42, 0) => "none",
        (43, 0) => "no_error",
        (43, 1) => "malformed_query",
        (43, 2) => "no_such_interface",
        (43, 3) => "no_such_entry",
        (43, 4) => "several_interfaces",
        (30 | 31 | 37 | 38 | 40, _) => "other",
        _ => return None,
    })
}

pub fn code_v6(kind: u8, code: u8) -> Option<&'static str> {
    Some(match (kind, code) {
        (1, 0) => "no_route",
        (1, 1) => "communication_prohibited",
        (1, 2) => "beyond_scope",
        (1, 3) => "address_unreachable",
        (1, 4) => "port_unreachable",
        (1, 5) => "source_address_failed_policy",
        (1, 6) => "route_rejected",
        (1, 7) => "source_route_failed",
        (1, 8) => "headers_too_long",
        (3, 0) => "in_transit",
        (3, 1) => "in_reassembly",
        (4, 0) => "erroneous_field",
        (4, 1) => "unknown_next_header",
        (4, 2) => "unknown_option",
        (4, 3) => "incomplete_header_chain",
        (4, 4..=10) => "other",
        (2 | 128..=137 | 141 | 142 | 143 | 146 | 147 | 151..=153 | 160, 0) => "none",
        (161, 0) => "no_error",
        (161, 1) => "malformed_query",
        (161, 2) => "no_such_interface",
        (161, 3) => "no_such_entry",
        (161, 4) => "several_interfaces",
        (138..=140 | 144 | 145 | 148 | 149 | 155 | 157 | 158, _) => "other",
        _ => return None,
    })
}
