"""Signatures by SM2 with SM3. GB/T 32918.2-2016 (signing), GB/T 32918.5-2017 (curve), GB/T 32905-2016 (SM3).

The library at hand has SM3 and no SM2, so the curve's arithmetic stands here. Checking a signature handles public
values only.
Signing takes a time that depends on the key: do it on a machine that nobody else shares, as one does with such a key
anyway.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

P = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_00000000_FFFFFFFF_FFFFFFFF
A = P - 3
B = 0x28E9FA9E_9D9F5E34_4D5A9E4B_CF6509A7_F39789F5_15AB8F92_DDBCBD41_4D940E93
N = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_7203DF6B_21C6052B_53BBF409_39D54123
G = (
    0x32C4AE2C_1F198119_5F990446_6A39C994_8FE30BBF_F2660BE1_715A4589_334C74C7,
    0xBC3736A2_F4F6779C_59BDCEE3_6B692153_D0A9877C_C62A4740_02DF32E5_2139F0A0,
)
IDENTITY = b"1234567812345678"
"""Of a signer who has none of his own (GM/T 0009-2012, 10)."""
_CURVE = bytes.fromhex("301306072a8648ce3d020106082a811ccf5501822d")
"""id-ecPublicKey and the curve's number (GM/T 0006): AlgorithmIdentifier in DER."""
_PUBLIC = bytes.fromhex("3059") + _CURVE + bytes.fromhex("03420004")
_PRIVATE = bytes.fromhex("308187020100") + _CURVE + bytes.fromhex("046d306b0201010420")
_PEM = re.compile(rb"-----BEGIN ([A-Z ]+)-----\s+([A-Za-z0-9+/=\s]+)-----END \1-----")

Point = tuple[int, int]
_Jacobian = tuple[int, int, int]


def public_point(pem: bytes) -> tuple[Point, bytes] | None:
    """The point of a public key in PEM (SubjectPublicKeyInfo, RFC 5280), and its DER. None: no SM2 key on the curve."""
    der = _der(pem, b"PUBLIC KEY")
    if der is None or len(der) != len(_PUBLIC) + 64 or not der.startswith(_PUBLIC):
        return None
    point = (int.from_bytes(der[-64:-32], "big"), int.from_bytes(der[-32:], "big"))
    return (point, der) if on_curve(point) else None


def private_number(pem: bytes) -> int | None:
    """The number of an unencrypted private key in PEM (PKCS #8, RFC 5958, as OpenSSL writes it). None: no SM2 key."""
    der = _der(pem, b"PRIVATE KEY")
    if der is None or not der.startswith(_PRIVATE):
        return None
    number = int.from_bytes(der[len(_PRIVATE) : len(_PRIVATE) + 32], "big")
    return number if 1 <= number < N - 1 else None


def public_der(number: int) -> bytes:
    """SubjectPublicKeyInfo of a private key."""
    x, y = _plain(_times(number, G))
    return _PUBLIC + x.to_bytes(32, "big") + y.to_bytes(32, "big")


def on_curve(point: Point) -> bool:
    x, y = point
    return 0 <= x < P and 0 <= y < P and (y * y - (x * x * x + A * x + B)) % P == 0


def sign(number: int, message: bytes) -> bytes:
    """DER of r and s. The same key and message give the same signature (RFC 6979, 3.2, with SM3)."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    digest = _digest(_plain(_times(number, G)), message)
    e = int.from_bytes(digest, "big")
    for k in _numbers(number, digest):
        r = (e + _plain(_times(k, G))[0]) % N
        s = pow(1 + number, -1, N) * (k - r * number) % N
        if r and s and r + k != N:
            return encode_dss_signature(r, s)
    raise AssertionError("the numbers do not end")


def verify(point: Point, signature: bytes, message: bytes) -> bool:
    """GB/T 32918.2, 7.1."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        return False
    t = (r + s) % N
    if not 1 <= r < N or not 1 <= s < N or t == 0:
        return False
    sum_ = _add(_times(s, G), _times(t, point))
    if sum_[2] == 0:
        return False
    e = int.from_bytes(_digest(point, message), "big")
    return (e + _plain(sum_)[0]) % N == r


def _digest(point: Point, message: bytes) -> bytes:
    """SM3 of the signer's identity, curve and key, then of that and the message (5.5, 6.1)."""
    known = b"".join(number.to_bytes(32, "big") for number in (A, B, *G, *point))
    head = (len(IDENTITY) * 8).to_bytes(2, "big") + IDENTITY
    return _sm3(_sm3(head + known) + message)


def _sm3(data: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes

    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def _keyed(key: bytes, data: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes, hmac

    digest = hmac.HMAC(key, hashes.SM3())
    digest.update(data)
    return digest.finalize()


def _numbers(number: int, digest: bytes) -> Iterator[int]:
    """Secret numbers that follow from key and message, one after the other until one fits."""
    seed = number.to_bytes(32, "big") + (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
    key, value = bytes(32), b"\x01" * 32
    for mark in (b"\x00", b"\x01"):
        key = _keyed(key, value + mark + seed)
        value = _keyed(key, value)
    while True:
        value = _keyed(key, value)
        if 1 <= (found := int.from_bytes(value, "big")) < N:
            yield found
        key = _keyed(key, value + b"\x00")
        value = _keyed(key, value)


def _times(number: int, point: Point) -> _Jacobian:
    result, base = (1, 1, 0), (*point, 1)
    for bit in bin(number)[2:]:
        result = _double(result)
        if bit == "1":
            result = _add(result, base)
    return result


def _double(point: _Jacobian) -> _Jacobian:
    x, y, z = point
    if z == 0 or y == 0:
        return (1, 1, 0)
    square = y * y % P
    s = 4 * x * square % P
    m = (3 * x * x + A * pow(z, 4, P)) % P
    x3 = (m * m - 2 * s) % P
    return x3, (m * (s - x3) - 8 * square * square) % P, 2 * y * z % P


def _add(one: _Jacobian, other: _Jacobian) -> _Jacobian:
    if one[2] == 0:
        return other
    if other[2] == 0:
        return one
    (x1, y1, z1), (x2, y2, z2) = one, other
    z1z1, z2z2 = z1 * z1 % P, z2 * z2 % P
    u1, u2 = x1 * z2z2 % P, x2 * z1z1 % P
    s1, s2 = y1 * z2 * z2z2 % P, y2 * z1 * z1z1 % P
    if u1 == u2:
        return _double(one) if s1 == s2 else (1, 1, 0)
    h, r = u2 - u1, s2 - s1
    hh = h * h % P
    hhh, v = h * hh % P, u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, z1 * z2 * h % P


def _plain(point: _Jacobian) -> Point:
    x, y, z = point
    inverse = pow(z, -1, P)
    return x * inverse * inverse % P, y * pow(inverse, 3, P) % P


def _der(pem: bytes, label: bytes) -> bytes | None:
    for found in _PEM.finditer(pem):
        if found[1] == label:
            try:
                return base64.b64decode(found[2], validate=False)
            except ValueError:
                return None
    return None
