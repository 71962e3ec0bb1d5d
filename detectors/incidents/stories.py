"""Which alerts belong together: five stated relations, decided on packet time. `docs/incidents.md` says them in words.

An alert either shows somebody doing something (an act) or something that became visible at stations (an effect). Acts
are told by who did them, effects by where they show.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from detectors.incidents.open_story import MAX_KEYS, Key, OpenStep, OpenStory
from detectors.incidents.severity import CLASS_OF_ROLE, Importance, nothing_said, role_of
from detectors.incidents.tactics import FOOTHOLD, tactic_of
from sensor.schema import Level, Outcome, Record
from sensor.schema.shape import Json, as_int, as_text

SHIFT_NS = 8 * 3_600_000_000_000
"""What one station does is one story until it was quiet for a shift: whoever is on duty handles it as one thing."""
DAY_NS = 86_400_000_000_000
"""Somebody who never stops begins a new story each day, which names the one before: else a noisy station would be one
incident for ever, and nobody would look again."""
SOON_NS = 600_000_000_000
"""How soon an effect follows its act: as long as the core waits for equal hits. What shows later may be anything."""
TELL_EVERY_NS = 5_000_000_000
"""A story that only counts on is told so often, as the counts of its alerts are."""
CLOSE_LAG_NS = 60_000_000_000
"""As for alerts of windows, which are told some time after they began."""
OPEN_STORIES = 4096
"""Beyond it the one quiet longest is closed early, and counted: some 10 kB each."""

EFFECTS = frozenset({"period", "anomaly", "value"})
"""Detectors that see what became of a conversation or a value, not who did something."""


class Stories:
    """Takes alerts in the order they were found, gives each its story, and tells the stories that changed."""

    def __init__(self, origin: str, tenant: str, importance: Importance = nothing_said) -> None:
        self._origin, self._tenant, self._importance = origin, tenant, importance
        self._open: OrderedDict[str, OpenStory] = OrderedDict()
        """the one quiet longest in front"""
        self._by_key: dict[Key, OpenStory] = {}
        self._alerts: dict[str, tuple[OpenStory, Key, int]] = {}
        """alerts that may still grow: their story, step, and count so far"""
        self._changed: dict[str, OpenStory] = {}
        self._ended: list[Record] = []
        self.closed_early = 0

    def place(self, alert: str, segment: str, body: Mapping[str, Any]) -> str:
        """The story that a new alert belongs to. `body` is the alert's."""
        step = _step(alert, body)
        client, server = _address(body, "client", "source"), _address(body, "server", "destination")
        before: OpenStory | None = None
        if body["detector"] in EFFECTS:
            story, step.relation = self._of_effect(step, segment, client, server)
        else:
            story, step.relation, before = self._of_act(step, segment)
        if story is None:
            story = self._new(alert, segment, step, before)
        story.add(step)
        for address, side in ((client, "client"), (server, "server")):
            if address is not None:
                _set_role(story, address, role_of(step.protocol, side))
        self._enter(story, step, segment, client, server)
        self._alerts[alert] = (story, step.key, step.hits)
        self._note(story)
        return story.id

    def grew(self, alert: str, body: Mapping[str, Any]) -> None:
        """An alert that has a story got another revision."""
        found = self._alerts.get(alert)
        if found is None:
            return
        story, key, before = found
        if story.into is not None:
            story = _living(story)
        count, last_ns = int(body["count"]), int(body["last_ns"])
        by = count - before
        story.hits += by
        if last_ns > story.last_ns:
            story.last_ns = last_ns
        step = story.steps.get(key)
        if step is not None:
            step.hits += by
            if last_ns > step.last_ns:
                step.last_ns = last_ns
            # Thousands of alerts grow every few seconds, and hardly one of them in these two.
            if body["level"] != step.level:
                step.level = max(step.level, Level(body["level"]), key=lambda level: level.rank)
            if step.alerts == 1 and body["outcome"] != step.outcome:
                step.outcome = Outcome(body["outcome"])
        if body["outcome"] == "failure":
            for address in () if step is None else step.targets:
                taken = (story.segment, "taken", address)
                if story.keys.get(taken) == body["first_ns"]:
                    self._forget(story, taken)
        story.revision += 1
        if body["state"] == "closed":
            del self._alerts[alert]
        else:
            self._alerts[alert] = (story, key, count)
        if story.id in self._open:
            self._note(story)

    def tell(self, now_ns: int, *, end: bool = False) -> list[Record]:
        """Records of stories that changed, or that nothing can be added to any more. `end`: nothing follows."""
        told, self._ended = self._ended, []
        while self._open:
            story = next(iter(self._open.values()))
            if not end and now_ns - story.last_ns < SHIFT_NS + CLOSE_LAG_NS:
                break
            told.append(self._close(story))
        for story in list(self._changed.values()):
            if story.told_steps != len(story.steps) or now_ns - story.told_ns >= TELL_EVERY_NS:
                story.told_ns, story.told_steps = now_ns, len(story.steps)
                del self._changed[story.id]
                told.append(self._record(story))
        return told

    def remember(self) -> Json:
        """What a restart must not forget, as JSON."""
        return {
            "stories": [story.to_json() for story in self._open.values()],
            "alerts": [[name, _living(story).id, list(key), n] for name, (story, key, n) in self._alerts.items()],
            "untold": list(self._changed),
        }

    def recall(self, remembered: Mapping[str, Any]) -> None:
        """Go on with open stories.

        Raises:
            ValueError, LookupError, TypeError: this is not what `remember` gave; nothing was recalled.
        """
        stories = [OpenStory.from_json(item) for item in remembered["stories"]]
        by_id = {story.id: story for story in stories}
        alerts = {}
        for name, story_id, key, count in remembered["alerts"]:
            if story_id in by_id:
                alerts[as_text(name, "alerts")] = (by_id[story_id], tuple(map(str, key)), as_int(count, "alerts"))
        changed = {story_id: by_id[story_id] for story_id in remembered["untold"]}
        self._open = OrderedDict((story.id, story) for story in stories)
        self._by_key = {key: story for story in stories for key in story.keys}
        self._alerts, self._changed, self._ended = alerts, changed, []

    def _of_act(self, step: OpenStep, segment: str) -> tuple[OpenStory | None, str, OpenStory | None]:
        """The story, by which relation, and the one of the day before."""
        before = None
        if step.source is not None:
            own = self._find((segment, "actor", step.source), step.first_ns)
            taken = (segment, "taken", step.source)
            lateral = self._find(taken, step.first_ns)
            if lateral is not None and lateral.keys[taken] > step.first_ns:
                lateral = None
            if own is not None and lateral is not None and own is not lateral:
                return self._merge(own, lateral), "lateral", None
            if own is not None:
                return own, "same_actor", None
            if lateral is not None:
                return lateral, "lateral", None
            before = self._by_key.get((segment, "actor", step.source))
        # What is new about a station is about that station: two new ones at one controller are two.
        for target in () if step.detector == "baseline" else step.targets:
            same = self._find((segment, "cause", step.cause, target), step.first_ns, SOON_NS)
            if same is not None:
                return same, "same_cause", None
        return None, "opening", before

    def _of_effect(
        self, step: OpenStep, segment: str, client: str | None, server: str | None
    ) -> tuple[OpenStory | None, str]:
        for address in (server, client):
            if address and (story := self._find((segment, "touched", address), step.first_ns, SOON_NS)) is not None:
                return story, "effect"
        if step.detector == "anomaly" and client:
            story = self._find((segment, "actor", client), step.first_ns)
            if story is not None:
                return story, "same_actor"
        if server:
            story = self._find((segment, step.detector, "server", server), step.first_ns)
            if story is not None:
                return story, "same_cause"
        if client:
            # Several servers at once: something at the client. One of them later: something else.
            story = self._find((segment, step.detector, "client", client), step.first_ns, SOON_NS)
            if story is not None:
                return story, "same_cause"
        return None, "opening"

    def _find(self, key: Key, at_ns: int, within_ns: int | None = None) -> OpenStory | None:
        """The story known by this key, if an alert of that time may still join it."""
        story = self._by_key.get(key)
        if story is None or at_ns - story.first_ns >= DAY_NS:
            return None
        # What is told late may have begun before; a capture may be older than the one before it.
        if at_ns - story.last_ns >= SHIFT_NS or story.first_ns - at_ns >= SHIFT_NS:
            return None
        if within_ns is not None and abs(at_ns - story.keys[key]) >= within_ns:
            return None
        return story

    def _new(self, alert: str, segment: str, step: OpenStep, before: OpenStory | None) -> OpenStory:
        name = hashlib.sha256(f"story\0{alert}".encode()).hexdigest()[:32]
        goes_on = before is not None and step.first_ns - before.last_ns < SHIFT_NS
        follows = before.id if before is not None and goes_on else None
        if len(self._open) >= OPEN_STORIES:
            self.closed_early += 1
            self._ended.append(self._close(next(iter(self._open.values()))))
        story = OpenStory(name, segment, step.first_ns, step.last_ns, follows)
        self._open[name] = story
        return story

    def _enter(self, story: OpenStory, step: OpenStep, segment: str, client: str | None, server: str | None) -> None:
        """By what later alerts will find this story."""
        if step.detector in EFFECTS:
            for side, address in (("client", client), ("server", server)):
                # What an act explains at one server says nothing about the client's other conversations.
                if address is not None and (side == "server" or step.relation != "effect"):
                    self._know(story, (segment, step.detector, side, address), step.last_ns)
            return
        if step.source is not None:
            self._know(story, (segment, "actor", step.source), step.last_ns)
        foothold = step.outcome is not Outcome.FAILURE and not FOOTHOLD.isdisjoint(step.technique)
        for target in step.targets:
            self._know(story, (segment, "touched", target), step.last_ns)
            self._know(story, (segment, "cause", step.cause, target), step.last_ns)
            if foothold and (segment, "taken", target) not in story.keys:
                self._know(story, (segment, "taken", target), step.first_ns)

    def _know(self, story: OpenStory, key: Key, at_ns: int) -> None:
        if key in story.keys or len(story.keys) < MAX_KEYS:
            story.keys[key] = max(at_ns, story.keys.get(key, 0))
            other = self._by_key.get(key)
            if other is not None and other is not story:
                other.keys.pop(key, None)
            self._by_key[key] = story

    def _forget(self, story: OpenStory, key: Key) -> None:
        del story.keys[key]
        self._by_key.pop(key, None)

    def _merge(self, one: OpenStory, other: OpenStory) -> OpenStory:
        """They are one: the older keeps its name, the other is told for the last time."""
        first, second = sorted((one, other), key=lambda story: (story.first_ns, story.id))
        first.swallow(second)
        for key, at_ns in list(second.keys.items()):
            self._know(first, key, at_ns)
        self._ended.append(self._close(second))
        return first

    def _close(self, story: OpenStory) -> Record:
        del self._open[story.id]
        self._changed.pop(story.id, None)
        for key in story.keys:
            if self._by_key.get(key) is story:
                del self._by_key[key]
        story.keys.clear()
        return self._record(story, closed=True)

    def _note(self, story: OpenStory) -> None:
        self._changed[story.id] = story
        self._open.move_to_end(story.id)

    def _record(self, story: OpenStory, *, closed: bool = False) -> Record:
        return Record(
            kind="story",
            id=story.id,
            revision=story.revision + int(closed),
            origin=self._origin,
            tenant=self._tenant,
            segment=story.segment,
            body=story.body(self._importance, closed=closed),
        )


def _step(alert: str, body: Mapping[str, Any]) -> OpenStep:
    effect = body["detector"] in EFFECTS
    source, target = _address(body, "client", "source"), _address(body, "server", "destination")
    targets = (target, source) if effect and target is None else (target,)
    return OpenStep(
        alert=alert,
        cause=body["cause"],
        detector=body["detector"],
        level=Level(body["level"]),
        title=body["title"],
        protocol=body["protocol"],
        relation="opening",
        tactic=tactic_of(body["technique"]),
        technique=tuple(body["technique"]),
        source=None if effect else source,
        targets=dict.fromkeys(name for name in targets if name is not None),
        first_ns=body["first_ns"],
        last_ns=body["last_ns"],
        alerts=1,
        hits=body["count"],
        outcome=Outcome(body["outcome"]),
    )


def _address(body: Mapping[str, Any], side: str, otherwise: str) -> str | None:
    """Of one end: by its role in the conversation, else by its place in the message."""
    for name in (side, otherwise):
        end = body[name]
        if end is not None and (end["ip"] or end["mac"]):
            return str(end["ip"] or end["mac"])
    return None


def _set_role(story: OpenStory, address: str, role: str) -> None:
    known = story.roles.get(address)
    if known is None and len(story.roles) >= MAX_KEYS:
        return
    if known is None or known == "unknown" or CLASS_OF_ROLE[role] > CLASS_OF_ROLE[known]:
        story.roles[address] = role


def _living(story: OpenStory) -> OpenStory:
    while story.into is not None:
        story = story.into
    return story
