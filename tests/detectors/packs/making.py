"""Packs for tests: small folders of rules, keys made on the spot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from detectors.packs import Shelf, archive, gather, private_key, trusted_keys

STOP = "s7comm/s7_stop_of_a_controller.yml"
RULE = """\
title: {title}
id: 5a0c9a3e-6d1d-5b3e-9a63-7d5f6f747501
level: {level}
protocol: s7comm
detection:
  selection: {{message.kind: request, s7comm.function: 0x29}}
  condition: selection
examples:
  - {{pcap: s7comm/plc_stop.pcap, alerts: {alerts}}}
"""
ABOUT = 'name = "plant-rules"\nneeds = "0.1.0"\n[changelog]\nzh = "{zh}"\nen = "what changed"\n'


@dataclass
class Maker:
    """Somebody who makes packs, and a site that trusts him."""

    folder: Path

    def __post_init__(self) -> None:
        self.keys = self.folder / "keys"
        self.keys.mkdir(parents=True, exist_ok=True)
        self.key = self.new_key("maker")

    def new_key(self, name: str, *, trusted: bool = True) -> Path:
        key = Ed25519PrivateKey.generate()
        path = self.folder / f"{name}.pem"
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        if trusted:
            public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            (self.keys / f"{name}.pem").write_bytes(public)
        return path

    def source(self, level: str = "high", title: str = "S7 Stop of a Controller", alerts: int = 1) -> Path:
        folder = self.folder / "source"
        (folder / "s7comm").mkdir(parents=True, exist_ok=True)
        (folder / STOP).write_text(RULE.format(level=level, title=title, alerts=alerts), encoding="utf-8")
        (folder / "pack.toml").write_text(ABOUT.format(zh=f"级别为 {level}"), encoding="utf-8")
        return folder

    def pack(self, version: str, level: str = "high", key: Path | None = None, alerts: int = 1) -> Path:
        gathered = gather(self.source(level, alerts=alerts), version)
        path = self.folder / f"{version}.otuspack"
        path.write_bytes(archive(gathered.manifest, gathered.files, [private_key(key or self.key)]))
        return path

    def shelf(self) -> Shelf:
        return Shelf(self.folder / "packs", trusted_keys(self.keys))
