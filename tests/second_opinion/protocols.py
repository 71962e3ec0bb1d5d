"""The protocols that are compared: a file each, and a line here."""

from __future__ import annotations

from tests.second_opinion import datagrams, dhcp, modbus, opcua, rdp, s7comm, smb, snmp, ssh, tls, vnc
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
)
