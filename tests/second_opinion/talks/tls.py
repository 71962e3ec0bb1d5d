"""OpenSSL with itself: every cipher of TLS 1.0 to 1.3 it still has, names, protocols, certificates, refusals."""

from __future__ import annotations

import datetime
import ssl
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.recording import Connection

VERSIONS = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
NAMES = ("plc1.plant.example", "a" * 63 + ".example", "", "xn--fiqs8s.example")
PROTOCOLS: tuple[list[str], ...] = ([], ["h2", "http/1.1"], ["mqtt"], ["-m-", "x"])
Keys = dict[str, Path]


def keys(folder: Path) -> Keys:
    """A certificate with its key in one file, for each kind of key; names as long and as foreign as they come."""
    made: Keys = {}
    for kind, key in (("rsa", rsa.generate_private_key(65537, 2048)), ("ec", ec.generate_private_key(ec.SECP256R1()))):
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
                x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "\u6c5f\u82cf"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Plant, Unit \u201c7\u201d"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"{kind}.plant.example"),
                x509.NameAttribute(NameOID.EMAIL_ADDRESS, "it@plant.example"),
                x509.NameAttribute(NameOID.SERIAL_NUMBER, "0042"),
            ]
        )
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .sign(key, hashes.SHA256())
        )
        made[kind] = folder / f"{kind}.pem"
        made[kind].write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + certificate.public_bytes(Encoding.PEM)
        )
    return made


def _contexts(version: ssl.TLSVersion, pem: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    server.load_cert_chain(pem)
    for context in (server, client):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # old versions are what is wanted
            context.minimum_version = context.maximum_version = version
        context.set_ciphers("ALL:@SECLEVEL=0")
    return server, client


def _talk(
    server: ssl.SSLContext, client: ssl.SSLContext, name: str, before: Sequence[tuple[bool, bytes]] = ()
) -> Connection:
    """Two ends in memory shake hands and say one thing each; a refusal ends it earlier."""
    connection = Connection(0, [(0, is_client, data) for is_client, data in before])
    bios = [ssl.MemoryBIO() for _ in range(4)]
    ends = {
        True: client.wrap_bio(bios[0], bios[1], server_hostname=name or None),
        False: server.wrap_bio(bios[2], bios[3], server_side=True),
    }
    incoming, outgoing = {True: bios[0], False: bios[2]}, {True: bios[1], False: bios[3]}
    done: set[bool] = set()
    for _ in range(8):
        for is_client, end in ends.items():
            try:
                if is_client not in done:
                    end.do_handshake()
                    done.add(is_client)
                    end.write(b"x" * 20)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                done.add(is_client)
            if data := outgoing[is_client].read():
                connection.said.append((0, is_client, data))
                incoming[not is_client].write(data)
    return connection


def _ciphers(version: ssl.TLSVersion) -> list[str]:
    if version == ssl.TLSVersion.TLSv1_3:
        return ["ALL"]
    everything = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    everything.set_ciphers("ALL:@SECLEVEL=0")
    return [each["name"] for each in everything.get_ciphers() if not each["name"].startswith("TLS_")]


def every_cipher(made: Keys) -> Iterator[Connection]:
    """One at a time; many are refused, for the version or the kind of key."""
    for version in VERSIONS:
        for kind, pem in made.items():
            for place, cipher in enumerate(_ciphers(version)):
                server, client = _contexts(version, pem)
                client.set_ciphers(f"{cipher}:@SECLEVEL=0")
                if protocols := PROTOCOLS[place % len(PROTOCOLS)]:
                    client.set_alpn_protocols(protocols)
                    server.set_alpn_protocols(protocols[-1:])
                yield _talk(server, client, NAMES[(place + len(kind)) % len(NAMES)])


def between_versions(made: Keys) -> Iterator[Connection]:
    """Each version against each: a choice, or a refusal; with a client's certificate, and with a second hello."""
    for mine in VERSIONS:
        for theirs in VERSIONS:
            server, _ = _contexts(mine, made["ec"])
            _, client = _contexts(theirs, made["ec"])
            client.load_cert_chain(made["rsa"])
            server.verify_mode = ssl.CERT_OPTIONAL
            if theirs == ssl.TLSVersion.TLSv1_3:
                # The client begins with another group: it has to greet again.
                server.set_ecdh_curve("secp384r1")
            yield _talk(server, client, "hmi.plant.example")


STARTTLS: dict[int, list[tuple[bool, bytes]]] = {
    25: [
        (False, b"220 mail.plant.example ESMTP\r\n"),
        (True, b"EHLO hmi\r\n"),
        (False, b"250-mail.plant.example\r\n250 STARTTLS\r\n"),
        (True, b"STARTTLS\r\n"),
        (False, b"220 go ahead\r\n"),
    ],
    143: [
        (False, b"* OK ready\r\n"),
        (True, b"a1 STARTTLS\r\n"),
        (False, b"a1 OK begin\r\n"),
    ],
    110: [(False, b"+OK ready\r\n"), (True, b"STLS\r\n"), (False, b"+OK begin\r\n")],
    21: [(False, b"220 ready\r\n"), (True, b"AUTH TLS\r\n"), (False, b"234 begin\r\n")],
    3389: [
        (True, bytes.fromhex("030000130ee000000000000100080003000000")),
        (False, bytes.fromhex("030000130ed000001234000200080002000000")),
    ],
    5432: [(True, bytes.fromhex("0000000804d2162f")), (False, b"S")],
}


def inside(made: Keys, port: int) -> Iterator[Connection]:
    for version in VERSIONS:
        server, client = _contexts(version, made["rsa"])
        yield _talk(server, client, "mail.plant.example", STARTTLS[port])
