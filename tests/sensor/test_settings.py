"""Settings: every one from every place, all problems at once, no value that breaks something later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sensor.settings import SETTINGS, Setting, SettingsError, defaults, load

OTHER: dict[type, tuple[Any, str, Any]] = {int: (7, "8", 9), str: ("file", "environment", "flag")}
LISTS = (["file"], "environment", ["flag"])


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_flags_go_before_the_environment_and_that_before_the_file(setting: Setting, tmp_path: Path) -> None:
    in_file, in_environment, as_flag = OTHER.get(setting.kind, LISTS)
    path = tmp_path / "sensor.yml"
    path.write_text(f"{setting.name}: {in_file}\n", encoding="utf-8")
    environment = {setting.variable: in_environment}
    of_environment = int(in_environment) if setting.kind is int else in_environment
    if setting.kind is list:
        of_environment = [in_environment]
    assert load(None, environment={})[setting.name] == setting.default
    assert load(path, environment={})[setting.name] == in_file
    assert load(path, environment=environment)[setting.name] == of_environment
    assert load(path, {setting.name: as_flag}, environment)[setting.name] == as_flag
    assert load(path, {setting.name: None}, environment)[setting.name] == of_environment


BAD = {
    "a word for a number": ("ring_mib: much", "ring_mib: expected a number, got 'much'"),
    "a fraction": ("ring_mib: 1.5", "expected a number"),
    "infinity": ("flows: .inf", "expected a number, got inf"),
    "no number": ("flows: .nan", "expected a number, got nan"),
    "yes": ("heartbeat_s: yes", "expected a number, got True"),
    "no room at all": ("flows: 0", "expected at least 1, got 0"),
    "negative": ("spool_max_mb: -5", "expected at least 1, got -5"),
    "too large a ring": ("ring_mib: 100000", "expected at most 16384, got 100000"),
    "a list for text": ("filter: [port, 502]", "expected text"),
    "text for a list of lists": ("interfaces: {eth0: 1}", "expected a list"),
    "a number for an interface": ("interfaces: [eth0, 5]", "expected names of interfaces"),
    "an address as a name": ("node_name: 10.1.2.3", "expected a name"),
    "a name with spaces": ("node_name: line one", "expected a name"),
    "an empty tenant": ("tenant: ''", "must not be empty"),
    "a near miss": ("intefaces: [eth0]", "unknown setting intefaces; did you mean interfaces?"),
    "no mapping": ("- eth0", "expected `name: value` lines"),
    "no YAML": ("a: [", "not YAML"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_said_with_its_place(case: str, tmp_path: Path) -> None:
    text, words = BAD[case]
    path = tmp_path / "sensor.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as raised:
        load(path, environment={})
    assert str(raised.value).startswith(str(path)) and words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_all_problems_at_once(tmp_path: Path) -> None:
    path = tmp_path / "sensor.yml"
    path.write_text("flows: many\nnod_name: x\nheartbeat_s: 0\n", encoding="utf-8")
    with pytest.raises(SettingsError) as raised:
        load(path, {"ring_mib": 0}, {"OTUS_SPOOL_MAX_MB": "lots"})
    assert [line.split(": expected")[0].rpartition(" ")[2] for line in str(raised.value).splitlines()] == [
        "flows", "node_name?", "heartbeat_s", "OTUS_SPOOL_MAX_MB", "--ring-mib"
    ]  # fmt: skip


def test_parents_from_the_environment_keep_their_commas() -> None:
    text = "city=https://a.example,/etc/otus/a; province=https://b.example,/etc/otus/b"
    assert load(environment={"OTUS_PARENTS": text})["parents"] == [part.strip() for part in text.split(";")]


def test_defaults_are_nobodys_to_change() -> None:
    defaults()["interfaces"].append("eth0")
    assert defaults()["interfaces"] == []


def test_an_empty_file_is_no_mistake_and_a_missing_one_is(tmp_path: Path) -> None:
    (tmp_path / "empty.yml").write_text("", encoding="utf-8")
    assert load(tmp_path / "empty.yml", environment={}) == defaults()
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        load(tmp_path / "missing.yml", environment={})
