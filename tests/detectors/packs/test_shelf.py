"""Installed packs: which version counts, whatever happens to the power, the disk or the files meanwhile."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from detectors.packs import PackRefused, Shelf, open_pack, trusted_keys
from detectors.packs import shelf as shelf_module
from detectors.packs.shelf import KEPT
from detectors.rules import RuleError, Source, load_rules
from tests.detectors.packs.making import STOP, Maker


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


def install(maker: Maker, path: Path, *, older: bool = False) -> None:
    place, opened = maker.shelf(), open_pack(path, trusted_keys(maker.keys), "0.1.0")
    with place.changing():
        place.allows(opened, older=older)
        place.put(opened)
        place.make_current(opened.manifest.name, opened.manifest.version)


def versions(place: Shelf) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.manifest.version, one.before) for one in place.active()]


def test_versions_come_and_go_back(maker: Maker) -> None:
    install(maker, maker.pack("1.0", "low"))
    install(maker, maker.pack("1.1", "high"))
    assert versions(maker.shelf()) == [("1.1", ("1.0",))]
    with pytest.raises(PackRefused, match=r"1\.0 is older than 1\.1.*rollback plant-rules"):
        install(maker, maker.pack("1.0", "low"))
    assert maker.shelf().back("plant-rules") == "1.0"
    assert versions(maker.shelf()) == [("1.0", ())]
    install(maker, maker.pack("1.1", "high"))
    install(maker, maker.pack("1.0", "low"), older=True)
    assert versions(maker.shelf()) == [("1.0", ("1.1",))]
    with pytest.raises(PackRefused, match="other content"):
        install(maker, maker.pack("1.1", "medium"))
    assert maker.shelf().back("plant-rules") == "1.1"
    assert maker.shelf().back("plant-rules") is None, "before the first there was none"
    assert versions(maker.shelf()) == []
    with pytest.raises(PackRefused, match="is off"):
        maker.shelf().back("plant-rules")
    with pytest.raises(PackRefused, match="no pack"):
        maker.shelf().back("../plant-rules")


def test_only_so_many_versions_stay(maker: Maker) -> None:
    for number in range(KEPT + 3):
        install(maker, maker.pack(f"1.{number}"))
    there = sorted(path.name for path in (maker.folder / "packs" / "plant-rules").iterdir() if path.is_dir())
    assert there == [f"1.{number}" for number in range(3, KEPT + 3)]


class PowerCut(BaseException):
    """Not an exception that anybody handles: nothing is tidied up."""


def steps(monkeypatch: pytest.MonkeyPatch, at: int) -> Callable[[], int]:
    """The power goes before the step number `at` that changes the disk. Returns how many there were."""
    seen = 0

    def counted(real: Any) -> Any:
        def step(*arguments: Any, **named: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen == at:
                raise PowerCut
            return real(*arguments, **named)

        return step

    for owner, name in (
        (shelf_module, "_sync"),
        (Path, "rename"),
        (Path, "mkdir"),
        (os, "fsync"),
        (shelf_module.shutil, "rmtree"),
    ):
        monkeypatch.setattr(owner, name, counted(getattr(owner, name)))
    return lambda: seen


def test_the_power_goes_at_any_moment(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before each step of an installation: one of the two versions counts, whole, and the next attempt succeeds."""
    old, new = maker.pack("1.0", "low"), maker.pack("1.1", "high")
    install(maker, old)
    cuts, seen_old = 0, 0
    for at in range(1, 60):
        with monkeypatch.context() as patched:
            count = steps(patched, at)
            try:
                install(maker, new)
            except PowerCut:
                cuts += 1
            else:
                assert count() == at - 1
                break
        ((version, _),) = versions(maker.shelf())
        seen_old += version == "1.0"
        assert version in ("1.0", "1.1")
        (rule,) = load_rules(maker.shelf().active()[0].folder)
        assert rule.level == {"1.0": "low", "1.1": "high"}[version]
        install(maker, new)
        assert versions(maker.shelf())[0][0] == "1.1"
        install(maker, old, older=True)
        maker_home = maker.folder / "packs" / "plant-rules"
        shelf_module.shutil.rmtree(maker_home / "1.1")
    assert cuts >= 8 and 0 < seen_old <= cuts


def test_a_disk_that_is_full(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    install(maker, maker.pack("1.0"))
    new = maker.pack("1.1")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(PackRefused, match="cannot be written: No space left on device"):
            install(maker, new)
    assert versions(maker.shelf()) == [("1.0", ())]
    assert not [path for path in (maker.folder / "packs" / "plant-rules").iterdir() if path.name.startswith(".part")]


def test_one_at_a_time(maker: Maker) -> None:
    place = maker.shelf()
    (maker.folder / "packs").mkdir()
    with (maker.folder / "packs" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(PackRefused, match="another command changes it"), place.changing():
            pass


Damage = Callable[[Path], None]
DAMAGES: list[tuple[Damage, str]] = [
    (lambda folder: (folder / STOP).write_text("title: other"), "its manifest says|its hash is another one"),  # type: ignore[list-item]
    (lambda folder: (folder / STOP).unlink(), "cannot be read|is missing"),
    (lambda folder: (folder / "s7comm" / "more.yml").write_text("title: x"), "is not in its manifest"),  # type: ignore[list-item]
    (lambda folder: (folder / "manifest.json").write_text("{}"), "the pack was altered"),  # type: ignore[list-item]
    (lambda folder: (folder / "signatures.json").unlink(), "cannot be read"),
]


@pytest.mark.parametrize(("damage", "said"), DAMAGES, ids=[row[1][:20] for row in DAMAGES])
def test_a_pack_that_was_altered_on_the_disk(damage: Damage, said: str, maker: Maker) -> None:
    """By a person, by malware, by a dying disk: it is not used, and the way back is open."""
    install(maker, maker.pack("1.0", "low"))
    install(maker, maker.pack("1.1", "high"))
    damage(maker.folder / "packs" / "plant-rules" / "1.1")
    with pytest.raises(PackRefused, match=said) as error:
        maker.shelf().active()
    assert "\n" not in str(error.value) and "rollback plant-rules" in str(error.value)
    assert maker.shelf().back("plant-rules") == "1.0"
    assert versions(maker.shelf()) == [("1.0", ())]
    if "the pack was altered" not in said:  # its manifest is what tells one pack of that version from another
        install(maker, maker.pack("1.1", "high"))
        assert versions(maker.shelf()) == [("1.1", ("1.0",))], "what does not count is written anew"


def test_a_key_that_is_trusted_no_more(maker: Maker) -> None:
    install(maker, maker.pack("1.0"))
    maker.new_key("other")
    (maker.keys / "maker.pem").unlink()
    with pytest.raises(PackRefused, match="not trusted here"):
        maker.shelf().active()


def test_a_folder_copied_under_another_name_is_none(maker: Maker) -> None:
    install(maker, maker.pack("1.0"))
    home = maker.folder / "packs" / "plant-rules"
    (home / "1.0").rename(home / "2.0")
    (home / "current").write_text('{"version": "2.0", "before": []}')
    with pytest.raises(PackRefused, match=r"it is plant-rules 1\.0"):
        maker.shelf().active()
    (home / "current").write_text('{"version": "../../x", "before": []}')
    with pytest.raises(PackRefused, match="does not say which version"):
        maker.shelf().active()


def test_rules_of_packs_stand_beside_the_others_or_in_their_place(maker: Maker, tmp_path: Path) -> None:
    plain = load_rules()
    stop = next(rule for rule in plain if rule.title == "S7 PLC Stop")
    renewed = maker.source("low", "S7 PLC Stop, Newer")
    (renewed / STOP).write_text((renewed / STOP).read_text().replace("5a0c9a3e-6d1d-5b3e-9a63-7d5f6f747501", stop.id))
    rules = load_rules(packs=[Source(renewed, "plant-rules@1.0")])
    assert len(rules) == len(plain)
    found = rules.by_id(stop.id)
    assert found is not None and (found.title, str(found.path)) == ("S7 PLC Stop, Newer", f"plant-rules@1.0/{STOP}")
    assert [rule.id for rule in rules.of("plant-rules@1.0")] == [stop.id]
    assert len(rules.without(["plant-rules@1.0"])) == len(plain) - 1
    added = load_rules(packs=[Source(maker.source("low"), "plant-rules@1.0")])
    assert len(added) == len(plain) + 1
    with pytest.raises(RuleError, match="is already used by a@1/"):
        load_rules(packs=[Source(maker.source(), "a@1"), Source(maker.source(), "b@1")])


def test_a_heartbeat_tells_which_packs_there_are(maker: Maker) -> None:
    from otus.detection import Given, load
    from otus.pack_sources import installed

    install(maker, maker.pack("1.0"))
    facts = load(Given(packs=installed(maker.folder / "packs", maker.keys))).facts
    assert facts["versions"]["rules.plant-rules"] == "1.0" and set(load().facts["versions"]) == {"otus"}


def test_two_packs_that_mean_different_lists_by_one_name(tmp_path: Path) -> None:
    text = "description: {zh: x, en: x}\nsource: s\ndate: '2026-11-20'\ntype: addresses\nvalues: [%s]\n"
    for name, value in (("a", "192.0.2.1"), ("b", "192.0.2.2")):
        (tmp_path / name / "lists").mkdir(parents=True)
        (tmp_path / name / "lists" / "bad.yml").write_text(text % value)
    one = load_rules(packs=[Source(tmp_path / "a", "a@1")])
    assert one.lists["bad"].values == ("192.0.2.1",)
    with pytest.raises(RuleError, match="a@1 has another list bad"):
        load_rules(packs=[Source(tmp_path / "a", "a@1"), Source(tmp_path / "b", "b@1")])
