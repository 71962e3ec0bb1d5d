"""The line to a parent: what is sent, what an answer does, and how patiently it waits."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from federation.parent import Parent, ParentRefused
from federation.spool import Spool
from federation.uplink import Pace, Uplink
from sensor.schema import Record
from tests.federation.line_records import alert

PARENT = Parent("up", "http://127.0.0.1:9", "otus_1_secret")
SECOND = 1_000_000_000
Answer = Callable[[list[dict[str, Any]]], httpx.Response]


class Line:
    """An uplink whose parent is a function, and whose clock stands still until told."""

    def __init__(self, path: Path, answer: Answer, policy: Any = None, pace: Pace | None = None) -> None:
        self.now_ns = 10**18
        self.answer = answer
        self.requests: list[httpx.Request] = []
        self.batches: list[list[dict[str, Any]]] = []
        self.spool = Spool(path, ["up"], clock_ns=lambda: self.now_ns)
        self.uplink = Uplink(
            self.spool,
            [PARENT],
            policy,
            pace=pace or Pace(first_s=1, longest_s=60, slow_s=100),
            transport=httpx.MockTransport(self._handle),
            jitter=lambda: 1.0,
        )

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.batches.append(json.loads(request.content)["records"])
        return self.answer(self.batches[-1])

    def step(self, forward_s: float = 0.0) -> float:
        self.now_ns += int(forward_s * SECOND)
        return self.uplink.send_once(PARENT)


def each(status: str, reason: str = "", skip: int = 0) -> Answer:
    def answer(records: list[dict[str, Any]]) -> httpx.Response:
        results = [
            {"origin": r["origin"], "id": r["id"], "revision": r["revision"], "status": status, "reason": reason}
            for r in records[skip:]
        ]
        return httpx.Response(200, text=json.dumps({"results": results}))

    return answer


def gone(status: int, **headers: str) -> Answer:
    return lambda _: httpx.Response(status, headers=headers, json={"error": "x"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.sqlite"


def test_a_batch_is_what_the_protocol_says(path: Path) -> None:
    line = Line(path, each("stored"))
    line.spool.append([alert(1), alert(2)])
    assert line.step() == 0.0
    request = line.requests[0]
    assert (request.method, request.url.path) == ("POST", "/api/v1/batches")
    assert request.headers["authorization"] == "Bearer otus_1_secret"
    assert json.loads(request.content)["schema"] == "1.0"
    assert [Record.from_json(item) for item in line.batches[0]] == [alert(1), alert(2)]
    assert line.spool.pending("up") == 0
    assert line.spool.parent("up").answered == 2


def test_duplicates_are_as_good_as_stored(path: Path) -> None:
    line = Line(path, each("duplicate"))
    line.spool.append([alert(1)])
    line.step()
    assert line.spool.pending("up") == 0
    assert line.spool.dead_letters() == []


def test_at_most_500_records_go_at_once(path: Path) -> None:
    line = Line(path, each("stored"))
    line.spool.append([alert(number) for number in range(1, 1202)])
    while line.spool.pending("up"):
        line.step()
    assert [len(batch) for batch in line.batches] == [500, 500, 201]


def test_one_rejected_record_blocks_nobody(path: Path) -> None:
    def answer(records: list[dict[str, Any]]) -> httpx.Response:
        response = each("stored")(records)
        results = response.json()["results"]
        results[0] |= {"status": "rejected", "reason": "body: wrong"}
        return httpx.Response(200, json={"results": results})

    line = Line(path, answer)
    line.spool.append([alert(1), alert(2), alert(3)])
    line.step()
    assert line.spool.pending("up") == 0
    assert [(dead.key, dead.reason, dead.parent) for dead in line.spool.dead_letters()] == [
        (alert(1).key, "body: wrong", "up")
    ]


def test_records_without_an_answer_wait_behind_the_others(path: Path) -> None:
    line = Line(path, each("stored", skip=1))
    line.spool.append([alert(1), alert(2)])
    line.step()
    line.spool.append([alert(3)])
    assert [int(item.key[1], 16) for item in line.spool.take("up")] == [1, 3]
    assert line.spool.parent("up").failures == 0


NOT_AN_ANSWER: list[tuple[str, Answer]] = [
    ("none answered", lambda _: httpx.Response(200, json={"results": []})),
    ("not json", lambda _: httpx.Response(200, text="<html>login</html>")),
    ("a list", lambda _: httpx.Response(200, json=[])),
    ("unknown status", each("perhaps")),
    ("deep", lambda _: httpx.Response(200, text="[" * 100_000)),
    ("huge", lambda _: httpx.Response(200, content=b" " * (5 * 2**20))),
    ("server error", gone(500)),
    ("busy", gone(503)),
    ("redirect", lambda _: httpx.Response(302, headers={"Location": "https://elsewhere.example/"})),
    ("not found", gone(404)),
    ("unauthorised", gone(401)),
    ("too new", gone(409)),
]


@pytest.mark.parametrize("answer", [item[1] for item in NOT_AN_ANSWER], ids=[item[0] for item in NOT_AN_ANSWER])
def test_nothing_is_lost_by_an_answer_that_is_none(path: Path, answer: Answer) -> None:
    line = Line(path, answer)
    line.spool.append([alert(1), alert(2)])
    assert line.step() > 0
    assert line.spool.pending("up") == 2
    assert line.spool.dead_letters() == []
    state = line.spool.parent("up")
    assert state.failures == 1
    assert "\n" not in state.problem and state.problem.startswith("parent up (http://127.0.0.1:9) ")
    line.answer = each("stored")
    line.step(forward_s=200)
    assert line.spool.pending("up") == 0
    assert line.spool.parent("up").problem == ""
    assert len(line.requests) == 2, "a redirect was followed"


def test_back_off_doubles_to_a_limit_and_survives_a_restart(path: Path) -> None:
    def refuse(_: list[dict[str, Any]]) -> httpx.Response:
        raise httpx.ConnectError("refused")

    line = Line(path, refuse)
    line.spool.append([alert(1)])
    waits = []
    for _ in range(9):
        before = line.now_ns
        line.step()
        waits.append((line.spool.parent("up").retry_at_ns - before) / SECOND)
        line.now_ns = line.spool.parent("up").retry_at_ns
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    line.spool.close()
    again = Line(path, each("stored"))
    again.now_ns = line.now_ns - SECOND
    assert again.step() > 0
    assert again.requests == [], "a restart forgot how long to wait"
    again.step(forward_s=2)
    assert again.spool.pending("up") == 0


def test_a_reason_that_no_database_keeps_is_kept_without_what_it_cannot_hold(path: Path) -> None:
    line = Line(path, each("rejected", "half \ud800 and \x00"))
    line.spool.append([alert(1)])
    line.step()
    assert [dead.reason for dead in line.spool.dead_letters()] == ["half ? and ?"]


def test_jitter_spreads_the_attempts(path: Path) -> None:
    chances = iter([0.0, 1.0])
    waits = []
    for name in ("one", "two"):
        line = Line(path.with_name(name), gone(500))
        line.uplink._jitter = lambda: next(chances)
        line.spool.append([alert(1)])
        line.step()
        waits.append((line.spool.parent("up").retry_at_ns - line.now_ns) / SECOND)
    assert waits == [0.5, 1.0]


@pytest.mark.parametrize(("value", "least_s", "most_s"), [("30", 30, 33), ("999999999", 3600, 3960), ("soon", 1, 1)])
def test_retry_after_is_honoured_within_reason(path: Path, value: str, least_s: float, most_s: float) -> None:
    line = Line(path, gone(503, **{"Retry-After": value}))
    line.spool.append([alert(1)])
    line.step()
    assert least_s <= (line.spool.parent("up").retry_at_ns - line.now_ns) / SECOND <= most_s


@pytest.mark.parametrize(
    ("status", "words"), [(401, "enrol this node"), (403, "enrol this node"), (409, "upgrade the parent")]
)
def test_what_only_a_person_can_change_is_said_and_tried_slowly(
    path: Path, status: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    line = Line(path, gone(status))
    line.spool.append([alert(1)])
    line.step()
    assert (line.spool.parent("up").retry_at_ns - line.now_ns) / SECOND >= 75
    assert words in line.spool.parent("up").problem
    assert words in caplog.text
    assert "secret" not in caplog.text


def test_a_clock_that_was_set_back_does_not_silence_the_line(path: Path) -> None:
    line = Line(path, each("stored"))
    line.spool.append([alert(1)])
    line.spool.failed("up", "x", line.now_ns + 10**17)
    line.step()
    assert len(line.requests) == 1 and line.spool.pending("up") == 0


def test_a_batch_that_is_too_large_is_halved_and_a_record_alone_set_aside(path: Path) -> None:
    def answer(records: list[dict[str, Any]]) -> httpx.Response:
        if len(records) > 2 or any(int(item["id"], 16) == 5 for item in records):
            return httpx.Response(413)
        return each("stored")(records)

    line = Line(path, answer)
    line.spool.append([alert(number) for number in range(1, 10)])
    for _ in range(60):
        line.step()
    assert line.spool.pending("up") == 0
    assert [(dead.key, dead.reason) for dead in line.spool.dead_letters()] == [(alert(5).key, "too_large")]


def test_what_cannot_be_cut_is_not_sent_whole(path: Path) -> None:
    class Picky:
        def cut(self, record: Record) -> Record:
            if record.key == alert(3).key:
                raise ZeroDivisionError
            return alert(99) if record.key == alert(1).key else record

    line = Line(path, each("stored"), Picky())
    line.spool.append([alert(1), alert(2), alert(3)])
    line.step()
    assert [[item["id"] for item in batch] for batch in line.batches] == [[alert(2).id]]
    assert [(dead.key, dead.reason) for dead in line.spool.dead_letters()] == [
        (alert(3).key, "not_sent: ZeroDivisionError"),
        (alert(1).key, "not_sent: the policy changed its key"),
    ]


def test_threads_send_and_stop(path: Path) -> None:
    line = Line(path, each("stored"), pace=Pace(idle_s=0.01))
    line.uplink.start()
    line.spool.append([alert(number) for number in range(1, 20)])
    patience = time.monotonic() + 10
    while line.spool.pending("up") and time.monotonic() < patience:
        time.sleep(0.01)
    assert line.spool.pending("up") == 0
    assert line.uplink.stop()


def test_one_dead_parent_does_not_hold_up_another(path: Path) -> None:
    parents = [Parent("dead", "http://127.0.0.1:9", "t"), Parent("well", "http://127.0.0.2:9", "t")]

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.host == "127.0.0.1":
            raise httpx.ConnectError("refused")
        return each("stored")(json.loads(request.content)["records"])

    spool = Spool(path, ["dead", "well"])
    uplink = Uplink(spool, parents, transport=httpx.MockTransport(handle))
    spool.append([alert(1)])
    for parent in parents:
        uplink.send_once(parent)
    assert (spool.pending("dead"), spool.pending("well")) == (1, 0)


@pytest.mark.parametrize(
    "url", ["https://console.example:8443", "http://127.0.0.1:8080", "http://[::1]:80", "http://localhost"]
)
def test_addresses_a_credential_may_go_to(url: str) -> None:
    assert Parent("up", url, "t").batches_url == url + "/api/v1/batches"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://10.0.0.5:8080", "https"),
        ("http://console.example", "https"),
        ("http://127.0.0.1.evil.example", "https"),
        ("http://user@127.0.0.1", "must look like"),
        ("ftp://127.0.0.1", "must look like"),
        ("https://", "must look like"),
        ("https://host:notaport", "not an address"),
        ("", "must look like"),
    ],
)
def test_plain_http_off_the_machine_and_nonsense_are_refused(url: str, words: str) -> None:
    with pytest.raises(ParentRefused, match=words) as caught:
        Parent("up", url, "topsecret")
    assert "topsecret" not in str(caught.value)


@pytest.mark.parametrize("token", ["", "two words", "line\nfeed", "键"])
def test_tokens_that_cannot_be_one_are_refused(token: str) -> None:
    with pytest.raises(ParentRefused):
        Parent("up", "https://a.example", token)


def test_a_token_is_not_printed() -> None:
    assert "secret" not in repr(PARENT)


def test_a_parent_the_spool_does_not_know_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="keeps nothing for parent up"):
        Uplink(Spool(path, ["other"]), [PARENT])
