"""Whose messages a rule is about: the protocol's name there, or the port, and what it is called here.

A name that is no protocol here yet stands in the table all the same: its rules are "not yet", and import once it is
there.
"""

from __future__ import annotations

from collections.abc import Mapping

SERVICES: Mapping[str, str] = {
    "modbus": "modbus", "dnp3": "dnp3", "enip": "enip", "cip": "enip", "iec104": "iec104", "opcua": "opcua",
    "s7comm": "s7comm", "s7commplus": "s7comm-plus", "mms": "mms", "bacnet": "bacnet", "profinet": "profinet",
    "dns": "dns", "mdns": "mdns", "http": "http", "http1": "http", "tls": "tls", "ssl": "tls", "ssh": "ssh", "ftp":
    "ftp",
    "smtp": "smtp", "imap": "imap", "imap4": "imap", "pop3": "pop3", "smb": "smb", "netbios-ssn": "smb", "snmp": "snmp",
    "ntp": "ntp", "dhcp": "dhcp", "rdp": "rdp", "rfb": "vnc", "telnet": "telnet", "mysql": "mysql", "pgsql":
    "postgresql",
    "mqtt": "mqtt", "sip": "sip", "tftp": "tftp", "nfs": "nfs", "krb5": "kerberos", "ldap": "ldap", "http2": "http2",
    "quic": "quic", "ike": "ike", "ftp-data": "ftp-data", "arp": "arp", "icmp": "icmp", "icmpv6": "icmp",
}  # fmt: skip
PORTS: Mapping[int, str] = {
    502: "modbus", 102: "s7comm", 4840: "opcua", 20000: "dnp3", 44818: "enip", 2222: "enip", 2404: "iec104", 47808:
    "bacnet",
    80: "http", 8080: "http", 8000: "http", 443: "tls", 53: "dns", 21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp",
    110: "pop3",
    143: "imap", 139: "smb", 445: "smb", 161: "snmp", 162: "snmp", 123: "ntp", 67: "dhcp", 68: "dhcp", 1433: "tds",
    3306: "mysql", 3389: "rdp", 5432: "postgresql", 5900: "vnc", 554: "rtsp", 6379: "redis", 1883: "mqtt",
}  # fmt: skip
"""Of rules on plain TCP and UDP, which name no protocol (IANA, Service Name and Transport Protocol Port Number
Registry)."""
TRANSPORTS: Mapping[str, str] = {
    "tcp": "tcp",
    "tcp-pkt": "tcp",
    "tcp-stream": "tcp",
    "udp": "udp",
    "ip": "",
    "pkthdr": "",
}
S7_PLUS = 0x72
"""Protocol identifier behind TPKT and COTP: the newer protocol on the same port."""
