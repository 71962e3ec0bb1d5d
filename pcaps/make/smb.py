"""SMB: a login, a share, a pipe. [MS-SMB2] 2.2, [MS-CIFS] 2.2, [MS-NLMP] 2.2.1, RFC 1002 4.3."""

from __future__ import annotations

import struct

from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

PORT = 445
SVCCTL = bytes.fromhex("81bb7a364498f135ad3298f038001003")
PIPE_TRANSCEIVE = 0x0011C017


def packet(message: bytes) -> bytes:
    return struct.pack(">I", len(message)) + message


def two(
    command: int, body: bytes, identifier: int, status: int = 0, answer: bool = False, tree: int = 0, follows: int = 0
) -> bytes:
    head = struct.pack(
        "<4sHHIHHIIQIIQ", b"\xfeSMB", 64, 1, status, command, 1, int(answer), follows, identifier, 0, tree, 0x41
    )
    return head + bytes(16) + body


def wide(text: str) -> bytes:
    return text.encode("utf-16-le")


def ntlm(user: str = "wartung", domain: str = "PLANT", workstation: str = "ENG7") -> bytes:
    texts = [wide(domain), wide(user), wide(workstation)]
    at = 64
    fields = b""
    for text in texts:
        fields += struct.pack("<HHI", len(text), len(text), at)
        at += len(text)
    empty = struct.pack("<HHI", 0, 0, 64)
    return b"NTLMSSP\0" + struct.pack("<I", 3) + empty + empty + fields + empty + struct.pack("<I", 1) + b"".join(texts)


def negotiate(identifier: int = 0) -> bytes:
    return two(
        0,
        struct.pack("<HHHHI16sQ", 36, 3, 1, 0, 0, bytes(16), 0) + struct.pack("<HHH", 0x0202, 0x0210, 0x0302),
        identifier,
    )


def negotiated(identifier: int = 0) -> bytes:
    body = struct.pack("<HHHH16sIIIIQQHHI", 65, 3, 0x0302, 0, bytes(16), 7, 1 << 20, 1 << 20, 1 << 20, 0, 0, 128, 0, 0)
    return two(0, body, identifier, answer=True)


def session(identifier: int, token: bytes) -> bytes:
    return two(1, struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 88, len(token), 0) + token, identifier)


def session_answer(identifier: int, status: int) -> bytes:
    return two(1, struct.pack("<HHHH", 9, 0, 72, 0), identifier, status, answer=True)


def tree_connect(identifier: int, path: str) -> bytes:
    return two(3, struct.pack("<HHHH", 9, 0, 72, len(wide(path))) + wide(path), identifier)


def tree_answer(identifier: int, kind: int, tree: int, status: int = 0) -> bytes:
    return two(3, struct.pack("<HBBIII", 16, kind, 0, 0, 0, 0x1F01FF), identifier, status, answer=True, tree=tree)


def create(
    identifier: int, name: str, tree: int, access: int = 0x120089, disposition: int = 1, options: int = 0
) -> bytes:
    body = struct.pack(
        "<HBBIQQIIIIIHHII", 57, 0, 0, 2, 0, 0, access, 0, 7, disposition, options, 120, len(wide(name)), 0, 0
    )
    return two(5, body + wide(name), identifier, tree=tree)


def created(identifier: int, tree: int, size: int = 4096) -> bytes:
    body = struct.pack("<HBBI32sQQII16sII", 89, 0, 0, 1, bytes(32), size, size, 0x80, 0, bytes(16), 0, 0)
    return two(5, body, identifier, answer=True, tree=tree)


def read(identifier: int, tree: int, length: int, offset: int = 0) -> bytes:
    return two(
        8,
        struct.pack("<HBBIQ16sIIIHH", 49, 0, 0, length, offset, bytes(16), 0, 0, 0, 0, 0) + b"\0",
        identifier,
        tree=tree,
    )


def read_answer(identifier: int, tree: int, data: bytes) -> bytes:
    return two(8, struct.pack("<HBBIII", 17, 80, 0, len(data), 0, 0) + data, identifier, answer=True, tree=tree)


def write(identifier: int, tree: int, data: bytes, offset: int = 0) -> bytes:
    return two(
        9,
        struct.pack("<HHIQ16sIIHHI", 49, 112, len(data), offset, bytes(16), 0, 0, 0, 0, 0) + data,
        identifier,
        tree=tree,
    )


def write_answer(identifier: int, tree: int, length: int) -> bytes:
    return two(9, struct.pack("<HHIIHH", 17, 0, length, 0, 0, 0), identifier, answer=True, tree=tree)


def transceive(identifier: int, tree: int, data: bytes) -> bytes:
    body = struct.pack("<HHI16sIIIIIIII", 57, 0, PIPE_TRANSCEIVE, bytes(16), 120, len(data), 0, 0, 0, 1024, 1, 0)
    return two(11, body + data, identifier, tree=tree)


def bind(interface: bytes = SVCCTL) -> bytes:
    head = bytes.fromhex("05000b03 10000000 4800 0000 01000000 b810 b810 00000000 01 000000 0000 01 00")
    return head + interface + bytes.fromhex("0200 0000") + bytes.fromhex("045d888aeb1cc9119fe808002b104860 02000000")


def one(command: int, words: bytes, content: bytes, identifier: int, status: int = 0, answer: bool = False) -> bytes:
    head = struct.pack(
        "<4sBIBHH8sHHHHH",
        b"\xffSMB",
        command,
        status,
        0x98 if answer else 0x18,
        0xC001,
        0,
        bytes(8),
        0,
        7,
        99,
        1,
        identifier,
    )
    return head + bytes([len(words) // 2]) + words + struct.pack("<H", len(content)) + content


def one_negotiate(identifier: int = 1, *dialects: bytes) -> bytes:
    names = dialects or (b"PC NETWORK PROGRAM 1.0", b"LANMAN1.0", b"NT LM 0.12")
    return one(0x72, b"", b"".join(b"\x02" + name + b"\0" for name in names), identifier)


def one_negotiated(identifier: int = 1, chosen: int = 2) -> bytes:
    return one(0x72, struct.pack("<HB", chosen, 3) + bytes(31), b"", identifier, answer=True)


def one_tree(identifier: int, path: str = "\\\\10.77.2.11\\IPC$") -> bytes:
    words = struct.pack("<BBHHH", 0xFF, 0, 0, 0, 1)
    # One byte of password makes the path begin at an even place.
    return one(0x75, words, b"\0" + wide(path) + b"\0\0" + b"?????\0", identifier)


def one_create(identifier: int, file: str = "\\svcctl") -> bytes:
    words = struct.pack("<BBHBHIIIQIIIIIB", 0xFF, 0, 0, 0, len(wide(file)), 0x16, 0, 0x2019F, 0, 0, 3, 1, 0, 2, 3)
    return one(0xA2, words, b"\0" + wide(file) + b"\0\0", identifier)


def encoded(text: str) -> bytes:
    letters = (chr(65 + (code >> 4)) + chr(65 + (code & 15)) for code in text.ljust(15).encode() + b"\x20")
    return b"\x20" + "".join(letters).encode() + b"\0"


def netbios(called: str, calling: str) -> bytes:
    return b"\x81\0\0\x44" + encoded(called) + encoded(calling)


def encrypted(size: int) -> bytes:
    return struct.pack("<4s16s16sIHHQ", b"\xfdSMB", bytes(16), bytes(16), size, 0, 1, 0x41) + bytes(size)


def ordinary() -> list[Frame]:
    """A failed and a good login, a file read and written, the service manager's pipe, an encrypted message; then SMB 1
    in a NetBIOS session.
    """
    frames: list[Frame] = []
    talk = Talk(frames, PORT, 40001)
    talk.ask(packet(negotiate()))
    talk.answer(packet(negotiated()))
    talk.ask(packet(session(1, b"NTLMSSP\0" + struct.pack("<II", 1, 1) + bytes(24))))
    talk.answer(packet(session_answer(1, 0xC0000016)))
    talk.ask(packet(session(2, ntlm())))
    talk.answer(packet(session_answer(2, 0xC000006D)))
    talk.ask(packet(session(3, ntlm())))
    talk.answer(packet(session_answer(3, 0)))
    talk.ask(packet(tree_connect(4, "\\\\10.77.2.11\\recipes")))
    talk.answer(packet(tree_answer(4, 1, 5)))
    talk.ask(packet(create(5, "line3\\oven.csv", 5)))
    talk.answer(packet(created(5, 5)))
    talk.ask(packet(read(6, 5, 3000)))
    data = packet(read_answer(6, 5, bytes(3000)))
    talk.answer(data[:1400], data[1400:2800], data[2800:])
    talk.ask(packet(write(7, 5, bytes(1000), 512)))
    talk.answer(packet(write_answer(7, 5, 1000)))
    talk.ask(packet(tree_connect(8, "\\\\10.77.2.11\\IPC$")))
    talk.answer(packet(tree_answer(8, 2, 6)))
    talk.ask(packet(create(9, "svcctl", 6)))
    talk.answer(packet(created(9, 6, 0)))
    talk.ask(packet(transceive(10, 6, bind())))
    talk.answer(
        packet(
            two(
                11,
                struct.pack("<HHI16sIIIIII", 49, 0, PIPE_TRANSCEIVE, bytes(16), 112, 0, 112, 0, 0, 0),
                10,
                answer=True,
                tree=6,
            )
        )
    )
    talk.ask(packet(create(11, "line3\\payroll.xls", 5, 0x12019F, 3)))
    talk.answer(packet(two(5, struct.pack("<HHIB", 9, 0, 0, 0), 11, 0xC0000022, answer=True, tree=5)))
    talk.ask(packet(encrypted(200)))
    talk.end()
    talk = Talk(frames, 139, 40002)
    talk.ask(netbios("HISTORIAN", "ENG7"))
    talk.answer(b"\x82\0\0\0")
    talk.ask(packet(one_negotiate()))
    talk.answer(packet(one_negotiated()))
    talk.ask(packet(one_tree(2)))
    talk.answer(packet(one(0x75, struct.pack("<BBHH", 0xFF, 0, 0, 1), b"IPC\0", 2, answer=True)))
    talk.ask(packet(one_create(3)))
    talk.answer(packet(one(0xA2, b"\xff\0\0\0" + bytes(64), b"", 3, answer=True)))
    talk.end()
    return frames


def errors() -> list[Frame]:
    """A command that no version has, a chain without an end, a token whose name lies outside, bytes between packets."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, 40001)
    talk.ask(packet(two(77, b"", 1)))
    talk.ask(packet(two(13, struct.pack("<HH", 4, 0), 2, follows=4096)))
    broken = bytearray(ntlm())
    broken[40:44] = b"\xff\xff\0\0"
    talk.ask(packet(session(3, bytes(broken))))
    talk.ask(packet(tree_connect(4, "\\\\a\\b")[:70]))
    talk.ask(b"junk between" + packet(negotiate(5)))
    talk.answer(packet(negotiated(5)))
    talk.end()
    return frames


def foreign() -> list[Frame]:
    """HTTP on port 445."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    talk.ask(b"GET / HTTP/1.1\r\nHost: 10.77.2.11:445\r\n\r\n")
    talk.answer(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    talk.end()
    return frames
