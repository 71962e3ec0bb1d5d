//! Names of DNS numbers. IANA "Domain Name System (DNS) Parameters"; RFC 1002 4.2.1 (NetBIOS).

use super::Relative;
use crate::value::Class;

/// `(name, class, known)` of an operation code. A query for a whole zone is an operation of its own, as far as anybody
/// who watches is concerned: see `super`.
pub fn operation(relative: Relative, code: u8) -> (&'static str, Class) {
    match (relative, code) {
        (_, 0) => ("query", Class::Discover),
        (Relative::NetBios, 5) => ("registration", Class::Write),
        (Relative::NetBios, 6) => ("release", Class::Write),
        (Relative::NetBios, 7) => ("wait", Class::Other),
        (Relative::NetBios, 8 | 9) => ("refresh", Class::Write),
        (Relative::NetBios, 15) => ("multihomed_registration", Class::Write),
        (Relative::Unicast, 1) => ("inverse_query", Class::Discover),
        (Relative::Unicast, 2) => ("status", Class::Diagnose),
        (Relative::Unicast, 4) => ("notify", Class::Other),
        (Relative::Unicast, 5) => ("update", Class::Write),
        (Relative::Unicast, 6) => ("stateful", Class::Session),
        _ => ("unknown", Class::Other),
    }
}

pub fn kind(relative: Relative, number: u16) -> &'static str {
    if relative == Relative::NetBios {
        match number {
            0x20 => return "NB",
            0x21 => return "NBSTAT",
            _ => {}
        }
    }
    match number {
        1 => "A",
        2 => "NS",
        5 => "CNAME",
        6 => "SOA",
        10 => "NULL",
        11 => "WKS",
        12 => "PTR",
        13 => "HINFO",
        15 => "MX",
        16 => "TXT",
        17 => "RP",
        18 => "AFSDB",
        24 => "SIG",
        25 => "KEY",
        28 => "AAAA",
        29 => "LOC",
        33 => "SRV",
        35 => "NAPTR",
        36 => "KX",
        37 => "CERT",
        39 => "DNAME",
        41 => "OPT",
        42 => "APL",
        43 => "DS",
        44 => "SSHFP",
        45 => "IPSECKEY",
        46 => "RRSIG",
        47 => "NSEC",
        48 => "DNSKEY",
        49 => "DHCID",
        50 => "NSEC3",
        51 => "NSEC3PARAM",
        52 => "TLSA",
        53 => "SMIMEA",
        55 => "HIP",
        59 => "CDS",
        60 => "CDNSKEY",
        61 => "OPENPGPKEY",
        62 => "CSYNC",
        63 => "ZONEMD",
        64 => "SVCB",
        65 => "HTTPS",
        99 => "SPF",
        108 => "EUI48",
        109 => "EUI64",
        249 => "TKEY",
        250 => "TSIG",
        251 => "IXFR",
        252 => "AXFR",
        255 => "ANY",
        256 => "URI",
        257 => "CAA",
        32769 => "DLV",
        _ => "unknown",
    }
}

pub fn response(relative: Relative, code: u16) -> &'static str {
    match (relative, code) {
        (_, 0) => "NOERROR",
        (_, 1) => "FORMERR",
        (_, 2) => "SERVFAIL",
        (_, 3) => "NXDOMAIN",
        (_, 4) => "NOTIMP",
        (_, 5) => "REFUSED",
        (Relative::NetBios, 6) => "ACTIVE",
        (Relative::NetBios, 7) => "CONFLICT",
        (_, 6) => "YXDOMAIN",
        (_, 7) => "YXRRSET",
        (_, 8) => "NXRRSET",
        (_, 9) => "NOTAUTH",
        (_, 10) => "NOTZONE",
        (_, 11) => "DSOTYPENI",
        (_, 16) => "BADVERS",
        (_, 17) => "BADKEY",
        (_, 18) => "BADTIME",
        (_, 19) => "BADMODE",
        (_, 20) => "BADNAME",
        (_, 21) => "BADALG",
        (_, 22) => "BADTRUNC",
        (_, 23) => "BADCOOKIE",
        _ => "unknown",
    }
}

/// Bits of the second word that have names, most significant first, and those that must be zero.
pub fn flags(relative: Relative) -> (&'static [(u16, &'static str)], u16) {
    match relative {
        // RFC 1035 4.1.1, RFC 4035 3.1.6 and 3.2.
        Relative::Unicast => {
            (&[(0x400, "AA"), (0x200, "TC"), (0x100, "RD"), (0x80, "RA"), (0x20, "AD"), (0x10, "CD")], 0x40)
        }
        // RFC 6762 18: the others are ignored.
        Relative::Multicast => (&[(0x400, "AA"), (0x200, "TC")], 0),
        // RFC 4795 2.1.1.
        Relative::LinkLocal => (&[(0x400, "C"), (0x200, "TC"), (0x100, "T")], 0xf0),
        // RFC 1002 4.2.1.1.
        Relative::NetBios => (&[(0x400, "AA"), (0x200, "TC"), (0x100, "RD"), (0x80, "RA"), (BROADCAST, "B")], 0x60),
    }
}

/// NetBIOS: asked of the whole network.
pub const BROADCAST: u16 = 0x10;
