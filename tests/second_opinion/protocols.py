"""The protocols that are compared: a file each, and a line here."""

from __future__ import annotations

from tests.second_opinion import (
    datagrams,
    dhcp,
    heads,
    lines,
    modbus,
    mysql,
    opcua,
    postgresql,
    rdp,
    redis,
    s7comm,
    smb,
    snmp,
    ssh,
    tds,
    telnet,
    tls,
    vnc,
)
from tests.second_opinion.message import Comparable

PROTOCOLS: tuple[Comparable, ...] = (
    modbus.MODBUS,
    s7comm.S7COMM,
    opcua.OPCUA,
    *datagrams.ALL,
    dhcp.DHCP,
    snmp.SNMP,
    tls.TLS,
    smb.SMB,
    ssh.SSH,
    rdp.RDP,
    vnc.VNC,
    *lines.ALL,
    *heads.ALL,
    redis.REDIS,
    telnet.TELNET,
    tds.TDS,
    mysql.MYSQL,
    postgresql.POSTGRESQL,
)
