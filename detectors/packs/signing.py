"""Who signed a pack, and whether the site trusts them.

A scheme is a line in `SCHEMES`. What is signed is the manifest's bytes behind `DOMAIN`, so that no signature made for
something else fits a pack. A pack may bear several signatures: one of a trusted key is enough, so a site that asks
for SM2 trusts SM2 keys only.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detectors.packs import sm2
from detectors.packs.manifest import PackRefused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DOMAIN = b"otus rule pack 1\n"
MAX_KEY_BYTES = 16 * 1024
MAX_SIGNATURES = 8


@dataclass(frozen=True)
class PublicKey:
    """`id`: SHA-256 of the key as SubjectPublicKeyInfo (RFC 5280, 4.1.2.7), the first 16 hexadecimal digits."""

    scheme: str
    id: str
    check: Callable[[bytes, bytes], bool]
    """signature, message"""
    name: str = ""
    """of its file"""


@dataclass(frozen=True)
class PrivateKey:
    scheme: str
    id: str
    sign: Callable[[bytes], bytes]


@dataclass(frozen=True)
class Scheme:
    """`public` and `private` read a PEM file of theirs; None: it is a key of another kind."""

    name: str
    public: Callable[[bytes], PublicKey | None]
    private: Callable[[bytes, bytes | None], PrivateKey | None]


def key_id(info: bytes) -> str:
    return hashlib.sha256(info).hexdigest()[:16]


def _ed25519_public(pem: bytes) -> PublicKey | None:
    # Imported where it is needed: whoever only looks at rules does without the package.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return _of(key) if isinstance(key, Ed25519PublicKey) else None


def _of(key: Ed25519PublicKey) -> PublicKey:
    from cryptography.exceptions import InvalidSignature

    def check(signature: bytes, message: bytes) -> bool:
        try:
            key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    return PublicKey("ed25519", _id(key), check)


def _id(key: Ed25519PublicKey) -> str:
    from cryptography.hazmat.primitives import serialization

    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key_id(key.public_bytes(serialization.Encoding.DER, form))


def _ed25519_private(pem: bytes, passphrase: bytes | None) -> PrivateKey | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        key = serialization.load_pem_private_key(pem, passphrase)
    except TypeError:
        way = "name --passphrase-file" if passphrase is None else "leave --passphrase-file out"
        raise PackRefused(f"the key is {'' if passphrase is None else 'not '}encrypted; {way}") from None
    except (ValueError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, Ed25519PrivateKey):
        return None
    return PrivateKey("ed25519", _id(key.public_key()), key.sign)


def _sm2_public(pem: bytes) -> PublicKey | None:
    found = sm2.public_point(pem)
    if found is None:
        return None
    point, der = found
    return PublicKey("sm2-sm3", key_id(der), lambda signature, message: sm2.verify(point, signature, message))


def _sm2_private(pem: bytes, passphrase: bytes | None) -> PrivateKey | None:
    number = sm2.private_number(pem)
    if number is None:
        return None
    return PrivateKey("sm2-sm3", key_id(sm2.public_der(number)), lambda message: sm2.sign(number, message))


SCHEMES: tuple[Scheme, ...] = (
    Scheme("sm2-sm3", _sm2_public, _sm2_private),  # GB/T 32918.2, GB/T 32905
    Scheme("ed25519", _ed25519_public, _ed25519_private),  # RFC 8032
)


def public_key(pem: bytes) -> PublicKey:
    """Raises PackRefused."""
    for scheme in SCHEMES:
        if (key := scheme.public(pem)) is not None:
            return key
    raise PackRefused(f"no public key in PEM of {', '.join(scheme.name for scheme in SCHEMES)}")


def private_key(path: Path, passphrase: bytes | None = None) -> PrivateKey:
    """Raises PackRefused."""
    try:
        pem = _read(path)
        for scheme in SCHEMES:
            if (key := scheme.private(pem, passphrase)) is not None:
                return key
    except PackRefused as error:
        raise PackRefused(f"{path}: {error}") from None
    schemes = ", ".join(scheme.name for scheme in SCHEMES)
    raise PackRefused(f"{path}: no private key in PEM of {schemes}, or another passphrase")


def trusted_keys(folder: Path) -> dict[str, PublicKey]:
    """The keys that a site trusts: every `*.pem` of a folder, by id.

    Raises:
        PackRefused: there is no such folder, no key in it, or a file that is none.
    """
    if not folder.is_dir():
        raise PackRefused(f"{folder}: no folder of trusted keys; put public keys (*.pem) there")
    found: dict[str, PublicKey] = {}
    for path in sorted(folder.glob("*.pem")):
        try:
            key = public_key(_read(path))
        except PackRefused as error:
            raise PackRefused(f"{path}: {error}") from None
        found[key.id] = PublicKey(key.scheme, key.id, key.check, path.stem)
    if not found:
        raise PackRefused(f"{folder}: no *.pem there, so no pack is trusted")
    return found


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_KEY_BYTES:
            raise PackRefused("too large for a key")
        return path.read_bytes()
    except OSError as error:
        raise PackRefused(f"cannot be read: {error.strerror}") from None


def signed(manifest: bytes, keys: Sequence[PrivateKey]) -> bytes:
    """`signatures.json`."""
    said = [
        {"scheme": key.scheme, "key": key.id, "signature": base64.b64encode(key.sign(DOMAIN + manifest)).decode()}
        for key in keys
    ]
    return (json.dumps({"signatures": said}, indent=1) + "\n").encode()


def signer(manifest: bytes, signatures: bytes, trusted: Mapping[str, PublicKey]) -> PublicKey:
    """The trusted key that signed the manifest.

    Raises:
        PackRefused: none did.
    """
    said = _signatures(signatures)
    strangers = []
    for one in said:
        key = trusted.get(one["key"])
        if key is None or key.scheme != one["scheme"]:
            strangers.append(one["key"])
        elif key.check(base64.b64decode(one["signature"]), DOMAIN + manifest):
            return key
        else:
            raise PackRefused(f"the signature of {key.name or key.id} is wrong: the pack was altered")
    raise PackRefused(f"signed by {', '.join(strangers)}, a key that is not trusted here")


def _signatures(data: bytes) -> list[dict[str, str]]:
    try:
        said: Any = json.loads(data.decode("utf-8"))
        found = said["signatures"]
        if not isinstance(found, list) or not 0 < len(found) <= MAX_SIGNATURES:
            raise ValueError
        for one in found:
            if set(one) != {"scheme", "key", "signature"} or not all(isinstance(text, str) for text in one.values()):
                raise ValueError
            if not all(char in "0123456789abcdef" for char in one["key"]) or len(one["key"]) != 16:
                raise ValueError
            base64.b64decode(one["signature"], validate=True)
    except (UnicodeDecodeError, ValueError, KeyError, TypeError, RecursionError):
        raise PackRefused("its signatures are not written as they should be") from None
    return list(found)
