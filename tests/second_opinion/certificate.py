"""Whose a certificate is, read by a few lines of its own: libraries refuse what is not quite DER, devices do not.

RFC 5280 4.1; lengths as in ITU-T X.690 8.1.3, minimal or not.
"""

from __future__ import annotations

from collections.abc import Iterator

SHORT = {
    "550403": "CN",
    "550405": "serialNumber",
    "550406": "C",
    "550407": "L",
    "550408": "ST",
    "550409": "STREET",
    "55040a": "O",
    "55040b": "OU",
    "0992268993f22c640119": "DC",
    "0992268993f22c640101": "UID",
    "2a864886f70d010901": "emailAddress",
}
"""by the bytes of the identifier"""
VERSION, BMP_STRING = 0xA0, 0x1E
SUBJECT = 4
"""behind serial number, algorithm, issuer and validity"""


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element. Raises IndexError where the bytes end before one does."""
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            more = length & 0x7F
            length, at = int.from_bytes(data[at : at + more]), at + more
        if at + length > len(data):
            raise IndexError(at)
        yield tag, data[at : at + length]
        at += length


def _first(data: bytes) -> bytes:
    """Content of the first element, whatever comes behind it."""
    return next(_parts(data))[1]


def subject(der: bytes) -> str:
    """`CN=plc1, O=Plant`, in the order of the certificate. Raises IndexError, StopIteration where there is none."""
    told = [content for tag, content in _parts(_first(_first(der))) if tag != VERSION]
    names = []
    for _, pairs in _parts(told[SUBJECT]):
        for _, pair in _parts(pairs):
            (_, kind), (tag, value) = list(_parts(pair))[:2]
            text = value.decode("utf-16-be" if tag == BMP_STRING else "utf-8", "replace")
            names.append(f"{SHORT.get(kind.hex(), 'other')}={text}")
    return ", ".join(names)
