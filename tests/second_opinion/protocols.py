"""The protocols that are compared: a file each, and a line here."""

from __future__ import annotations

from tests.second_opinion import datagrams, heads, lines, modbus, mysql, opcua, postgresql, redis, s7comm, tds, telnet
from tests.second_opinion.message import Comparable

PROTOCOLS: tuple[Comparable, ...] = (
    modbus.MODBUS,
    s7comm.S7COMM,
    opcua.OPCUA,
    *datagrams.ALL,
    *lines.ALL,
    *heads.ALL,
    redis.REDIS,
    telnet.TELNET,
    tds.TDS,
    mysql.MYSQL,
    postgresql.POSTGRESQL,
)
