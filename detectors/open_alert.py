"""An alert that may still change, and what is remembered of it across a restart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sensor.schema import Alert
from sensor.schema.shape import Json, as_int, as_list, as_text

REVISIONS_UNSEEN = 1 << 20
"""Revisions that may have been told after the state was saved: one every five seconds makes so many in two months.

A record with a revision that is known already is taken for a duplicate, so what a restart goes on with stands above.
"""


@dataclass(slots=True)
class OpenAlert:
    """`body` is the alert as it was told last. A revision shares with the one before whatever did not change: in a
    storm thousands of alerts grow every few seconds, and their records are kept, written or sent."""

    id: str
    segment: str
    body: Json
    revision: int = 0

    def copy(self) -> OpenAlert:
        """As it is now: the body itself is never changed, only exchanged."""
        return OpenAlert(self.id, self.segment, self.body, self.revision)

    def to_json(self) -> Json:
        return {"id": self.id, "segment": self.segment, "revision": self.revision, "alert": self.body}

    @classmethod
    def from_json(cls, data: Any) -> OpenAlert:
        """Raises ValueError or LookupError for what `to_json` never gave."""
        return cls(
            id=as_text(data["id"], "id"),
            segment=as_text(data["segment"], "segment"),
            body=Alert.from_json(data["alert"]).to_json(),
            revision=as_int(data["revision"], "revision") + REVISIONS_UNSEEN,
        )


def folds_to_json(folds: dict[int, OpenAlert]) -> list[Json]:
    return [{"fold": number, **opened.to_json()} for number, opened in sorted(folds.items())]


def folds_from_json(data: Any) -> dict[int, OpenAlert]:
    return {as_int(item["fold"], "fold"): OpenAlert.from_json(item) for item in as_list(data, "folds")}
