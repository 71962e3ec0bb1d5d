"""Which alerts are one story, and which stay two: each stated relation with what it must not join."""

from __future__ import annotations

import hashlib
import json
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from detectors.incidents import Stories
from detectors.incidents.open_story import MAX_TARGETS
from detectors.incidents.severity import OFFICE
from detectors.incidents.stories import CLOSE_LAG_NS, DAY_NS, OPEN_STORIES, SHIFT_NS
from detectors.incidents.tactics import TACTIC_OF, TACTICS, tactic_of
from detectors.rules.techniques import TECHNIQUES
from otus.detection import Given
from otus.replay import Run
from sensor import _core
from sensor.schema import Alert, Endpoint, Level, Outcome, Reason, Record, State, Story, Text
from sensor.schema.batch import check_record
from sensor.stations import KnownStation
from sensor.stations import Stations as KnownStations
from tests.captures import ROOT

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
LAPTOP, DESK, PLC, OTHER_PLC, SCREEN = "10.0.0.66", "10.0.0.20", "10.0.0.10", "10.0.0.11", "10.0.0.30"


class Plant:
    """Alerts of one plant, in order; each with the story it was given."""

    def __init__(self, **settings: Any) -> None:
        self.stories = Stories("sensor-1", "default", **settings)
        self.told: list[Record] = []
        self.number = 0
        self.bodies: dict[str, Any] = {}

    def alert(
        self,
        client: str | None,
        server: str | None,
        at_ns: int,
        cause: str = "rule:x",
        technique: str = "T0846",
        *,
        detector: str = "signature",
        level: str = "medium",
        protocol: str = "modbus",
        outcome: str = "unknown",
        segment: str = "default",
    ) -> str:
        self.number += 1
        name = hashlib.md5(str(self.number).encode(), usedforsecurity=False).hexdigest()
        body = Alert(
            cause, detector, Level(level), Text(cause, cause), Reason("x"), protocol, at_ns, at_ns, 1,
            technique=(technique,),
            client=None if client is None else Endpoint(client), server=None if server is None else Endpoint(server),
            outcome=Outcome(outcome),
        ).to_json()  # fmt: skip
        self.bodies[name] = body
        story = self.stories.place(name, segment, body)
        self.told += self.stories.tell(at_ns)
        self.last = name
        return story

    def grew(self, name: str, **changes: Any) -> None:
        self.bodies[name] = self.bodies[name] | changes
        self.stories.grew(name, self.bodies[name])

    def end(self) -> dict[str, Story]:
        """The last word about every story."""
        self.told += self.stories.tell(0, end=True)
        found: dict[str, Record] = {}
        for record in self.told:
            assert check_record(json.loads(record.to_bytes())).to_bytes() == record.to_bytes()
            assert record.id not in found or record.revision > found[record.id].revision
            found[record.id] = record
        return {name: record.story() for name, record in found.items()}


def test_a_host_that_scans_two_hundred_stations_is_one_story_with_one_step() -> None:
    plant = Plant()
    names = {plant.alert(LAPTOP, f"10.0.1.{n}", n * SECOND) for n in range(200)}
    (story,) = plant.end().values()
    assert len(names) == 1 and (story.alerts, story.hits, story.actor) == (200, 200, LAPTOP)
    (step,) = story.steps
    assert (step.alerts, step.target_count, len(step.targets)) == (200, 200, 32)
    assert (story.first_ns, story.last_ns) == (0, 199 * SECOND)


def test_a_new_station_and_all_that_is_new_about_it_is_one_story() -> None:
    plant = Plant()
    plant.alert(LAPTOP, PLC, 0, "baseline:new_asset", "T0864", detector="baseline")
    for n in range(10):
        plant.alert(LAPTOP, f"10.0.0.{n}", n * SECOND, "baseline:new_link", "T0861", detector="baseline")
    plant.alert(LAPTOP, PLC, 20 * SECOND, "baseline:new_operation", "T0855", detector="baseline", level="high")
    plant.alert(LAPTOP, PLC, 21 * SECOND, "rule:stop", "T0816", level="critical", outcome="success")
    (story,) = plant.end().values()
    assert [(step.tactic, step.alerts) for step in story.steps] == [
        ("initial_access", 1), ("collection", 10), ("impair_control", 1), ("inhibit_response", 1)
    ]  # fmt: skip
    assert story.title.zh == "rule:stop" and story.level == "critical"


def test_a_foothold_makes_its_target_an_actor_and_a_scan_does_not() -> None:
    plant = Plant()
    one = plant.alert(LAPTOP, DESK, 0, "rule:scan", "T0846")
    assert plant.alert(DESK, PLC, MINUTE, "rule:write", "T0855") != one, "scanned stations go about their own work"
    plant = Plant()
    one = plant.alert(LAPTOP, DESK, 0, "rule:scan", "T0846")
    plant.alert(LAPTOP, DESK, MINUTE, "rule:login", "T0886", protocol="rdp", outcome="success")
    assert plant.alert(DESK, PLC, 2 * MINUTE, "rule:write", "T0855") == one
    assert plant.alert(DESK, PLC, 3 * MINUTE, "rule:stop", "T0816") == one
    (story,) = plant.end().values()
    assert [step.relation for step in story.steps] == ["opening", "same_actor", "lateral", "same_actor"]
    assert [step.tactic for step in story.steps] == [
        "discovery", "lateral_movement", "impair_control", "inhibit_response"
    ]  # fmt: skip


def test_a_foothold_that_failed_is_none() -> None:
    plant = Plant()
    one = plant.alert(LAPTOP, DESK, 0, "rule:login", "T0886", outcome="pending")
    plant.grew(plant.last, outcome="failure")
    assert plant.alert(DESK, PLC, MINUTE, "rule:write", "T0855") != one


def test_what_was_done_before_the_foothold_belongs_to_it_once_the_station_acts_again() -> None:
    """Two stories that turn out to be one: nothing is lost, the later one says where it went."""
    plant = Plant()
    own = plant.alert(DESK, PLC, 0, "rule:read", "T0861")
    growing = plant.last
    one = plant.alert(LAPTOP, DESK, MINUTE, "rule:login", "T0886")
    assert own != one
    assert plant.alert(DESK, PLC, 2 * MINUTE, "rule:write", "T0855") == own, "the older one keeps its name"
    plant.grew(growing, count=7)
    told = plant.end()
    assert told[one].merged_into == own and told[one].state is State.CLOSED
    assert (told[own].alerts, told[own].hits, told[own].merged_into, told[own].merged) == (3, 9, None, (one,))
    assert len(told[own].steps) == 3


def test_effects_join_the_act_that_touched_their_station_soon_before() -> None:
    plant = Plant()
    one = plant.alert(LAPTOP, PLC, 0, "rule:stop", "T0816", outcome="success")
    effect = {"detector": "period", "technique": "T0815"}
    assert plant.alert(SCREEN, PLC, MINUTE, "period:stopped", **effect) == one
    other = plant.alert(SCREEN, OTHER_PLC, MINUTE, "period:stopped", **effect)
    assert other != one, "another controller's poll is another matter"
    story = plant.end()[one]
    assert [(step.relation, step.source, step.targets) for step in story.steps] == [
        ("opening", LAPTOP, (PLC,)), ("effect", None, (PLC,))
    ]  # fmt: skip


def test_what_shows_late_is_no_effect() -> None:
    plant = Plant()
    one = plant.alert(LAPTOP, PLC, 0, "rule:stop", "T0816")
    assert plant.alert(SCREEN, PLC, 11 * MINUTE, "period:stopped", "T0815", detector="period") != one


def test_what_is_older_by_far_joins_nothing() -> None:
    """Captures are replayed in whatever order: time may go back by months."""
    plant = Plant()
    one = plant.alert(LAPTOP, PLC, 100 * DAY_NS, "rule:stop", "T0816")
    assert plant.alert(SCREEN, PLC, 0, "period:stopped", "T0815", detector="period") != one
    assert plant.alert(LAPTOP, PLC, MINUTE, "rule:stop", "T0816") != one


def test_effects_nobody_caused_are_told_by_their_station() -> None:
    plant = Plant()
    effect = {"detector": "period", "technique": "T0815"}
    one = plant.alert(SCREEN, PLC, 0, "period:stopped", **effect)
    for n in range(50):
        # The screen's computer is off: all its polls end at once.
        assert plant.alert(SCREEN, f"10.0.2.{n}", n * SECOND, "period:stopped", **effect) == one
    assert plant.alert(SCREEN, PLC, 60 * MINUTE, "period:resumed", **effect) == one
    assert plant.alert(SCREEN, "10.0.3.1", 5 * 60 * MINUTE, "period:slower", **effect) != one, "one poll, hours later"


def test_unrelated_things_at_the_same_time_stay_two() -> None:
    plant = Plant()
    one = plant.alert(LAPTOP, PLC, 0, "rule:stop", "T0816")
    assert plant.alert(DESK, PLC, 0, "rule:read", "T0861") != one, "two who do different things to one controller"
    assert plant.alert(LAPTOP, PLC, 0, "rule:stop", "T0816", segment="cell-2") != one, "the same address elsewhere"


def test_the_same_thing_done_to_one_station_by_many_is_one_story() -> None:
    plant = Plant()
    names = {plant.alert(f"203.0.113.{n}", PLC, n * SECOND, "rule:flood", "T0814") for n in range(100)}
    assert len(names) == 1
    new = {"detector": "baseline", "technique": "T0864"}
    assert plant.alert(LAPTOP, PLC, 0, "baseline:new_asset", **new) != plant.alert(
        DESK, PLC, SECOND, "baseline:new_asset", **new
    ), "two new stations are two, whomever they speak to"


def test_a_shift_of_quiet_ends_a_story_and_a_day_begins_another_that_names_it() -> None:
    plant = Plant()
    one = plant.alert(LAPTOP, PLC, 0)
    assert plant.alert(LAPTOP, PLC, SHIFT_NS - 1) == one
    two = plant.alert(LAPTOP, PLC, 2 * SHIFT_NS - 1)
    assert two != one
    at_ns, names = 2 * SHIFT_NS - 1, [two]
    while at_ns < 2 * SHIFT_NS + 2 * DAY_NS:
        at_ns += SHIFT_NS // 2
        names.append(plant.alert(LAPTOP, PLC, at_ns))
    order = list(dict.fromkeys(names))
    told = plant.end()
    assert len(order) == 3 and told[two].follows is None
    assert [told[after].follows for _, after in pairwise(order)] == order[:-1]


def test_counts_follow_the_alerts_and_a_closed_one_grows_no_more() -> None:
    plant = Plant()
    name = plant.alert(LAPTOP, PLC, 0)
    first = plant.last
    plant.grew(first, count=40, last_ns=MINUTE, outcome="success")
    plant.grew(first, count=41, last_ns=MINUTE, outcome="success", state="closed")
    plant.grew(first, count=99)
    story = plant.end()[name]
    assert (story.hits, story.last_ns, story.steps[0].hits, story.steps[0].outcome) == (41, MINUTE, 41, "success")


def test_it_goes_on_after_a_restart_as_if_there_had_been_none() -> None:
    def play(restart: bool) -> dict[str, Any]:
        plant = Plant()
        plant.alert(LAPTOP, DESK, 0, "rule:login", "T0886")
        grows = plant.last
        plant.alert(DESK, PLC, MINUTE, "rule:write", "T0855")
        if restart:
            remembered = json.loads(json.dumps(plant.stories.remember()))
            plant.stories = Stories("sensor-1", "default")
            plant.stories.recall(remembered)
        plant.grew(grows, count=5)
        plant.alert(DESK, OTHER_PLC, 2 * MINUTE, "rule:stop", "T0816")
        plant.alert(SCREEN, OTHER_PLC, 3 * MINUTE, "period:stopped", "T0815", detector="period")
        return {name: story.to_json() for name, story in plant.end().items()}

    whole, restarted = play(False), play(True)
    assert len(whole) == 1 and restarted == whole


@pytest.mark.parametrize("damaged", [{}, {"stories": [{}], "alerts": [], "untold": []}, {"stories": 3}])
def test_a_state_that_contradicts_itself_is_refused_and_changes_nothing(damaged: Any) -> None:
    plant = Plant()
    one = plant.alert(LAPTOP, PLC, 0)
    with pytest.raises((ValueError, LookupError, TypeError)):
        plant.stories.recall(damaged)
    assert plant.alert(LAPTOP, OTHER_PLC, SECOND) == one


def test_what_is_kept_open_is_bounded_and_what_goes_early_is_counted() -> None:
    plant = Plant()
    for n in range(OPEN_STORIES + 3):
        plant.stories.place(f"{n:032x}", "default", _body(f"10.{n >> 8}.{n & 255}.1", n))
    told = plant.stories.tell(0)
    assert plant.stories.closed_early == 3
    assert sum(record.story().state is State.CLOSED for record in told) == 3


def _body(client: str, at_ns: int) -> Any:
    return Alert(
        "rule:x", "signature", Level("low"), Text("x", "x"), Reason("x"), "modbus", at_ns, at_ns, 1,
        client=Endpoint(client),
    ).to_json()  # fmt: skip


def test_stations_beyond_the_limit_of_a_step_are_no_loss_of_alerts() -> None:
    plant = Plant()
    for n in range(MAX_TARGETS + 50):
        plant.alert(LAPTOP, f"10.1.{n >> 8}.{n & 255}", n)
    (story,) = plant.end().values()
    assert (story.alerts, story.steps[0].target_count) == (MAX_TARGETS + 50, MAX_TARGETS)


def test_a_story_that_only_counts_is_told_every_few_seconds_and_closed_after_a_shift() -> None:
    plant = Plant()
    plant.alert(LAPTOP, PLC, 0)
    for n in range(1, 100):
        plant.grew(plant.last, count=n + 1, last_ns=n * SECOND // 10)
        plant.told += plant.stories.tell(n * SECOND // 10)
    assert len(plant.told) == 2
    last = 99 * SECOND // 10
    assert [record.story().hits for record in plant.stories.tell(last + 5 * SECOND)] == [100]
    (closed,) = plant.stories.tell(last + SHIFT_NS + CLOSE_LAG_NS)
    assert closed.story().state is State.CLOSED


def test_severity_is_level_times_importance_times_consequence_with_its_reasons() -> None:
    said = KnownStations([KnownStation(ip_network(OTHER_PLC), 1, "试验台", "教学")])
    plant = Plant(importance=said.of)
    stop = plant.alert(LAPTOP, PLC, 0, "rule:stop", "T0816", level="critical", outcome="success")
    tried = plant.alert("10.0.0.67", OTHER_PLC, 0, "rule:stop", "T0816", level="critical", outcome="failure")
    web = plant.alert("10.0.0.68", DESK, 0, "rule:web", "T0846", level="low", protocol="http")
    told = {name: story.severity for name, story in plant.end().items()}
    assert (told[stop].number, told[stop].basis, told[stop].station) == (5 * 3 * 3, "controller", PLC)
    assert (told[tried].number, told[tried].basis, told[tried].name) == (5 * 1 * 2, "site", "试验台")
    assert (told[web].number, told[web].basis) == (2 * 1 * 1, "office")


def test_tables_hold_against_the_matrix_and_the_core() -> None:
    assert set(TACTIC_OF) == TECHNIQUES
    assert set(TACTIC_OF.values()) == set(TACTICS)
    assert tactic_of(("T0861", "T0855", "T9999")) == "impair_control" and tactic_of(("T9999",)) == ""
    assert {name for name, *_ in _core.protocols()} >= OFFICE


def test_a_replay_tells_an_attack_as_one_story_whatever_the_threads() -> None:
    files = tuple(str(path) for path in sorted(Path(ROOT / "pcaps/s7comm").glob("*.pcap")))
    told = []
    for threads in (1, 3):
        run = Run(files, Given(), threads=threads)
        alerts = {record.id: record.body["story"] for record in run.alerts().records()}
        stories = {record.id: record.story() for record in run.stories.records()}
        assert set(alerts.values()) <= set(stories)
        assert sum(story.alerts for story in stories.values() if story.merged_into is None) == len(alerts)
        told.append((alerts, [record.to_bytes() for record in run.stories.records()]))
    assert told[0] == told[1] and len(told[0][1]) < len(told[0][0]) / 5
