"""What the Elasticsearch store is told at its start, and its budgets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PERIODS = ("day", "month", "year", "none")

PERIOD_OF: Mapping[str, str] = {"incident": "month", "heartbeat": "month", "evidence": "month"}
"""How long one index of a kind reaches, where the settings say nothing. Kinds that are not named have one index:
stations are kept as long as they are there, and of a kind from a newer version no unchanging time is known."""


@dataclass(frozen=True)
class ElasticSettings:
    """One cluster, as one console uses it."""

    urls: tuple[str, ...]
    api_key_file: Path | None = None
    """holds the encoded API key, the text that Elasticsearch shows once; readable by the console alone"""
    ca_file: Path | None = None
    """PEM of the authority that signed the cluster's certificate; None: those the system trusts"""
    prefix: str = "otus"
    """how every index of this console begins; consoles that share a cluster need one each"""
    periods: Mapping[str, str] = field(default_factory=dict)
    """kind → day, month, year or none; changed only for a new prefix, because it decides where a record is found"""
    shards: int = 1
    """primary shards of one index; one holds about 50 GB well"""
    refresh_s: float = 5.0
    """how long after it was stored a record is seen at the latest; a person's decision is seen at once"""
    journal_max_bytes: int = 1 << 30
    """what waits here while the cluster is away; beyond it senders are told to keep their records"""
    upward_max_bytes: int = 4 << 30
    """what waits for the parents; beyond it senders are told to keep their records"""
    keep_days: int = 180
    """what was stored last within this time is never deleted"""
    timeout_s: float = 30.0
    """for one request; what was asked for is asked again later, from the journal"""
    patience_s: int = 10
    """how long the cluster may look for a master, or for the shard that a document goes to; less than `timeout_s`, so
    that it says what it did not find"""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", self.prefix):
            raise ValueError(f"prefix: {self.prefix!r}: lower-case letters, digits and '_', no '-'")
        if self.keep_days < 180:
            raise ValueError(f"keep_days: {self.keep_days}: at least 180")
        for kind, period in self.periods.items():
            if kind not in PERIOD_OF or period not in PERIODS:
                raise ValueError(f"periods: {kind}={period}: {', '.join(PERIOD_OF)}, each {', '.join(PERIODS)}")

    def period_of(self, kind: str) -> str:
        return self.periods.get(kind, PERIOD_OF.get(kind, "none"))
