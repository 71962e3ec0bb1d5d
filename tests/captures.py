"""Where captures are."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("OTUS_SHARED_PCAPS", ROOT.parent / "shared" / "pcaps"))


def shared_captures() -> list[Path]:
    """Captures by others, beside the project where that folder exists; never part of it."""
    if not (SHARED / "MANIFEST.tsv").exists():
        return []
    lines = (SHARED / "MANIFEST.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [SHARED / line.split("\t")[0] for line in lines]


def bundled_captures() -> list[Path]:
    return sorted(path for path in (ROOT / "pcaps").rglob("*.pcap*") if path.is_file())
