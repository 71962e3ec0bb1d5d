"""How far a measurement is, beside the store it fills: stopped or killed, the same command goes on from there."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

from tools.bench.table import Table
from tools.scale.load import Filled
from tools.scale.questions import Answered


class OtherLoad(ValueError):
    """What stands there is of another load."""


class Progress:
    """Of one store. `load` is what it is filled with: a filling goes on with the same only."""

    def __init__(self, path: Path, load: dict[str, int]) -> None:
        """
        Raises:
            OtherLoad: the message says which.
        """
        self._path = path
        self._told: dict[str, Any] = {"load": load}
        if path.exists():
            self._told = json.loads(path.read_text(encoding="utf-8"))
            if self._told["load"] != load:
                said = ", ".join(f"{number:,} {name}" for name, number in self._told["load"].items())
                raise OtherLoad(f"{path}: is of {said}; ask for these, or choose another folder")

    def filled(self, part: str) -> Filled:
        return Filled.from_json(self._told[part]) if part in self._told else Filled()

    def note(self, part: str, filled: Filled) -> None:
        self._write({**self._told, part: filled.to_json()})

    def table(self) -> Table | None:
        """What came out, where it was measured to the end."""
        return table_in(self._told)

    def grown(self) -> int:
        """Incidents that were added after it had been measured."""
        return int(self._told.get("grown", 0))

    def answers(self) -> dict[str, Answered]:
        """What was asked already, by question, of an asking that did not come to its end."""
        return {name: Answered(**answer) for name, answer in self._told.get("answers", {}).items()}

    def answered(self, answer: Answered) -> None:
        so_far = self._told.get("answers", {})
        self._write({**self._told, "answers": {**so_far, answer.name: dataclasses.asdict(answer)}})

    def finish(self, table: Table, grown: int = 0) -> None:
        told = {name: part for name, part in self._told.items() if name != "answers"}
        self._write({**told, "table": dataclasses.asdict(table), "grown": grown})

    def _write(self, told: dict[str, Any]) -> None:
        part = self._path.with_name(self._path.name + ".part")
        with part.open("w", encoding="utf-8") as file:
            json.dump(told, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)
        self._told = told


def measured(path: Path) -> Table | None:
    """What came out of the measurement that is noted there, if one is and came to its end."""
    return table_in(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def table_in(told: dict[str, Any]) -> Table | None:
    return Table(**told["table"]) if "table" in told else None
