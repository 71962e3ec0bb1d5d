"""python-snap7's server, extended where it says "not implemented": download of code blocks, PI services, SZL lists.

A download is driven by the PLC: it acknowledges the request and then asks for the block with jobs of its own, whose
references it takes from its own counter. Afterwards the engineering station activates the block by PI service _INSE.
"""

from __future__ import annotations

import logging
import struct
from typing import Any

from snap7.server import Server
from snap7.type import SrvArea

Address = tuple[str, int]

JOB, ACK_DATA = 0x01, 0x03
PLC_CONTROL, REQUEST_DOWNLOAD, DOWNLOAD_BLOCK, DOWNLOAD_ENDED = 0x28, 0x1A, 0x1B, 0x1C
PROTECTED = 0xD241  # "not permitted at the current protection level"
NO_SUCH_BLOCK = 0xD209
BAD_REQUEST = 0x8104
MAX_BLOCK_BYTES = 65536
BLOCK_TYPES = {0x38: "OB", 0x41: "DB", 0x42: "SDB", 0x43: "FC", 0x45: "FB"}
log = logging.getLogger("s7_server")


class TurbinePlc(Server):
    """A PLC with a protected block range: writing blocks numbered from `protected_from` on is refused."""

    def __init__(self, protected_from: int = 1000) -> None:
        super().__init__(log=False)
        self.protected_from = protected_from
        self.passive: dict[tuple[int, int], bytes] = {}  # downloaded, not yet activated
        self.active: dict[tuple[int, int], bytes] = {}
        for number, size in ((1, 128), (2, 64), (10, 96)):
            content = bytes((7 * n + number) % 256 for n in range(size))
            self.register_area(SrvArea.DB, number, bytearray(content))

    def _handle_request_download(self, request: dict[str, Any], client_address: Address) -> bytes:
        raw: bytes = request.get("raw_parameters", b"")
        # function, status, 2 unknown, 4 id | 9 "_0" type number(5) "P" | 13 "1" load size(6) MC7 size(6)
        if len(raw) != 32 or raw[8:11] != b"\x09_0" or raw[17:20] != b"P\x0d1" or not raw[12:17].isdigit():
            return self._answer(request, BAD_REQUEST)
        if raw[11] not in BLOCK_TYPES or not raw[20:26].isdigit() or int(raw[20:26]) > MAX_BLOCK_BYTES:
            return self._answer(request, BAD_REQUEST)
        kind, number, size = raw[11], int(raw[12:17]), int(raw[20:26])
        if number >= self.protected_from:
            log.info("download of %s%d refused: protected", BLOCK_TYPES[kind], number)
            return self._answer(request, PROTECTED)
        # The keys and the phase "start_ack" are what snap7's client loop looks at: it then sends the first job.
        self._download_contexts[client_address] = {
            "block_type": kind,
            "block_num": number,
            "data": bytearray(),
            "max_size": size,
            "phase": "start_ack",
            "sequence": request["sequence"],
        }
        return self._answer(request)

    def _handle_download_response(self, pdu: bytes, client_address: Address) -> bytes | None:
        context = self._download_contexts.get(client_address)
        if context is None or len(pdu) < 12:
            return None  # an answer nobody asked for
        _, _, _, reference, parameter_length, data_length, error = struct.unpack(">BBHHHHH", pdu[:12])
        parameters, data = pdu[12 : 12 + parameter_length], pdu[12 + parameter_length :]
        broken = reference != context["sequence"] or error or len(data) != data_length or not parameters
        if broken or len(context["data"]) + len(data) > MAX_BLOCK_BYTES + 4:
            del self._download_contexts[client_address]
            return None
        if context["phase"] == "awaiting_end":
            del self._download_contexts[client_address]
            self.passive[context["block_type"], context["block_num"]] = bytes(context["data"])
            log.info("%s%d: %d bytes", BLOCK_TYPES[context["block_type"]], context["block_num"], len(context["data"]))
            return None
        context["data"].extend(data[4:])  # after length and 00 FB
        if len(parameters) > 1 and parameters[1] & 0x01:  # more to come
            return self._build_download_service_request(context, DOWNLOAD_BLOCK)
        context["phase"] = "awaiting_end"
        return self._build_download_service_request(context, DOWNLOAD_ENDED)

    def _handle_plc_control(self, request: dict[str, Any], client_address: Address) -> bytes:
        service, argument = parse_pi_service(request.get("raw_parameters", b""))
        if service == b"_INSE":
            # argument: count, 0, then per block "08" + type + number(5) + file system, e.g. 0800001P
            blocks = [argument[at : at + 8] for at in range(2, len(argument), 8)]
            for block in blocks:
                key = (block[1], int(block[2:7])) if block[2:7].isdigit() else (0, 0)
                if key not in self.passive:
                    return self._answer(request, BAD_REQUEST)
                self.active[key] = self.passive.pop(key)
                log.info("activated %s%d", BLOCK_TYPES.get(key[0], "?"), key[1])
            return self._answer(request)
        if service == b"_DELE":
            kind, digits = argument[3:4], argument[4:9]  # count, 0, "0", type, number(5), file system
            if not kind or not digits.isdigit() or self.active.pop((kind[0], int(digits)), None) is None:
                return self._answer(request, NO_SUCH_BLOCK)
            log.info("deleted %s%s", BLOCK_TYPES.get(kind[0], "?"), digits.decode())
            return self._answer(request)
        if service == b"P_PROGRAM":
            return super()._handle_plc_control(request, client_address)
        known = service in (b"_MODU", b"_GARB")
        return self._answer(request, 0 if known else BAD_REQUEST)

    def _get_szl_data(self, szl_id: int, szl_index: int) -> bytes | None:
        """Lists as a CPU 315-2 PN/DP gives them: record length, record count, records. snap7's own lack parts."""
        records: list[bytes] = []
        if szl_id == 0x0011:
            order = b"6ES7 315-2EH14-0AB0 "
            records = [struct.pack(">H20sHHH", index, order, 0x00C0, *version) for index, version in
                       ((1, (0x0004, 0x0001)), (6, (0x0004, 0x0001)), (7, (0x5603, 0x0206)))]
        elif szl_id == 0x001C:
            names = {1: b"S7300/ET200M station_1", 2: b"PLC_1", 3: b"", 4: b"Original Siemens Equipment",
                     5: b"S C-C2UR28922012", 7: b"CPU 315-2 PN/DP"}
            records = [struct.pack(">H32s", index, name) for index, name in names.items()]
        elif szl_id == 0x0424:
            mode = 0x08 if int(self.cpu_state) != 4 else 0x04
            records = [struct.pack(">HBBBBH12x", 0x5000 | mode, 0, mode, 0, 0, 0)]
        elif szl_id == 0x0000:
            records = [struct.pack(">H", known) for known in (0x0000, 0x0011, 0x001C, 0x0424)]
        if not records:
            return None
        return struct.pack(">HH", len(records[0]), len(records)) + b"".join(records)

    def _answer(self, request: dict[str, Any], error: int = 0) -> bytes:
        """The acknowledgement of a job; as from a CPU, the refused one names the function too."""
        function = bytes(request.get("raw_parameters", b"\x00")[:1])
        return struct.pack(">BBHHHHH", 0x32, ACK_DATA, 0, request["sequence"], 1, 0, error) + function


def parse_pi_service(parameters: bytes) -> tuple[bytes, bytes]:
    """Name and argument block of a PLC control job: 28, 7 bytes, length(2), argument, length(1), name."""
    if len(parameters) < 11:
        return b"", b""
    length = int.from_bytes(parameters[8:10], "big")
    return parameters[11 + length :], parameters[10 : 10 + length]
