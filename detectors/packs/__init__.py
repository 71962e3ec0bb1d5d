"""Rule packs: signed, tried on kept evidence, installed beside the version before, and taken back.
`docs/rule-packs.md`."""

from detectors.packs.archive import Pack, archive, open_pack, read_pack
from detectors.packs.building import gather
from detectors.packs.manifest import PackRefused
from detectors.packs.shelf import Installed, Shelf
from detectors.packs.signing import private_key, trusted_keys

__all__ = [
    "Installed",
    "Pack",
    "PackRefused",
    "Shelf",
    "archive",
    "gather",
    "open_pack",
    "private_key",
    "read_pack",
    "trusted_keys",
]
