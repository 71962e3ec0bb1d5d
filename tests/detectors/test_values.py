"""Values learned by the core travel in the baseline's folder, and what it finds has words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from detectors.baseline import BaselineError, read_folder, write_folder
from detectors.values import CAUSES, describe
from sensor._core import Engine, baseline_to_json

ROOT = Path(__file__).parents[2]
CORE = ROOT / "sensor" / "core" / "wire" / "src" / "values"


class Hit:
    def __init__(self, cause: str) -> None:
        self.cause = cause

    def params(self) -> dict[str, Any]:
        return {"value": 1.5}


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_has_words(cause: str) -> None:
    said = describe(Hit(cause))
    assert said.detector == "value" and said.reason.code == cause.replace(":", "_")
    assert said.title.zh and said.title.en and said.advice and said.consequence and said.technique


def test_causes_are_the_cores() -> None:
    named = [re.findall(r'"(value:\w+)"', (CORE / name).read_text("utf-8")) for name in ("judge.rs", "declared.rs")]
    assert set(CAUSES) == {cause for causes in named for cause in causes}
    with pytest.raises(LookupError):
        describe(Hit("value:unheard_of"))


def learned() -> tuple[bytes, bytes]:
    engine = Engine(json.dumps({"learn": True}))
    engine.open_files([str(ROOT / "pcaps" / "modbus" / "normal_polling.pcap")])
    while not engine.poll().done:
        pass
    return engine.learned(), engine.learned_values()


def test_values_travel_with_the_baseline(tmp_path: Path) -> None:
    table, values = learned()
    assert json.loads(values)["format"] == 1 and json.loads(values)["links"]
    write_folder(
        tmp_path / "base", table, None, to_json=baseline_to_json, source=["x"], start_ns=0, end_ns=1, values=values
    )
    assert read_folder(tmp_path / "base").values == values
    Engine("{}", None, table, None, values)
    (tmp_path / "base" / "values.json").write_bytes(values + b" ")
    with pytest.raises(BaselineError, match=r"values\.json: does not match the manifest"):
        read_folder(tmp_path / "base")


@pytest.mark.parametrize("values", [b"", b"{}", b'{"format": 2, "not_learned": 0, "links": []}', b"\xff" * 40])
def test_bad_values_are_one_line(values: bytes) -> None:
    table, _ = learned()
    with pytest.raises(ValueError, match="the learned values") as refused:
        Engine("{}", None, table, None, values)
    assert "\n" not in str(refused.value)
