"""SM2 with SM3, held against OpenSSL where it is here, and against what must never verify."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from detectors.packs import PackRefused, archive, gather, open_pack, private_key, sm2, trusted_keys
from tests.detectors.packs.making import Maker

OPENSSL = shutil.which("openssl")
NUMBER = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
POINT = (
    0x09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020,
    0xCCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13,
)
"""The example of GB/T 32918.5-2017, A.2: key pair; its signature of "message digest" was made with a number of its
own."""
SIGNATURE = bytes.fromhex(
    "3046"
    "022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)


def test_the_standards_own_example() -> None:
    assert sm2.public_der(NUMBER)[-64:] == b"".join(part.to_bytes(32, "big") for part in POINT)
    assert sm2.on_curve(POINT) and sm2.verify(POINT, SIGNATURE, b"message digest")
    assert not sm2.verify(POINT, SIGNATURE, b"message digesT")


def test_what_was_signed_verifies_and_nothing_else() -> None:
    signature = sm2.sign(NUMBER, b"a pack")
    assert signature == sm2.sign(NUMBER, b"a pack"), "the same bytes each time"
    assert sm2.verify(POINT, signature, b"a pack")
    assert not sm2.verify(POINT, signature, b"a pact")
    for place in range(4, len(signature)):
        altered = signature[:place] + bytes([signature[place] ^ 1]) + signature[place + 1 :]
        assert not sm2.verify(POINT, altered, b"a pack"), place
    zero = bytes.fromhex("3006020100020100")
    for odd in (b"", b"\x30", zero, signature + b"\x00", bytes.fromhex("3003020101")):
        assert not sm2.verify(POINT, odd, b"a pack")
    assert not sm2.on_curve((POINT[0], POINT[1] + 1))


@pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed: apt install openssl")
def test_openssl_says_the_same(tmp_path: Path) -> None:
    """Keys that it makes are read; what either signs the other verifies."""

    def openssl(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [OPENSSL or "", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=False)

    made = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", "key.pem")
    if made.returncode:
        pytest.skip("this openssl has no SM2")
    assert openssl("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem").returncode == 0
    number = sm2.private_number((tmp_path / "key.pem").read_bytes())
    found = sm2.public_point((tmp_path / "public.pem").read_bytes())
    assert number is not None and found is not None and sm2.public_der(number) == found[1]
    (tmp_path / "message").write_bytes(b"of both")
    how = ["-rawin", "-digest", "sm3", "-in", "message", "-pkeyopt", "distid:1234567812345678"]
    signed = openssl("pkeyutl", "-sign", "-inkey", "key.pem", *how)
    assert signed.returncode == 0, signed.stderr
    assert sm2.verify(found[0], signed.stdout, b"of both")
    (tmp_path / "signature").write_bytes(sm2.sign(number, b"of both"))
    checked = openssl("pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-sigfile", "signature", *how)
    assert checked.returncode == 0, checked.stderr


def _pem(label: str, der: bytes) -> str:
    import base64

    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n"


def test_a_site_that_asks_for_sm2(tmp_path: Path) -> None:
    """It trusts SM2 keys only: a pack that bears both signatures is taken, one that bears the other alone is not."""
    maker = Maker(tmp_path)
    (maker.keys / "maker.pem").unlink()
    (maker.keys / "national.pem").write_text(_pem("PUBLIC KEY", sm2.public_der(NUMBER)))
    point = b"".join(part.to_bytes(32, "big") for part in POINT)
    der = sm2._PRIVATE + NUMBER.to_bytes(32, "big") + bytes.fromhex("a14403420004") + point
    (tmp_path / "national.pem").write_text(_pem("PRIVATE KEY", der))
    gathered = gather(maker.source(), "1.0")
    both = [private_key(maker.key), private_key(tmp_path / "national.pem")]
    path = tmp_path / "both.otuspack"
    path.write_bytes(archive(gathered.manifest, gathered.files, both))
    opened = open_pack(path, trusted_keys(maker.keys), "0.1.0")
    assert (opened.signer.name, opened.signer.scheme) == ("national", "sm2-sm3")
    with pytest.raises(PackRefused, match="not trusted here"):
        open_pack(maker.pack("1.0"), trusted_keys(maker.keys), "0.1.0")
    path.write_bytes(path.read_bytes().replace("级别为 high".encode(), "级别为 hiGh".encode()))
    with pytest.raises(PackRefused, match=r"was altered|damaged"):
        open_pack(path, trusted_keys(maker.keys), "0.1.0")
