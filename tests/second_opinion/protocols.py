"""The protocols that are compared: a file each, and a line here."""

from __future__ import annotations

from tests.second_opinion import datagrams, modbus, opcua, s7comm
from tests.second_opinion.message import Comparable

PROTOCOLS: tuple[Comparable, ...] = (modbus.MODBUS, s7comm.S7COMM, opcua.OPCUA, *datagrams.ALL)
