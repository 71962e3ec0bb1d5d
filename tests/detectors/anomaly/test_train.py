"""Learning: repeatable, abstaining where there is too little, and never a pickle."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from detectors.anomaly import Anomaly, Settings, load_judge, train, train_matrix
from detectors.anomaly.compiled import compiled, joined, parted
from detectors.anomaly.features import NAMES, SESSIONS
from detectors.baseline.folder import BaselineError, ModelFiles
from sensor._core import Forest, features
from tests.detectors.anomaly.conftest import anomaly_of, folder_of
from tests.detectors.anomaly.synthetic import COLUMNS, WINDOW_NS, windows

ROOT = Path(__file__).parents[3]


class Batch:
    """Windows as the engine hands them out."""

    def __init__(self, matrix: np.ndarray, keys: list) -> None:  # type: ignore[type-arg]
        self.columns = list(COLUMNS)
        self.matrix = matrix.tobytes()
        self.starts, self.ends = (np.array([key[place] for key in keys], np.uint64).tobytes() for place in (4, 5))
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    def segments(self) -> list[str]:
        return [key[0] for key in self._keys]

    def clients(self) -> list[str]:
        return [key[1] for key in self._keys]

    def servers(self) -> list[str]:
        return [key[2] for key in self._keys]

    def protocols(self) -> list[str]:
        return [key[3] for key in self._keys]


def test_the_features_are_the_cores() -> None:
    assert tuple(features())[: len(COLUMNS)] == (*NAMES, SESSIONS)
    assert set(features()) - {*NAMES, SESSIONS} == {"peak", "retransmissions", "gap_bytes"}


def test_the_same_windows_give_the_same_model(learned: ModelFiles, anomaly: Anomaly) -> None:
    matrix, keys = windows(conversations=20, count=100, seed=1)
    again = train_matrix(COLUMNS, matrix, keys, window_ns=WINDOW_NS, make_forest=Forest)
    assert again.robust == learned.robust
    assert again.facts == learned.facts
    matrix, keys = windows(conversations=20, count=50, seed=9)
    matrix[:, 3] = np.arange(len(keys)) % 3
    assert anomaly_of(again).score(COLUMNS, matrix, keys) == anomaly.score(COLUMNS, matrix, keys)


def test_batches_of_the_engine_are_the_same_as_one_matrix(learned: ModelFiles) -> None:
    matrix, keys = windows(conversations=20, count=100, seed=1)
    batches = [Batch(matrix[start : start + 300], keys[start : start + 300]) for start in range(0, len(keys), 300)]
    assert train(batches, window_s=10, make_forest=Forest).robust == learned.robust


def test_facts_say_what_was_learned(learned: ModelFiles) -> None:
    facts = learned.facts
    assert (facts["state"], facts["windows"], facts["conversations"]) == ("active", 2000, 20)
    assert facts["window_ns"] == WINDOW_NS
    promise = facts["promise"]
    assert (promise["incidents_per_1000_assets_day"], promise["assets"], promise["windows_a_day"]) == (1.0, 21, 172_800)
    assert promise["chance_per_window"] == pytest.approx(0.021 / 172_800 / promise["folding"], rel=1e-2)
    (group,) = [group for group in facts["groups"] if group["name"] != "*"]
    assert {line["feature"] for line in group["features"]} == set(NAMES)
    assert all(line["low"] <= line["limit"] <= line["high"] for line in group["features"])


@pytest.mark.parametrize(("conversations", "count"), [(0, 0), (1, 59), (20, 9), (7, 8)])
def test_with_too_few_windows_the_model_abstains_and_says_so(conversations: int, count: int) -> None:
    if conversations:
        matrix, keys = windows(conversations, count, seed=1)
    else:
        matrix, keys = np.empty((0, 13)), []
    model = train_matrix(COLUMNS, matrix, keys, window_ns=WINDOW_NS, make_forest=Forest)
    assert model.forest is None and model.compiled is None and model.facts["state"] == "abstains"
    judge = load_judge(folder_of(model), Forest)
    matrix, keys = windows(2, 10, seed=2)
    matrix[:, 3] = 1000.0
    assert judge.judge(Batch(matrix, keys)) == []
    state = judge.state()
    assert state["model"] == "abstains" and state["windows"] == {"seen": 20, "judged": 0}
    assert "60 are needed" in state["reason"] and "至少需要 60 个" in state["reason"]


def test_conversations_with_few_windows_and_cut_windows_are_left_out() -> None:
    matrix, keys = windows(conversations=8, count=20, seed=1)
    keys[:20] = [(*key[:5], key[4] + 1) for key in keys[:20]]  # closed early
    keep = [index for index in range(160) if not 20 <= index < 35]  # five windows are left of the second
    model = train_matrix(
        COLUMNS, matrix[keep], [keys[index] for index in keep], window_ns=WINDOW_NS, make_forest=Forest
    )
    assert model.facts["conversations"] == 6 and model.facts["conversations_with_too_few"] == 1
    assert len(json.loads(model.robust)["conversations"]) == 6


def test_an_incident_while_learning_does_not_blind_the_model() -> None:
    matrix, keys = windows(conversations=10, count=100, seed=1)
    column = COLUMNS.index("objects")
    matrix[50, column] = 128.0
    anomaly = anomaly_of(train_matrix(COLUMNS, matrix, keys, window_ns=WINDOW_NS, make_forest=Forest))
    matrix, keys = windows(conversations=10, count=1, seed=2)
    matrix[0, column] = 128.0
    assert [finding.client for finding in anomaly.score(COLUMNS, matrix, keys)] == ["10.0.0.0"]


def test_a_smaller_rate_allows_more(learned: ModelFiles) -> None:
    matrix, keys = windows(conversations=20, count=100, seed=1)
    strict = train_matrix(
        COLUMNS,
        matrix,
        keys,
        window_ns=WINDOW_NS,
        make_forest=Forest,
        settings=Settings(incidents_per_1000_assets_day=0.01),
    )
    loose, tight = (np.array(json.loads(model.robust)["limits"]) for model in (strict, learned))
    assert np.all(loose >= tight) and np.any(loose > tight)


def spoiled(model: ModelFiles, change: Callable[[dict], object]) -> ModelFiles:  # type: ignore[type-arg]
    content = json.loads(model.robust)
    change(content)
    return replace(model, robust=json.dumps(content).encode())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: content.update(version=4), "a later version"),
        (lambda content: content.update(features=["x"]), "judges 'x', which this version has not"),
        (lambda content: content.update(features=[]), "is damaged"),
        (lambda content: content.update(features=["requests"] * 12), "is damaged"),
        (lambda content: content.update(features=list(NAMES[:11])), "is damaged"),
        (lambda content: content.pop("limits"), "is damaged"),
        (lambda content: content.update(limits=[[1.0], [1.0]]), "is damaged"),
        (lambda content: content["groups"].pop(), "is damaged"),
        (lambda content: content["groups"][0]["ensemble"].update(limit=float("inf")), "is damaged"),
        (lambda content: content["groups"][0]["ensemble"]["tails"][0].update(scale=-1.0), "is damaged"),
        (lambda content: content["groups"][0]["ensemble"]["density"].update(middle=[0.0]), "is damaged"),
        (lambda content: content.update(drift=[[1]]), "is damaged"),
        (lambda content: content["conversations"][0].update(group=99), "is damaged"),
        (lambda content: content["conversations"][0]["examples"][0].update(values=[1.0]), "is damaged"),
        (lambda content: content["conversations"][0].update(median=[1.0]), "is damaged"),
        (lambda content: content["conversations"][0].update(spread=[0.0] * 12), "is damaged"),
        (lambda content: content["conversations"][0].update(median=[float("nan")] * 12), "is damaged"),
        (lambda content: content["conversations"][0].update(conversation=["a"]), "is damaged"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(
    learned: ModelFiles,
    change: Callable[[dict], object],
    words: str,  # type: ignore[type-arg]
) -> None:
    with pytest.raises(BaselineError, match=words):
        load_judge(folder_of(spoiled(learned, change)), Forest)


def test_a_model_of_an_earlier_version_is_not_used_and_says_so(learned: ModelFiles) -> None:
    """Its baseline goes on without it: an upgrade stops no sensor."""
    judge = load_judge(folder_of(spoiled(learned, lambda content: content.update(version=2))), Forest)
    matrix, keys = windows(conversations=20, count=1, seed=2)
    matrix[4, COLUMNS.index("writes")] = 1000.0
    assert judge.judge(Batch(matrix, keys)) == []
    state = judge.state()
    assert state["model"] == "refused" and state["windows"] == {"seen": 20, "judged": 0}
    assert "learn the baseline again" in state["reason"] and "\n" not in state["reason"]


def test_the_record_is_what_scikit_learn_made(learned: ModelFiles) -> None:
    import skops.io

    trusted = skops.io.get_untrusted_types(data=learned.forest)
    assert trusted == ["sklearn.tree._tree.Tree"]
    record = skops.io.loads(learned.forest, trusted=trusted)
    parts = parted(learned.compiled or b"")
    assert [compiled(group["forest"]) for group in record] == parts
    assert [group["group"] for group in record] == [group["name"] for group in learned.facts["groups"]]


def test_a_compiled_forest_that_is_none_is_refused_and_nothing_opened_in_its_place(learned: ModelFiles) -> None:
    data = learned.compiled or b""
    parts = parted(data)
    for changed, words in [
        (b"", "is not a file of compiled forests; learn"),
        (data[:-1], "is cut off or damaged"),
        (data[:15], "is cut off or damaged"),
        (data + b"1", "1 bytes follow its end"),
        (joined([b"", *parts[1:]]), "is not a compiled forest; learn"),
        (joined([parts[0][:8] + b"\x07" + parts[0][9:], *parts[1:]]), "has format 7, this version reads 1; learn"),
        (joined([*parts, parts[0]]), f"is not {len(parts)} forests over 12 features; learn"),
        (joined([compiled(IsolationForest().fit(np.eye(11))), *parts[1:]]), "forests over 12 features; learn"),
    ]:
        with pytest.raises(BaselineError, match=f"forest.bin: .*{words}") as refused:
            load_judge(folder_of(replace(learned, compiled=changed)), Forest)
        assert "\n" not in str(refused.value)
    with pytest.raises(BaselineError, match=r"forest.bin: is missing"):
        load_judge(folder_of(replace(learned, compiled=None)), Forest)


def test_no_pickle_is_ever_loaded() -> None:
    """Neither by name nor through what would unpickle for us."""
    forbidden = ("pickle", "joblib", "allow_pickle", "shelve", "marshal", "dill")
    found = []
    for room in ("sensor", "detectors", "federation", "console", "otus"):
        for path in sorted((ROOT / room).rglob("*.py")):
            if "node_modules" in path.parts:
                continue
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                code = line.partition("#")[0]
                if any(f"import {word}" in code or f"{word}." in code or f"{word}=True" in code for word in forbidden):
                    found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert found == []
