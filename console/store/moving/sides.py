"""What a store must be able to do to be moved from, or moved into."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from console.store.moving.rows import Batch, Place, Row, Tally

FACTS = "remarks"
RETENTION = "retention"


class Source(Protocol):
    """Nobody else has it open meanwhile, so it stands still."""

    @property
    def name(self) -> str:
        """for a person"""
        ...

    @property
    def identity(self) -> str:
        """the same store has the same, however it is called"""
        ...

    def mark(self) -> str:
        """Changes with everything a console does to it."""
        ...

    def expected(self) -> int:
        """About how many records there are, for the progress."""
        ...

    def batches(self, place: Place) -> Iterator[Batch]:
        """Every row from a place on, always in the same order. Memory does not grow with the store."""
        ...


@dataclass(frozen=True)
class State:
    """A move on its way, as it is written down in the target."""

    source: str
    """its identity"""
    name: str
    mark: str
    place: Place
    tally: Tally
    """of all rows before the place"""
    read: bool = False
    """everything is in the target; what is left is to compare"""

    def at(self, place: Place) -> State:
        return replace(self, place=place)

    def to_json(self) -> dict[str, Any]:
        return {**self.__dict__, "tally": self.tally.to_json()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> State:
        return cls(**{**data, "tally": Tally.from_json(data["tally"])})


class Target(Protocol):
    """Nobody else has it open meanwhile, and no console opens it before it is whole."""

    @property
    def name(self) -> str: ...

    @property
    def keeps(self) -> frozenset[str]:
        """parts beyond records and standing that have a place here"""
        ...

    def state(self) -> State | None:
        """The half-finished move that stands here.

        Raises:
            StoreError: something else stands here.
        """
        ...

    def clear(self) -> None:
        """Throw a half-finished move away."""
        ...

    def put(self, rows: Sequence[Row], state: State) -> None:
        """Write rows and how far we are. Durable on return; putting the same rows again changes nothing.

        Raises:
            StoreFull, StoreError: the state is still the one before.
        """
        ...

    def source(self) -> Source:
        """To read back what stands here."""
        ...

    def settle(self) -> None:
        """It was compared: from now on it is a store."""
        ...
