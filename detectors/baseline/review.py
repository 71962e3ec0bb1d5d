"""What people decided about the entries of a baseline, and the table that follows from it.

Everything that was learned is kept as it was learned (`Known`). Decisions are a list beside it: each has its entry, its
person, its reason and its time, and the last one about an entry counts. The table that the sensor holds traffic against
is made of both, so nothing is lost by rejecting and everything can be taken back.
"""

from __future__ import annotations

import copy
import fnmatch
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from detectors.baseline import added
from detectors.baseline.added import joined
from detectors.baseline.entries import Entry, entries, link_id, name_id, operation_id, poll_id, station_id, stretch_id

LEARNED, APPROVED, REJECTED, WIDENED, SUSPICIOUS = "learned", "approved", "rejected", "widened", "suspicious"
STATES = (SUSPICIOUS, REJECTED, WIDENED, APPROVED, LEARNED)
"""Those that somebody has to look at first."""
ACTIONS = ("approve", "reject", "widen", "add")
STATE_AFTER = {"approve": APPROVED, "reject": REJECTED, "widen": WIDENED, "add": APPROVED}
"""`add` is about what was never seen while learning (`added.py`)."""
NETWORK_ADDRESSES = 1024
"""Stations that one widening may stand for: each becomes a row of its own, since the core compares addresses. A /22."""
MAX_TEXT = 2000


class ReviewError(ValueError):
    """A decision cannot be made or read; one line says why."""


@dataclass(frozen=True)
class Decision:
    action: str
    entry: str
    """id of an entry (`entries.py`)"""
    person: str
    reason: str
    time_ns: int
    stretch: tuple[int, int] | None = None
    """widened to these addresses"""
    network: str | None = None
    """widened to these stations"""
    called: str = ""
    """what an operation that is added is called"""

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"action": self.action, "entry": self.entry, "person": self.person}
        found |= {"reason": self.reason, "time_ns": self.time_ns}
        return (
            found
            | ({"stretch": list(self.stretch)} if self.stretch else {})
            | ({"network": self.network} if self.network else {})
            | ({"called": self.called} if self.called else {})
        )

    @classmethod
    def from_json(cls, data: Any) -> Decision:
        """Raises ReviewError with one line."""
        try:
            decision = cls(
                str(data["action"]),
                str(data["entry"]),
                str(data["person"]),
                str(data["reason"]),
                int(data["time_ns"]),
                (int(data["stretch"][0]), int(data["stretch"][1])) if data.get("stretch") else None,
                str(data["network"]) if data.get("network") else None,
                str(data.get("called") or ""),
            )
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            raise ReviewError(f"not a decision about an entry: {str(data)[:200]}") from None
        if decision.action == "add":
            _check_addition(decision.entry)
        if decision.action not in ACTIONS:
            raise ReviewError(f"a decision is one of {', '.join(ACTIONS)}, not {decision.action!r}")
        return decision


@dataclass(frozen=True)
class Suspicion:
    """Traffic that a signature hit while it was being learned."""

    link: str
    """id of the conversation"""
    rule_id: str
    title: Mapping[str, str]
    level: str
    time_ns: int
    place: str = ""
    """capture file or interface"""
    frame: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {**self.__dict__, "title": dict(self.title)}


@dataclass(frozen=True)
class Known:
    """All that was learned: what is normal, and what is kept apart."""

    document: Mapping[str, Any]
    """the whole table as the core's JSON"""
    report: Mapping[str, Any] | None = None
    suspicions: tuple[Suspicion, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "document": self.document,
            "report": self.report,
            "suspicions": [one.to_json() for one in self.suspicions],
        }

    @classmethod
    def from_json(cls, data: Any) -> Known:
        """Raises ReviewError with one line."""
        try:
            return cls(data["document"], data["report"], tuple(Suspicion(**one) for one in data["suspicions"]))
        except (KeyError, TypeError):
            raise ReviewError("not what learning wrote") from None


@dataclass(frozen=True)
class Reviewed:
    """One entry with what is thought of it."""

    entry: Entry
    state: str
    decision: Decision | None = None
    suspicions: tuple[Suspicion, ...] = field(default=())

    @property
    def counts(self) -> bool:
        """Is it normal?"""
        return self.state not in (REJECTED, SUSPICIOUS)


def reviewed(known: Known, decisions: Sequence[Decision]) -> list[Reviewed]:
    """Every entry with its state, behind those that were learned those that somebody added. What hangs on a link that
    is kept apart is shown as learned: it follows the link."""
    last = {decision.entry: decision for decision in decisions}
    suspicions: dict[str, list[Suspicion]] = {}
    for one in known.suspicions:
        suspicions.setdefault(one.link, []).append(one)
    found = []
    for entry in entries(known.document, known.report):
        decision, suspected = last.get(entry.id), tuple(suspicions.get(entry.id, ()))
        untouched = SUSPICIOUS if suspected else LEARNED
        state = STATE_AFTER[decision.action] if decision else untouched
        found.append(Reviewed(entry, state, decision, suspected))
    learned = {one.entry.id for one in found}
    for decision in _additions(decisions):
        if decision.entry not in learned:
            latest = last[decision.entry]
            entry = added.read(decision.entry).entry(decision.called)
            found.append(Reviewed(entry, STATE_AFTER[latest.action], latest))
    return found


def decide(
    known: Known,
    decisions: Sequence[Decision],
    action: str,
    patterns: Iterable[str],
    person: str,
    reason: str,
    time_ns: int,
    stretch: tuple[int, int] | None = None,
    network: str | None = None,
    called: Mapping[str, str] | None = None,
) -> list[Decision]:
    """New decisions about all entries that the patterns name (`*` and `?` stand for anything). What is added is named
    in full; `called` says what its operation is called.

    Raises:
        ReviewError: nothing fits, or nobody says who decides and why.
    """
    if not person.strip() or not reason.strip():
        raise ReviewError("a decision has a person and a reason: --person NAME --reason TEXT")
    if len(person) > MAX_TEXT or len(reason) > MAX_TEXT:
        raise ReviewError(f"person and reason are at most {MAX_TEXT} letters long")
    if action == "add":
        return [_addition(name, person, reason, time_ns, (called or {}).get(name, "")) for name in patterns]
    all_ids = [one.entry.id for one in reviewed(known, decisions)]
    fresh = []
    for pattern in patterns:
        # An object's name may hold the letters of a pattern: the very id comes first.
        chosen = [pattern] if pattern in all_ids else [one for one in all_ids if fnmatch.fnmatchcase(one, pattern)]
        if not chosen:
            raise ReviewError(f"no entry is called {pattern}; otus baseline review lists them")
        fresh += [Decision(action, one, person, reason, time_ns, stretch, network) for one in chosen]
    if action == "widen":
        for one in fresh:
            _check_widening(one)
    return fresh


def _addition(name: str, person: str, reason: str, time_ns: int, called: str) -> Decision:
    _check_addition(name)
    return Decision("add", name, person, reason, time_ns, called=called)


def _check_addition(name: str) -> None:
    try:
        added.read(name)
    except ValueError:
        raise ReviewError(f"{name}: can be added as a link, an operation or an object, named like an entry") from None


def _check_widening(decision: Decision) -> None:
    kind = decision.entry.partition(":")[0]
    if kind == "object" and decision.stretch and ":" in decision.entry.rpartition("#")[2]:
        if decision.stretch[0] > decision.stretch[1]:
            raise ReviewError(f"{decision.entry}: {decision.stretch[0]}-{decision.stretch[1]} ends before it starts")
    elif kind == "link" and decision.network:
        side(decision.entry, decision.network)
    else:
        raise ReviewError(f"{decision.entry}: widen an address range with --range START-END, or a link with --network")


def side(link: str, network: str) -> str:
    """Which end of a link a network stands for: `client` or `server`.

    Raises:
        ReviewError: neither lies in it, or both do, or it is too large.
    """
    try:
        wanted = ipaddress.ip_network(network)
    except ValueError:
        raise ReviewError(f"{network}: not a network like 10.1.2.0/24") from None
    if wanted.num_addresses > NETWORK_ADDRESSES:
        raise ReviewError(f"{network}: stands for more than {NETWORK_ADDRESSES} stations")
    client, _, rest = link.partition(":")[2].partition("/")[2].partition(">")
    server = rest.rpartition("/")[0]
    inside = [name for name, ip in (("client", client), ("server", server)) if ipaddress.ip_address(ip) in wanted]
    if len(inside) != 1:
        raise ReviewError(f"{link}: " + ("both ends are" if inside else "neither end is") + f" in {network}")
    return inside[0]


def table(known: Known, decisions: Sequence[Decision]) -> dict[str, Any]:
    """What is normal after all decisions, as a document for the core to compile."""
    states = {one.entry.id: one for one in reviewed(known, decisions)}
    document: dict[str, Any] = {**known.document, "links": [], "assets": []}
    gone = {name for name, one in states.items() if not one.counts}

    def stays(link: Mapping[str, Any]) -> bool:
        ends = {station_id(link["segment"], link[end]) for end in ("client", "server")}
        return link_id(link) not in gone and not ends & gone

    taken = {link_id(link) for link in known.document["links"]}
    for link in known.document["links"]:
        if not stays(link):
            continue
        own, *likes = _links(link, states, gone)
        document["links"].append(own)
        for like in likes:
            # What is known of a link of its own says more than what it has in common with a network.
            if stays(like) and link_id(like) not in taken:
                taken.add(link_id(like))
                document["links"].append(like)
    put_in = [(added.read(one.entry), one.called) for one in _additions(decisions) if one.entry not in gone]
    added.put(document["links"], [one for one in put_in if stays(one[0].ends)])
    linked, before = _stations(document["links"]), _stations(known.document["links"])
    assets = {station_id(row["segment"], row["ip"]): row for row in known.document["assets"]}
    for key, asset in assets.items():
        # A station that is known by a link that is not normal only is not known.
        if key not in gone and (key in linked or key not in before):
            document["assets"].append(copy.deepcopy(dict(asset)))
    for key, (segment, ip, roles) in linked.items():
        if key not in assets:
            document["assets"].append({"segment": segment, "ip": ip, "macs": [], "roles": sorted(roles)})
    return document


def _additions(decisions: Sequence[Decision]) -> list[Decision]:
    """Each entry that somebody added, once."""
    return list({one.entry: one for one in decisions if one.action == "add"}.values())


def _stations(links: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, str, set[str]]]:
    found: dict[str, tuple[str, str, set[str]]] = {}
    for link in links:
        for end in ("client", "server"):
            key = station_id(link["segment"], link[end])
            found.setdefault(key, (link["segment"], link[end], set()))[2].add(end)
    return found


def _links(link: Mapping[str, Any], states: Mapping[str, Reviewed], gone: set[str]) -> list[dict[str, Any]]:
    """A link without what was rejected, with what was widened; and its likes for all of a network."""
    name, own = link_id(link), copy.deepcopy(dict(link))
    own["operations"] = [row for row in own["operations"] if operation_id(name, row["code"], row["class"]) not in gone]
    own["polls"] = [row for row in own["polls"] if poll_id(name, row) not in gone]
    for row in own["objects"]:
        row["names"] = [text for text in row["names"] if name_id(name, row, text) not in gone]
        kept = []
        for start, end in row["stretches"]:
            one = states[stretch_id(name, row, start, end)]
            if one.counts:
                kept.append([start, end])
            if one.decision and one.decision.stretch and one.state == WIDENED:
                kept.append(list(one.decision.stretch))
        row["stretches"] = joined(kept)
    own["objects"] = [row for row in own["objects"] if row["stretches"] or row["names"]]
    decision = states[name].decision
    if decision is None or not decision.network or states[name].state != WIDENED:
        return [own]
    end = side(name, decision.network)
    likes = [own]
    for ip in ipaddress.ip_network(decision.network):
        if str(ip) != link[end]:
            # Whoever is let in is not held to the rhythm of another, nor to the order in which that one works.
            likes.append({**copy.deepcopy(own), end: str(ip), "polls": [], "orders": []})
    return likes

