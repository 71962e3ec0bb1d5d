"""Heartbeats: the ledger and the health of the sensor, one record a period, its revision growing while it lasts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from sensor.schema import Heartbeat, Interface, Ledger, Record


def ledger_of(counts: Mapping[str, Any]) -> Ledger:
    """The core's ledger as it travels: classes that are 0 are left out."""
    return Ledger(
        received=counts["received"],
        parsed=counts["parsed"],
        skipped={name: n for name, n in counts["skipped"].items() if n},
        lost={name: n for name, n in counts["lost"].items() if n},
        held=counts["held"],
    )


MERGING = ("GRO", "LRO")
"""Offloads that change frames before they are captured; the others are the business of a port that sends."""


def merging_offloads(lines: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Which of them are on, by interface, from the lines a capture starts with (`eth1: GRO on, LRO off, …`)."""
    found = {}
    for line in lines:
        name, _, settings = line.partition(": ")
        said = settings.partition(";")[0].split(", ")
        found[name] = tuple(word.lower() for word in MERGING if f"{word} on" in said)
    return found


class Health:
    """Counts since the sensor started; a period is an hour of engine time, so that a day leaves 24 records."""

    PERIOD_NS = 3_600_000_000_000

    def __init__(self, origin: str, tenant: str, every_s: int, facts: Mapping[str, Any]) -> None:
        self._origin, self._tenant, self._facts = origin, tenant, dict(facts)
        self._every_ns = max(1, every_s) * 1_000_000_000
        self._started_ns = self._next_ns = 0
        self._period = -1
        self._revision = 0

    def update(self, facts: Mapping[str, Any]) -> None:
        """What is said from now on of the rules, the baseline, and whether detection is alive."""
        self._facts.update(facts)

    def due(self, now_ns: int) -> bool:
        if now_ns == 0:
            return False
        if self._started_ns == 0:
            self._started_ns = self._next_ns = now_ns
        return now_ns >= self._next_ns

    def _detection(self, counts: Mapping[str, Any]) -> dict[str, Any]:
        """The last examination, and what the site's own filters took out where they took anything out."""
        told: dict[str, Any] = dict(self._facts.get("detection", {}))
        if filtered := counts.get("notes", {}).get("hits_suppressed", 0):
            told["hits_suppressed"] = filtered
        return told

    def record(
        self, now_ns: int, counts: Mapping[str, Any], inputs: list[dict[str, Any]], more: Mapping[str, Any]
    ) -> Record:
        """A heartbeat at engine time `now_ns`. `more` overrides facts given at start (model, windows, spool)."""
        self._next_ns = now_ns - now_ns % self._every_ns + self._every_ns
        period = now_ns // self.PERIOD_NS
        self._revision = self._revision + 1 if period == self._period else 1
        self._period = period
        offloads = self._facts.get("offloads", {})
        beat = Heartbeat(
            sensor=self._origin,
            start_ns=max(self._started_ns, period * self.PERIOD_NS),
            end_ns=now_ns,
            ledger=ledger_of(counts),
            interfaces=tuple(
                Interface(
                    name=item["name"],
                    received=item["received"],
                    dropped=item["dropped_kernel"],
                    transmitted=item["transmitted"],
                    nic_dropped=item["nic_dropped"],
                    offloads=tuple(offloads.get(item["name"], ())),
                )
                for item in inputs
            ),
            versions=self._facts.get("versions", {}),
            rules_loaded=self._facts.get("rules_loaded", 0),
            baseline=self._facts.get("baseline"),
            windows=more.get("windows", {}),
            model=more.get("model", "none"),
            spool=more.get("spool", {}),
            evidence=more.get("evidence", {}),
            recording=more.get("recording", {}),
            detection=self._detection(counts),
        )
        # The start is part of the identity: a sensor that starts again in the same hour begins a new account.
        key = f"heartbeat\0{self._origin}\0{period}\0{self._started_ns}"
        return Record(
            kind="heartbeat",
            id=hashlib.sha256(key.encode()).hexdigest()[:32],
            revision=self._revision,
            origin=self._origin,
            tenant=self._tenant,
            body=beat.to_json(),
        )
