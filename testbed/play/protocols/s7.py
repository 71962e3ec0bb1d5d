"""S7comm messages as an S7-300 sends them, above TPKT (RFC 1006) and COTP (ISO 8073, class 0)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

PORT = 102
JOB, ACK, ACK_DATA, USERDATA = 1, 2, 3, 7
READ_VAR, WRITE_VAR, SETUP = 0x04, 0x05, 0xF0
DB = 0x84
PDU_BYTES = 240


def tpkt(tpdu: bytes) -> bytes:
    return struct.pack(">BBH", 3, 0, len(tpdu) + 4) + tpdu


def cotp_connection(code: int, own: int, other: int, kind: int = 1, slot: int = 2) -> bytes:
    """Connection request (0xe0) or confirm (0xd0): TPDU size 1024, TSAP of a PG (1), an OP (2); rack 0."""
    parameters = bytes.fromhex("c0010ac102") + bytes([kind, 0]) + bytes.fromhex("c202") + bytes([kind, slot])
    return tpkt(struct.pack(">BBHHB", 6 + len(parameters), code, other, own, 0) + parameters)


def pdu(kind: int, reference: int, parameter: bytes, data: bytes = b"", error: int = 0) -> bytes:
    tail = struct.pack(">H", error) if kind in (ACK, ACK_DATA) else b""
    head = struct.pack(">BBHHHH", 0x32, kind, 0, reference & 0xFFFF, len(parameter), len(data)) + tail
    return tpkt(bytes.fromhex("02f080") + head + parameter + data)


def opening(own: int = 1, kind: int = 1) -> list[tuple[bytes, bytes]]:
    """Connection, then the set-up of communication."""
    setup = struct.pack(">BBHHH", SETUP, 0, 1, 1, PDU_BYTES)
    return [
        (cotp_connection(0xE0, own, 0, kind), cotp_connection(0xD0, own + 7, own, kind)),
        (pdu(JOB, 0, setup), pdu(ACK_DATA, 0, setup)),
    ]


def item(block: int, at: int, size: int, area: int = DB) -> bytes:
    """S7ANY: byte access, length, data block, area, address in bits."""
    return bytes.fromhex("120a1002") + struct.pack(">HHB", size, block, area) + (at * 8).to_bytes(3, "big")


def read(reference: int, items: Sequence[bytes]) -> bytes:
    return pdu(JOB, reference, bytes([READ_VAR, len(items)]) + b"".join(items))


def was_read(reference: int, contents: Sequence[bytes]) -> bytes:
    """Data items: success, bytes counted in bits, content; padded to even but for the last."""
    parts = [struct.pack(">BBH", 0xFF, 4, 8 * len(content)) + content for content in contents]
    padded = [part + b"\0" * (len(part) % 2) for part in parts[:-1]] + parts[-1:]
    return pdu(ACK_DATA, reference, bytes([READ_VAR, len(contents)]), b"".join(padded))


def write(reference: int, block: int, at: int, content: bytes) -> tuple[bytes, bytes]:
    """Question and answer."""
    data = struct.pack(">BBH", 0, 4, 8 * len(content)) + content
    request = pdu(JOB, reference, bytes([WRITE_VAR, 1]) + item(block, at, len(content)), data)
    return request, pdu(ACK_DATA, reference, bytes([WRITE_VAR, 1]), b"\xff")


def stop(reference: int) -> tuple[bytes, bytes]:
    parameter = b"\x29" + bytes(5) + b"\x09P_PROGRAM"
    return pdu(JOB, reference, parameter), pdu(ACK_DATA, reference, b"\x29")


def control(reference: int, service: bytes, argument: bytes = b"", mark: int = 0xFD) -> tuple[bytes, bytes]:
    """PI service (0x28): P_PROGRAM starts, _DELE deletes, _MODU copies RAM to ROM, _INSE activates a block."""
    parameter = b"\x28" + bytes(6) + bytes([mark]) + struct.pack(">H", len(argument)) + argument
    parameter += bytes([len(service)]) + service
    return pdu(JOB, reference, parameter), pdu(ACK_DATA, reference, b"\x28")


def block_name(kind: bytes, number: int, system: bytes = b"A") -> bytes:
    """As file name: `_0800001A` is OB 1 in the active file system, P the passive one."""
    return b"_" + kind + b"%05d" % number + system


def upload(reference: int, kind: bytes, number: int, content: bytes) -> list[tuple[bytes, bytes]]:
    """Start (0x1d), the parts (0x1e), end (0x1f)."""
    name = block_name(kind, number)
    start = b"\x1d\0\0\0" + bytes(4) + bytes([len(name)]) + name
    told = b"\x1d\0\0\0" + struct.pack(">I", 7) + b"\x07%07d" % len(content)
    found = [(pdu(JOB, reference, start), pdu(ACK_DATA, reference, told))]
    parts = [content[at : at + 200] for at in range(0, len(content), 200)]
    for number_of, part in enumerate(parts):
        more = int(number_of + 1 < len(parts))
        reference += 1
        asked = b"\x1e\0\0\0" + struct.pack(">I", 7)
        data = struct.pack(">HH", len(part), 0x00FB) + part
        found.append((pdu(JOB, reference, asked), pdu(ACK_DATA, reference, bytes([0x1E, more]), data)))
    end = b"\x1f\0\0\0" + struct.pack(">I", 7)
    found.append((pdu(JOB, reference + 1, end), pdu(ACK_DATA, reference + 1, b"\x1f")))
    return found


def download(reference: int, kind: bytes, number: int, content: bytes) -> list[tuple[bool, bytes]]:
    """(to the controller?, message): request (0x1a), then the controller asks for the parts (0x1b) and ends (0x1c)."""
    name = block_name(kind, number, b"P")
    # Lengths in load memory and of the code, as text.
    sizes = b"\x0d1%06d%06d" % (len(content), max(0, len(content) - 36))
    start = b"\x1a\0\x01\0" + bytes(4) + bytes([len(name)]) + name + sizes
    found = [(True, pdu(JOB, reference, start)), (False, pdu(ACK_DATA, reference, b"\x1a"))]
    parts = [content[at : at + 200] for at in range(0, len(content), 200)]
    for place, part in enumerate(parts):
        asked = b"\x1b\0\x01\0" + bytes(4) + bytes([len(name)]) + name
        more = int(place + 1 < len(parts))
        data = struct.pack(">HH", len(part), 0x00FB) + part
        found.append((False, pdu(JOB, reference + 1 + place, asked)))
        found.append((True, pdu(ACK_DATA, reference + 1 + place, bytes([0x1B, more]), data)))
    end = b"\x1c\0\x01\0" + bytes(4) + bytes([len(name)]) + name
    last = reference + 1 + len(parts)
    return [*found, (False, pdu(JOB, last, end)), (True, pdu(ACK_DATA, last, b"\x1c"))]


def userdata(reference: int, group: int, sub: int, data: bytes, answer: bytes | None) -> tuple[bytes, bytes]:
    """Group 3 block functions, 4 CPU functions, 5 security, 7 time. `answer` None: no data comes back."""
    asked = b"\0\x01\x12\x04\x11" + bytes([0x40 | group, sub, 0])
    told = b"\0\x01\x12\x08\x12" + bytes([0x80 | group, sub, 1]) + bytes(4)
    body = struct.pack(">BBH", 0xFF, 9, len(data)) + data if data else b"\x0a\0\0\0"
    back = struct.pack(">BBH", 0xFF, 9, len(answer)) + answer if answer else b"\x0a\0\0\0"
    return pdu(USERDATA, reference, asked, body), pdu(USERDATA, reference, told, back)


def system_status(reference: int, list_id: int, index: int, entries: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Read SZL."""
    size = len(entries[0]) if entries else 0
    answer = struct.pack(">HHHH", list_id, index, size, len(entries)) + b"".join(entries)
    return userdata(reference, 4, 1, struct.pack(">HH", list_id, index), answer)


def password(reference: int, text: bytes) -> tuple[bytes, bytes]:
    """Offered to the controller, encoded as its tools encode it: each byte with 0x55 and the one two places before."""
    plain = text.ljust(8)[:8]
    coded: list[int] = []
    for place, byte in enumerate(plain):
        coded.append(byte ^ 0x55 ^ (coded[place - 2] if place >= 2 else 0))
    asked, told = userdata(reference, 5, 1, bytes(coded), None)
    return asked, told


def clock(reference: int, moment: bytes) -> tuple[bytes, bytes]:
    """Set the clock: ten bytes, BCD."""
    return userdata(reference, 7, 2, moment, None)
