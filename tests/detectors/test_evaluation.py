"""Scoring on small cases with known numbers, and labels that cannot be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from detectors.evaluation import Event, LabelError, Labelled, Seen, read_labels, score, totals
from detectors.evaluation.score import SECOND
from sensor.schema import Alert, Endpoint, Evidence, Level, Reason, Text

DAY = 86_400 * SECOND
BEGIN = 1_000 * SECOND


def alert(
    at_s: float, source: str = "10.0.0.9", target: str = "10.0.0.1", frame: int | None = 5, level: Level = Level.HIGH,
    detector: str = "signature", last_s: float | None = None, told_s: float | None = None,
) -> Seen:  # fmt: skip
    first_ns = BEGIN + round(at_s * SECOND)
    last_ns = first_ns if last_s is None else BEGIN + round(last_s * SECOND)
    evidence = () if frame is None else (Evidence(frame, first_ns),)
    made = Alert(
        "rule:x", detector, level, Text("标题", "title"), Reason("rule", {}), "modbus", first_ns, last_ns, 1,
        client=Endpoint(source), server=Endpoint(target), evidence=evidence,
    )  # fmt: skip
    return Seen(made, first_ns if told_s is None else BEGIN + round(told_s * SECOND))


def judged(events: list[Event], alerts: list[Seen], **more):  # type: ignore[no-untyped-def]
    labelled = Labelled(Path("x.pcap"), "x.pcap", tuple(events), rest_benign=more.pop("rest_benign", True))
    return score(labelled, alerts, (BEGIN, BEGIN + DAY), time_of=lambda frame: BEGIN + frame * SECOND, **more)


def test_an_event_by_packets_is_found_by_an_alert_on_one_of_them() -> None:
    event = Event("scan", frames=((4, 6), (9, 9)))
    assert judged([event], [alert(5, frame=5)]).events[0].delay_s == 1.0  # begins with packet 4
    assert not judged([event], [alert(7, frame=7)]).events[0].alerts  # within its time, on another packet
    assert judged([event], [alert(9, frame=9)]).events[0].delay_s == 5.0


def test_an_event_by_window_and_hosts() -> None:
    event = Event("mitm", first=10.0, last=20.0, hosts=frozenset({"10.0.0.9", "10.0.0.1"}))
    found = judged([event], [alert(12)])
    assert (found.true_alerts, len(found.false_alerts), found.events[0].delay_s) == (1, 0, 2.0)
    # A third station is not of the event, nor is what came too late.
    assert not judged([event], [alert(12, target="10.0.0.2")]).events[0].alerts
    assert not judged([event], [alert(81)]).events[0].alerts
    assert judged([event], [alert(79)]).events[0].alerts  # silence is noticed a little later


def test_an_event_by_host_alone_and_by_whole_file() -> None:
    assert judged([Event("host", hosts=frozenset({"10.0.0.9", "10.0.0.1"}))], [alert(500)]).events[0].alerts
    whole = judged([Event("all")], [alert(3), alert(4000)])
    assert (whole.true_alerts, whole.benign_s) == (2, 0.0)
    # Two recordings in one file: engine time stands still, the second one's alerts lie years behind it.
    assert judged([Event("all")], [alert(6e8)]).true_alerts == 1


def test_no_point_adjustment_a_long_event_counts_once() -> None:
    events = [Event("long", first=0.0, last=40_000.0), Event("short", first=50_000.0, last=50_001.0)]
    told = totals([judged(events, [alert(second) for second in range(100, 30_000, 1000)])])
    assert (told["events"], told["found"], told["recall"]) == (2, 1, 0.5)
    assert (told["incidents_true"], told["precision"]) == (30, 1.0)


def test_false_incidents_a_day_leave_learning_and_events_out() -> None:
    events = [Event("event", first=43_200.0, last=64_800.0)]  # a quarter of the day
    alerts = [alert(100), alert(30_000), alert(40_000), alert(50_000)]
    result = judged(events, alerts, learned_until_ns=BEGIN + 21_600 * SECOND)
    told = totals([result])
    assert result.benign_s == 43_200.0
    # The first lies in what was learned from, the last is about the event.
    assert (told["incidents_false"], told["incidents_true"]) == (2, 1)
    assert told["false_per_day"] == 4.0
    assert told["precision"] == pytest.approx(1 / 3)


def test_level_and_unknown_rest() -> None:
    quiet = [alert(1, level=Level.NOTICE), alert(2, level=Level.LOW), alert(3, level=Level.MEDIUM)]
    assert len(judged([], quiet).false_alerts) == 2
    assert len(judged([], quiet, level=Level.MEDIUM).false_alerts) == 1
    unknown = judged([], quiet, rest_benign=False)
    assert (unknown.false_alerts, unknown.benign_s) == ((), 0.0)


def test_work_may_be_noted_and_not_alarmed_about() -> None:
    work = Event("work", kind="work", first=10.0, last=20.0)
    result = judged([work], [alert(11, level=Level.LOW), alert(12, level=Level.HIGH)])
    assert (len(result.events[0].alerts), result.events[0].alarms, len(result.false_alerts)) == (1, 1, 1)
    assert totals([result])["recall"] is None


def test_what_is_not_in_the_packets_is_listed_and_not_counted() -> None:
    told = totals(
        [judged([Event("ghost", invisible="read in an encrypted channel"), Event("real", first=1.0, last=2.0)], [])]
    )
    assert (told["events"], told["invisible"], told["recall"]) == (1, 1, 0.0)


def test_stretches_of_time_are_told_at_the_time_they_are_told() -> None:
    event = Event("slow", frames=((10, 12),), hosts=frozenset({"10.0.0.9", "10.0.0.1"}), first=10.0, last=30.0)
    late = alert(10, frame=None, detector="period", last_s=25, told_s=40)
    assert judged([event], [late]).events[0].delay_s == 30.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("labels: 1\ncaptures: [{file: none.pcap}]", "no capture"),
        ("labels: 2\ncaptures: []", "labels: 1"),
        ("- 1", "mapping"),
        ("labels: 1\ncaptures: [{file: x.pcap, colour: red}]", "unknown key 'colour'"),
        ("labels: 1\ncaptures: [{file: x.pcap, events: [{name: a, kind: bad, whole: true}]}]", "kind is one of"),
        ("labels: 1\ncaptures: [{file: x.pcap, events: [{name: a}]}]", "say which packets"),
        ("labels: 1\ncaptures: [{file: x.pcap, events: [{name: a, frames: [9-3]}]}]", "frames are numbers"),
        ("labels: 1\ncaptures: [{file: x.pcap, events: [{name: a, from: yesterday}]}]", "ISO 8601"),
        ("labels: 1\ncaptures: [{file: x.pcap, learn: {packets: 3, until: 4}}]", "one of files"),
        ("labels: [", "not readable"),
    ],
)
def test_bad_labels_are_said_in_one_line(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "x.pcap").touch()
    path = tmp_path / "labels.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LabelError) as raised:
        read_labels(path)
    assert said in str(raised.value) and "\n" not in str(raised.value) and str(path) in str(raised.value)


def test_yaml_and_csv_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "x.pcap").touch()
    yml, table = tmp_path / "a.yml", tmp_path / "a.csv"
    yml.write_text(
        "labels: 1\ncaptures:\n  - file: x.pcap\n    events:\n"
        "      - {name: scan, technique: [T0846], frames: [3, 10-20], hosts: [10.0.0.9]}\n"
        "      - {name: stop, kind: attack, from: 12.5, to: '2026-01-01T00:00:00Z'}\n",
        encoding="utf-8",
    )
    table.write_text(
        "file,name,kind,technique,frames,from,to,hosts\n"
        "x.pcap,scan,attack,T0846,3 10-20,,,10.0.0.9\nx.pcap,stop,attack,,,12.5,2026-01-01T00:00:00Z,\n",
        encoding="utf-8",
    )
    [one], [other] = read_labels(yml), read_labels(table)
    assert one.events == other.events
    assert one.events[0].frames == ((3, 3), (10, 20))
    assert one.events[1].last == 1_767_225_600 * SECOND


def test_an_incident_is_one_however_many_alerts_it_has() -> None:
    """A story is about an event where one of its alerts is; false alerts beside it are no incident of their own."""
    event = Event("scan", frames=((4, 6),))
    alerts = [replace(alert(5, frame=5), story="a"), replace(alert(5, frame=7), story="a")]
    alerts += [replace(alert(n, frame=n), story="b") for n in range(100, 110)] + [alert(200, frame=200)]
    result = judged([event], alerts)
    assert (result.true_incidents, result.false_incidents) == (1, 2)
    assert (result.true_alerts, len(result.false_alerts)) == (1, 12)
    told = totals([result])
    assert told["precision"] == 1 / 3 and told["precision_of_alerts"] == 1 / 13
    assert told["false_per_day"] == pytest.approx(2, rel=0.01)
