"""TLS over TCP, wherever it begins: hellos with name and fingerprint, what the server chose, certificates, alerts.

The fingerprint and the certificates' subjects are made here from what tshark read, by another hand than ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from tests.second_opinion.certificate import subject
from tests.second_opinion.message import Comparable, Event, Row, Said

CLIENT_HELLO, SERVER_HELLO, CERTIFICATE = "1", "2", "11"
NAME, SIGNATURES, ALPN = 0, 13, 16
WITH_SIGNATURES = (SIGNATURES, 34, 50)
"""extensions that hold a list of signature algorithms, for which tshark has one field"""
VERSIONS = {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2"}


def _numbers(values: Sequence[str]) -> list[int]:
    return [int(value, 0) for value in values]


def _meant(numbers: Sequence[int]) -> list[int]:
    """Without those that keep servers tolerant: RFC 8701."""
    return [number for number in numbers if not (number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF)]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else "0" * 12


def _signatures(row: Row, extensions: list[int]) -> list[int]:
    """Of the extension with that name: the lists stand one behind the other, each with its length in bytes."""
    values = _numbers(row.all("tls.handshake.sig_hash_alg"))
    holders = [extension for extension in extensions if extension in WITH_SIGNATURES]
    for holder, length in zip(holders, _numbers(row.all("tls.handshake.sig_hash_alg_len")), strict=False):
        here, values = values[: length // 2], values[length // 2 :]
        if holder == SIGNATURES:
            return here
    return []


def _ja4(row: Row, version: int) -> str:
    """FoxIO, "JA4: TLS Client Fingerprinting", technical details."""
    ciphers = _meant(_numbers(row.all("tls.handshake.ciphersuite")))
    all_extensions = _numbers(row.all("tls.handshake.extension.type"))
    extensions = _meant(all_extensions)
    asked = "".join(row.all("tls.handshake.extensions_alpn_str")[:1])
    ends = "00"
    if asked:
        ends = asked[0] + asked[-1]
        if not (ends.isascii() and ends.isalnum()):
            ends = asked[:1].encode().hex()[0] + asked[-1:].encode().hex()[-1]
    first = "".join(
        (
            "t",
            VERSIONS.get(version, "00"),
            "d" if NAME in extensions else "i",
            f"{min(len(ciphers), 99):02}{min(len(extensions), 99):02}{ends}",
        )
    )
    kinds = ",".join(f"{number:04x}" for number in sorted(_hashed(extensions)))
    signatures = ",".join(f"{number:04x}" for number in _meant(_signatures(row, all_extensions)))
    second = _hash(",".join(f"{number:04x}" for number in sorted(ciphers)))
    third = _hash("_".join(filter(None, (kinds, signatures)))) if kinds else _hash("")
    return f"{first}_{second}_{third}"


def _hashed(extensions: list[int]) -> list[int]:
    """Without those whose content is in the readable part."""
    return [number for number in extensions if number not in (NAME, ALPN)]


def _client(row: Row) -> str:
    supported = _meant(_numbers(row.all("tls.handshake.extensions.supported_version")))
    version = max(supported, default=_numbers(row.all("tls.handshake.version"))[0])
    name = row.last("tls.handshake.extensions_server_name")
    return f"client {version:#x} {name} {_ja4(row, version)}"


def _server(row: Row) -> str:
    chosen = _numbers(row.all("tls.handshake.extensions.supported_version"))
    version = (chosen or _numbers(row.all("tls.handshake.version")))[0]
    return f"server {version:#x} {_numbers(row.all('tls.handshake.ciphersuite'))[0]:#x}"


def _certificates(row: Row) -> str:
    """How many, and the first one's owner."""
    chain = row.all("tls.handshake.certificate")
    if not chain:
        return "certificates 0"
    try:
        return f"certificates {len(chain)} {subject(bytes.fromhex(chain[0].replace(':', '')))}"
    except (IndexError, StopIteration):
        return f"certificates {len(chain)} unreadable"


SAY = {CLIENT_HELLO: _client, SERVER_HELLO: _server, CERTIFICATE: _certificates}


def theirs(row: Row, _servers: frozenset[int]) -> Iterator[Said]:
    if "tcp" not in row.layers:
        return  # in QUIC and the like, which we do not read
    for kind in row.all("tls.handshake.type"):
        if say := SAY.get(kind):
            yield Said(say(row), "")
    levels, descriptions = row.all("tls.alert_message.level"), row.all("tls.alert_message.desc")
    for level, description in zip(levels, descriptions, strict=False):
        yield Said(f"alert {level} {description}", "")


def ours(event: Event) -> Said | None:
    match str(event.get("tls.handshake_type")):
        case "1":
            name, fingerprint = event.get("tls.client.server_name", ""), event.get("tls.client.ja4", "none")
            return Said(f"client {event.get('tls.version_code', 0):#x} {name} {fingerprint}", "")
        case "2":
            return Said(f"server {event.get('tls.version_code', 0):#x} {event.get('tls.cipher_code', 0):#x}", "")
        case "11":
            count = event.get("tls.certificate.count", 0)
            subject = f" {event.get('tls.certificate.subject', 'unreadable')}" if count else ""
            return Said(f"certificates {count}{subject}", "")
        case "None" if "tls.alert.level" in event:
            return Said(f"alert {event['tls.alert.level']} {event['tls.alert.description']}", "")
        case _:
            return Said(event["operation.name"], "")


TLS = Comparable(
    name="tls",
    fields=(
        "tls.handshake.type",
        "tls.handshake.version",
        "tls.handshake.ciphersuite",
        "tls.handshake.extension.type",
        "tls.handshake.extensions.supported_version",
        "tls.handshake.extensions_server_name",
        "tls.handshake.extensions_alpn_str",
        "tls.handshake.sig_hash_alg",
        "tls.handshake.sig_hash_alg_len",
        "tls.handshake.certificate",
        "tls.alert_message.level",
        "tls.alert_message.desc",
    ),
    theirs=theirs,
    ours=ours,
    ports=frozenset({443, 465, 563, 636, 853, 989, 990, 992, 993, 995, 8443, 8883}),
    decode_as="tcp.port=={port},tls",
)
