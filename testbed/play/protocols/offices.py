"""What stands beside the plant: DNS (RFC 1035), NTP (RFC 5905), HTTP (RFC 9112), SMB2, TLS, RDP, SSH, FTP, Telnet."""

from __future__ import annotations

import struct
from collections.abc import Sequence

DNS, NTP, HTTP, TLS, SMB, RDP, SSH, FTP, TELNET, VNC = 53, 123, 80, 443, 445, 3389, 22, 21, 23, 5900
NTP_EPOCH_S = 2_208_988_800


def dns_question(number: int, name: str, kind: int = 1) -> bytes:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack(">HHHHHH", number & 0xFFFF, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", kind, 1)


def dns_answer(question: bytes, data: Sequence[bytes], kind: int = 1, code: int = 0) -> bytes:
    """The same question with its answers; `code` 3: no such name."""
    records = b"".join(struct.pack(">HHHIH", 0xC00C, kind, 1, 300, len(one)) + one for one in data)
    return question[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(data), 0, 0) + question[12:] + records


def ntp(now_ns: int, *, answer_to: bytes | None = None) -> bytes:
    """Version 4: mode 3 asks, mode 4 answers from stratum 3."""
    seconds, rest = divmod(now_ns, 1_000_000_000)
    stamp = struct.pack(">II", (seconds + NTP_EPOCH_S) & 0xFFFF_FFFF, (rest << 32) // 1_000_000_000)
    if answer_to is None:
        return struct.pack(">BBBb", 0x23, 0, 6, -20) + bytes(36) + stamp
    head = struct.pack(">BBBbII4s", 0x24, 3, 6, -20, 0x200, 0x300, b"\x0a\x00\x00\x01")
    return head + stamp + answer_to[40:48] + stamp + stamp


def http_request(host: str, path: str, method: str = "GET", body: bytes = b"", agent: str = "Mozilla/5.0") -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\n{length}\r\n".encode() + body


def http_response(body: bytes, kind: str = "text/html", status: str = "200 OK") -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nServer: nginx\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )


def tls_hello(name: str, random: bytes) -> bytes:
    """ClientHello of TLS 1.2 with a server name (RFC 5246, 7.4.1.2; RFC 6066, 3)."""
    server_name = struct.pack(">HHBH", len(name) + 5, len(name) + 3, 0, len(name)) + name.encode()
    extensions = struct.pack(">H", 0) + server_name
    extensions += bytes.fromhex("000a00040002001d000b00020100000d0006000404030401")
    ciphers = bytes.fromhex("c02bc02fc02cc030009c009d")
    body = b"\x03\x03" + random[:32] + b"\0" + struct.pack(">H", len(ciphers)) + ciphers + b"\x01\0"
    body += struct.pack(">H", len(extensions)) + extensions
    handshake = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + struct.pack(">H", len(handshake)) + handshake


def tls_server(random: bytes) -> bytes:
    """ServerHello, then encrypted: the rest of the handshake does not matter here (resumed session)."""
    body = b"\x03\x03" + random[:32] + b"\x20" + random[:32] + b"\xc0\x2f\0"
    handshake = b"\x02" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x03" + struct.pack(">H", len(handshake)) + handshake + tls_finish(random)


def tls_finish(random: bytes) -> bytes:
    """ChangeCipherSpec and an encrypted Finished."""
    return bytes.fromhex("1403030001011603030028") + random[:40].ljust(40, b"\x5a")


def tls_data(content: bytes) -> bytes:
    return b"\x17\x03\x03" + struct.pack(">H", len(content)) + content


def smb2(command: int, number: int, body: bytes, *, answer: bool = False, status: int = 0, session: int = 0) -> bytes:
    """MS-SMB2 2.2.1.2 behind a NetBIOS session header."""
    flags = 1 if answer else 0
    head = b"\xfeSMB" + struct.pack("<HHIHHIIQIIQ", 64, 1, status, command, 1, flags, 0, number, 0xFEFF, 0, session)
    content = head + bytes(16) + body
    return struct.pack(">I", len(content)) + content


def smb2_negotiate(number: int, guid: bytes) -> tuple[bytes, bytes]:
    asked = struct.pack("<HHHHI", 36, 2, 1, 0, 0) + guid[:16] + bytes(8) + struct.pack("<HH", 0x0202, 0x0210)
    told = struct.pack("<HHHH", 65, 1, 0x0210, 0) + guid[:16][::-1]
    told += struct.pack("<IIIIQQHHI", 1, 0x100000, 0x100000, 0x100000, 133_000_000_000_000_000, 0, 128, 0, 0)
    return smb2(0, number, asked), smb2(0, number, told, answer=True)


def smb2_session_refused(number: int, user: bytes) -> tuple[bytes, bytes]:
    """An NTLMSSP authentication that is refused: STATUS_LOGON_FAILURE."""
    name = user.decode().encode("utf-16-le")
    token = b"NTLMSSP\0" + struct.pack("<I", 3)
    token += struct.pack("<HHI", 0, 0, 88) * 3 + struct.pack("<HHI", len(name), len(name), 88)
    token = token[:28] + struct.pack("<HHI", 0, 0, 88) + struct.pack("<HHI", len(name), len(name), 88)
    token += struct.pack("<HHI", 0, 0, 88 + len(name)) + struct.pack("<HHI", 0, 0, 88 + len(name))
    token += struct.pack("<I", 0xA2088207) + b"\x06\x01\xb1\x1d\0\0\0\x0f" + bytes(16) + name
    asked = struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 88, len(token), 0) + token
    told = struct.pack("<HBBI", 9, 0, 0, 0) + b"\0"
    return smb2(1, number, asked, session=1), smb2(1, number, told, answer=True, status=0xC000_006D, session=1)


def rdp_connect(user: bytes) -> tuple[bytes, bytes]:
    """X.224 connection request with a cookie and its confirm (MS-RDPBCGR 2.2.1.1, 2.2.1.2)."""
    cookie = b"Cookie: mstshash=" + user + b"\r\n"
    asked = b"\xe0\0\0\0\0\0" + cookie + bytes.fromhex("0100080003000000")
    told = bytes.fromhex("d000001234000200080002000000")
    return (
        struct.pack(">BBHB", 3, 0, len(asked) + 5, len(asked)) + asked,
        struct.pack(">BBHB", 3, 0, len(told) + 5, len(told)) + told,
    )
