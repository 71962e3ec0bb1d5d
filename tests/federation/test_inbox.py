"""What a sensor is asked: on the disk before it is acknowledged, once, and gone when it was carried out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from federation.downlink import Downlink
from federation.inbox import MAX_WAITING, FileInbox, InboxError
from sensor.schema import Kind
from tests.federation.baseline_records import review
from tests.federation.order_records import notice, order_id
from tests.federation.test_downlink import GD, PACE, handed


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orders.json"


def inbox(path: Path) -> FileInbox:
    return FileInbox(path, [Kind.REVIEW])


def numbers(opened: FileInbox) -> list[int]:
    """What waits, in its order; it is all done then."""
    found = []
    while (one := opened.wait(0)) is not None:
        found.append(int(one.record.id, 16))
        opened.done(one)
    return found


def test_what_came_is_there_after_a_restart(path: Path) -> None:
    inbox(path).receive([review(1), review(2)], "gd", "sensor-1", 7)
    again = inbox(path)
    assert again.heard_from("gd") == 7 and again.heard_from("tg") == 0
    first = again.wait(0)
    assert first is not None and (first.parent, first.name, first.record) == ("gd", "sensor-1", review(1))
    again.done(first)
    assert numbers(inbox(path)) == [2] and numbers(inbox(path)) == [] and inbox(path).heard_from("gd") == 7


def test_the_same_again_waits_once(path: Path) -> None:
    opened = inbox(path)
    opened.receive([review(1), review(1)], "gd", "sensor-1", 7)
    opened.receive([review(1)], "gd", "sensor-1", 7)
    assert numbers(opened) == [1]


def test_only_what_is_for_us_and_open_is_kept(path: Path) -> None:
    others = [
        notice(1), review(2, sensor="sensor-2"), review(3, open=False), replace(review(4), body={"title": "x"}),
        replace(notice(5), kind="pack_of_tomorrow"),
    ]  # fmt: skip
    opened = inbox(path)
    opened.receive(others, "gd", "sensor-1", 9)
    assert opened.heard_from("gd") == 9 and numbers(opened) == []


def test_a_console_that_asks_too_much_is_asked_again_later(path: Path) -> None:
    opened = inbox(path)
    opened.receive([review(number) for number in range(MAX_WAITING)], "gd", "sensor-1", 1)
    with pytest.raises(InboxError, match="wait to be carried out"):
        opened.receive([review(MAX_WAITING)], "gd", "sensor-1", 2)
    assert opened.heard_from("gd") == 1 and numbers(inbox(path)) == list(range(MAX_WAITING))


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"after": {"gd": "x"}, "waiting": []}', b"\xff"])
def test_a_damaged_file_is_said_in_one_line(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(InboxError, match="move the file away") as refused:
        inbox(path)
    assert "\n" not in str(refused.value)


def test_a_disk_that_does_not_take_it_acknowledges_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = inbox(path)

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InboxError, match="No space left"):
        opened.receive([review(1)], "gd", "sensor-1", 7)
    assert opened.heard_from("gd") == 0 and opened.wait(0) is None


def test_it_is_fetched_like_notices_are(path: Path) -> None:
    opened, asked = inbox(path), list[str]()

    def answering(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["after"])
        fresh = [review(1)] if len(asked) == 1 else []
        return httpx.Response(200, json=handed(*fresh, after=5, node="sensor-1"))

    line = Downlink(opened, [GD], pace=PACE, transport=httpx.MockTransport(answering), jitter=lambda: 0.5)
    line.ask_once(GD)
    line.ask_once(GD)
    assert asked == ["0", "5"]
    one = opened.wait(0)
    assert one is not None and one.record.id == order_id(1) and one.name == "sensor-1"
