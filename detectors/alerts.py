"""Hits and windows → alert records, with revisions.

The core folds equal hits; here each fold is one alert, whose revisions carry count, last time and outcome. Nothing here
reads a clock: engine time comes with the batch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from detectors.bounds import bounded
from detectors.describe import Description
from detectors.incidents import Importance, Stories
from detectors.incidents.severity import nothing_said
from detectors.maintenance.expected import raised, still_expected
from detectors.open_alert import OpenAlert, folds_from_json, folds_to_json
from detectors.stops import GRAVE, RESUMED, STOPPED, Stops
from sensor.schema import Alert, Endpoint, Evidence, Outcome, Record, State
from sensor.schema.records import MAX_EVIDENCE

FOLD_IDLE_NS = 600_000_000_000
"""Deviating windows of one conversation are one alert until it was quiet for that long (the core's rule for hits)."""
CLOSE_LAG_NS = 60_000_000_000
"""A window is told some time after its end: an alert is closed only when none that belongs to it can come any more."""
OPEN_WINDOWS = 65_536
"""Window alerts kept open (the core's limit for folds). Beyond it the one quiet longest is closed early."""

_OPEN, _CLOSED = str(State.OPEN), str(State.CLOSED)

Json = dict[str, Any]
Side = tuple[str, int | None, str | None]


class Hit(Protocol):
    """What the core's hits look like from here (`sensor/_core.pyi`)."""

    @property
    def kind(self) -> str: ...
    @property
    def fold(self) -> int: ...
    @property
    def id(self) -> str: ...
    @property
    def cause(self) -> str: ...
    @property
    def rule(self) -> int | None: ...
    @property
    def first_ns(self) -> int: ...
    @property
    def last_ns(self) -> int: ...
    @property
    def count(self) -> int: ...
    @property
    def outcome(self) -> str: ...
    @property
    def segment(self) -> str: ...
    @property
    def protocol(self) -> str: ...
    @property
    def frame(self) -> int | None: ...
    @property
    def last_frame(self) -> int | None: ...
    @property
    def file(self) -> str: ...
    @property
    def last_file(self) -> str: ...
    @property
    def client(self) -> Side | None: ...
    @property
    def server(self) -> Side | None: ...
    @property
    def source(self) -> Side | None: ...
    @property
    def destination(self) -> Side | None: ...
    def fields(self) -> dict[str, Any]: ...
    def params(self) -> dict[str, Any]: ...


class Windows(Protocol):
    """Closed windows as columns (`sensor._core.Windows`)."""

    def __len__(self) -> int: ...
    @property
    def columns(self) -> list[str]: ...
    @property
    def matrix(self) -> bytes: ...
    @property
    def starts(self) -> bytes: ...
    @property
    def ends(self) -> bytes: ...
    def segments(self) -> list[str]: ...
    def clients(self) -> list[str]: ...
    def servers(self) -> list[str]: ...
    def protocols(self) -> list[str]: ...


class Batch(Protocol):
    @property
    def hits(self) -> list[Any]: ...
    @property
    def windows(self) -> Windows: ...
    @property
    def ledger(self) -> dict[str, Any]: ...
    @property
    def now_ns(self) -> int: ...
    @property
    def done(self) -> bool: ...


@dataclass(frozen=True)
class WindowAlert:
    """A conversation's window that is unlike the learned ones."""

    segment: str
    client: str
    server: str
    protocol: str
    start_ns: int
    end_ns: int
    description: Description


class Expectations(Protocol):
    """Work that was announced (`detectors.maintenance`)."""

    def judge(self, alert: Alert, segment: str) -> tuple[Alert, list[tuple[str, Alert]]]: ...


class WindowJudge(Protocol):
    """The anomaly model (`detectors.anomaly`): windows in, deviating ones out."""

    def judge(self, windows: Windows) -> list[WindowAlert]: ...
    def state(self) -> dict[str, Any]:
        """`model` (none, abstains, active, refused) and `windows` {seen, judged}."""
        ...


Describe = Callable[[Any], Description]


class Analyst:
    """Turns batches into alert records.

    `describers` maps the first part of a cause (`rule`, `baseline`, `period`) to the detector that explains it.
    """

    def __init__(
        self,
        origin: str,
        tenant: str,
        describers: Mapping[str, Describe],
        judge: WindowJudge | None = None,
        *,
        files: bool = False,
        keep_open: bool = False,
        importance: Importance = nothing_said,
        expected: Expectations | None = None,
    ) -> None:
        """`keep_open`: the run goes on after its end, from what was remembered; alerts are not closed then.

        `importance`: what the site says of its stations. `expected`: alerts about announced work are told as such.
        """
        self._expected = expected
        self._origin, self._tenant, self._files = origin, tenant, files
        self._describers, self._judge = describers, judge
        self._folds: dict[int, OpenAlert] = {}
        self._windows: dict[tuple[str, str, str, str], OpenAlert] = {}
        self._stops = Stops()
        self._keep_open = keep_open
        self._left_over: list[Record] = []
        self._stories = Stories(origin, tenant, importance)
        self._about_work: list[Record] = []

    def remember(self) -> Callable[[], dict[str, Any]]:
        """What a restart must not forget of open alerts: taken now, made into JSON when somebody has time for it."""
        folds = {number: opened.copy() for number, opened in self._folds.items()}
        windows = [(key, opened.copy()) for key, opened in self._windows.items()]
        stories = self._stories.remember()
        return lambda: {
            "folds": folds_to_json(folds),
            "windows": [{"key": list(key), **opened.to_json()} for key, opened in windows],
            "stories": stories,
        }

    def recall(self, remembered: Mapping[str, Any], open_folds: Collection[int]) -> None:
        """Go on with open alerts. Those that the core knows nothing of are closed with the next batch.

        Raises:
            ValueError, LookupError, TypeError: this is not what `remember` gave; nothing was recalled.
        """
        folds = folds_from_json(remembered["folds"])
        windows = {}
        for item in remembered["windows"]:
            segment, client, server, protocol = item["key"]
            windows[(segment, client, server, protocol)] = OpenAlert.from_json(item)
        if "stories" in remembered:  # a state from before alerts had stories has none
            self._stories.recall(remembered["stories"])
        known = set(open_folds)
        self._left_over = [self._closed(opened) for number, opened in folds.items() if number not in known]
        self._folds = {number: opened for number, opened in folds.items() if number in known}
        self._stops.recall({number: (opened.segment, opened.body) for number, opened in self._folds.items()})
        self._windows = windows

    def judge_with(self, judge: WindowJudge | None) -> None:
        """Another model from the next batch on; alerts about windows that are open go on."""
        self._judge = judge

    def describe_with(self, describers: Mapping[str, Describe]) -> None:
        """Other words from the next batch on: what people rejected meanwhile is said of alerts that begin then."""
        self._describers = describers

    def expect(self, expected: Expectations | None) -> None:
        """Other announced work from the next batch on; alerts that are open go on as they are."""
        self._expected = expected

    def state(self) -> dict[str, Any]:
        return {"model": "none", "windows": {}} if self._judge is None else self._judge.state()

    def take(self, batch: Batch) -> list[Record]:
        """New alerts and revisions of open ones, in the order they came about; behind them stories that changed."""
        coverage = coverage_of(batch.ledger)
        records, self._left_over = self._left_over, []
        for hit in batch.hits:
            if (record := self._hit(hit, coverage)) is not None:
                records.append(record)
                if self._about_work:
                    records += self._about_work
                    self._about_work = []
            if hit.cause in (STOPPED, RESUMED):
                records += self._stop(hit)
        records += self._grave(self._stops.due(batch.now_ns))
        if self._judge is not None and len(batch.windows):
            for found in self._judge.judge(batch.windows):
                records += self._window(found, coverage)
        records += self._close_windows(batch.now_ns, batch.done)
        records += self._stories.tell(batch.now_ns, end=batch.done and not self._keep_open)
        return records

    def _hit(self, hit: Hit, coverage: dict[str, int]) -> Record | None:
        if hit.kind == "first":
            return self._first(hit, coverage)
        opened = self._folds.get(hit.fold)
        if opened is None:
            return None
        body = opened.body
        closes = hit.kind == "close"
        changed = {
            "count": hit.count,
            "last_ns": max(body["last_ns"], hit.last_ns),
            "outcome": hit.outcome,
            "state": _CLOSED if closes else _OPEN,
            "evidence": self._more_evidence(body["evidence"], hit),
        }
        if closes:
            del self._folds[hit.fold]
        return self._record(opened, still_expected(body | changed, hit.last_ns))

    def _stop(self, hit: Hit) -> list[Record]:
        """A conversation fell silent, or is back: what is told of its alert."""
        opened = self._folds.get(hit.fold)
        if hit.kind == "close" or opened is None:
            return []
        if hit.cause == STOPPED:
            self._stops.stopped(hit.fold, opened.segment, opened.body)
            return []
        fold = self._stops.resumed(opened.segment, opened.body, hit.last_ns)
        return [] if fold is None else self._grave([fold])

    def _grave(self, folds: Iterable[int]) -> list[Record]:
        """Alerts about conversations that have been silent longer than a restart takes."""
        known = [self._folds[fold] for fold in folds if fold in self._folds]
        return [self._record(opened, raised(opened.body, GRAVE)) for opened in known]

    def _first(self, hit: Hit, coverage: dict[str, int]) -> Record:
        fields = bounded(hit.fields())
        description = self._describers[hit.cause.partition(":")[0]](hit)
        alert = Alert(
            cause=hit.cause,
            detector=description.detector,
            level=description.level,
            title=description.title,
            reason=replace(description.reason, params=bounded(description.reason.params)),
            protocol=hit.protocol,
            first_ns=hit.first_ns,
            last_ns=hit.last_ns,
            count=hit.count,
            advice=description.advice,
            consequence=description.consequence,
            rule_id=description.rule_id,
            technique=description.technique,
            incident_class=description.incident_class,
            client=_endpoint(hit.client),
            server=_endpoint(hit.server),
            source=_endpoint(hit.source),
            destination=_endpoint(hit.destination),
            outcome=Outcome(hit.outcome),
            state=State.OPEN,
            fields=fields,
            evidence=(self._evidence(hit.file, hit.frame, hit.first_ns, fields),) if hit.frame is not None else (),
            coverage=coverage,
        )
        alert = self._announced(alert, hit.segment)
        body = alert.to_json()
        body["story"] = self._stories.place(hit.id, hit.segment, body)
        opened = self._folds[hit.fold] = OpenAlert(hit.id, hit.segment, body)
        return self._record(opened, opened.body)

    def _more_evidence(self, known: list[Json], hit: Hit) -> list[Json]:
        """The last message joins the first ones while there is room."""
        if len(known) >= MAX_EVIDENCE or (frame := hit.last_frame) is None:
            return known
        last_ns = hit.last_ns
        for item in known:
            if item["ts_ns"] == last_ns and item["frame"] == frame:
                return known
        place = hit.last_file
        file, interface = (place, None) if self._files else (None, place)
        return [*known, {"file": file, "interface": interface, "frame": frame, "ts_ns": last_ns, "fields": {}}]

    def _evidence(self, place: str, frame: int | None, ts_ns: int, fields: dict[str, Any]) -> Evidence:
        file, interface = (place, None) if self._files else (None, place)
        return Evidence(frame=frame, ts_ns=ts_ns, file=file, interface=interface, fields=fields)

    def _window(self, found: WindowAlert, coverage: dict[str, int]) -> list[Record]:
        """Whether it belongs to an open alert is decided by the windows' own times: batch edges change nothing."""
        key = (found.segment, found.client, found.server, found.protocol)
        opened = self._windows.pop(key, None)
        if opened is not None and found.end_ns - opened.body["last_ns"] < FOLD_IDLE_NS:
            self._windows[key] = opened  # the one quiet longest stays in front
            body = opened.body
            changed = {"count": body["count"] + 1, "last_ns": max(body["last_ns"], found.end_ns)}
            return [self._record(opened, still_expected(body | changed, found.end_ns))]
        records = [] if opened is None else [self._closed(opened)]
        if len(self._windows) >= OPEN_WINDOWS:
            records.append(self._closed(self._windows.pop(next(iter(self._windows)))))
        said = found.description
        cause = f"{said.detector}:{said.reason.code}"
        client, server = Endpoint(ip=found.client), Endpoint(ip=found.server)
        alert = Alert(
            cause=cause,
            detector=said.detector,
            level=said.level,
            title=said.title,
            reason=said.reason,
            protocol=found.protocol,
            first_ns=found.start_ns,
            last_ns=found.end_ns,
            count=1,
            advice=said.advice,
            consequence=said.consequence,
            technique=said.technique,
            incident_class=said.incident_class,
            client=client,
            server=server,
            source=client,
            destination=server,
            outcome=Outcome.NOT_APPLICABLE,
            state=State.OPEN,
            coverage=coverage,
        )
        identity = "\0".join((cause, *key, str(found.start_ns)))
        record_id = hashlib.sha256(identity.encode()).hexdigest()[:32]
        alert = self._announced(alert, found.segment)
        about_work, self._about_work = self._about_work, []
        body = alert.to_json()
        body["story"] = self._stories.place(record_id, found.segment, body)
        opened = self._windows[key] = OpenAlert(record_id, found.segment, body)
        return [*records, self._record(opened, opened.body), *about_work]

    def _announced(self, alert: Alert, segment: str) -> Alert:
        """As it is to be told where work was announced; what is to be said of that work is told behind it."""
        if self._expected is None:
            return alert
        told, more = self._expected.judge(alert, segment)
        for record_id, found in more:
            about = OpenAlert(record_id, segment, found.to_json())
            self._about_work.append(self._record(about, about.body))
        return told

    def _close_windows(self, now_ns: int, done: bool) -> list[Record]:
        closed = []
        while self._windows:
            key = next(iter(self._windows))
            silent_ns = now_ns - self._windows[key].body["last_ns"]
            if (self._keep_open or not done) and silent_ns < FOLD_IDLE_NS + CLOSE_LAG_NS:
                break
            closed.append(self._closed(self._windows.pop(key)))
        return closed

    def _closed(self, opened: OpenAlert) -> Record:
        return self._record(opened, opened.body | {"state": _CLOSED})

    def _record(self, opened: OpenAlert, body: Json) -> Record:
        """The next revision of an alert."""
        opened.body = body
        opened.revision += 1
        if opened.revision > 1:
            self._stories.grew(opened.id, body)
        return Record(
            kind="alert",
            id=opened.id,
            revision=opened.revision,
            origin=self._origin,
            tenant=self._tenant,
            segment=opened.segment,
            body=body,
        )


def coverage_of(ledger: Mapping[str, Any]) -> dict[str, int]:
    """How well we could see when the alert was made."""
    return {
        "received": ledger["received"],
        "parsed": ledger["parsed"],
        "skipped": sum(ledger["skipped"].values()),
        "lost": sum(ledger["lost"].values()),
    }


def _endpoint(side: Side | None) -> Endpoint | None:
    return None if side is None else Endpoint(ip=side[0], port=side[1], mac=side[2])
