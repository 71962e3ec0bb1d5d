"""`otus evaluate`: alerts against labels."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from otus.detection import Given
from otus.pack_sources import installed, pack_options

if TYPE_CHECKING:
    from detectors.evaluation import Labelled, Learn, Result, Seen
    from detectors.rules import Source
    from sensor.schema import Level

STEP = 250
"""Packets between two looks at who has been told by now: what judges stretches of time is told that late at most."""


@click.command()
@click.argument("labels", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="LABELS...")
@click.option("--captures", type=click.Path(path_type=Path, exists=True), metavar="FOLDER", help="Where captures are.")
@click.option("--rules", metavar="DIR", help="Use these rules instead of the bundled ones.")
@pack_options
@click.option("--level", default="low", show_default=True, help="Alerts from this level on: critical … notice.")
@click.option("--format", "shape", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.option("--least-recall", type=click.FloatRange(0, 1), help="Exit code 1 below this.")
@click.option("--least-precision", type=click.FloatRange(0, 1), help="Exit code 1 below this.")
def evaluate(
    labels: tuple[Path, ...],
    captures: Path | None,
    rules: str | None,
    rule_packs: str | None,
    pack_keys: str | None,
    level: str,
    shape: str,
    lang: str,
    least_recall: float | None,
    least_precision: float | None,
) -> None:
    """Score alerts against LABELS: files of labels, or truth files of `otus range play`.

    An event is found or missed, once. Where labels say what was normal, that is learned first. See docs/evaluation.md.

    按标注评估检测质量：事件级召回率与准确率、每日误报、检出时间。
    """
    from detectors.evaluation import read_labels, totals
    from detectors.evaluation.table import as_json, table
    from sensor.schema import Level

    try:
        least = Level(level)
    except ValueError:
        raise click.UsageError(f"--level: one of {', '.join(Level)}") from None
    packs = installed(rule_packs, pack_keys)
    wanted = [one for path in labels for one in read_labels(path, captures)]
    results = []
    for place, one in enumerate(wanted, 1):
        if sys.stderr.isatty():
            click.echo(f"\r{place}/{len(wanted)} {one.name[:70]:70}", nl=False, err=True)
        results.append(judge(one, rules, least, packs))
    if sys.stderr.isatty():
        click.echo("\r", nl=False, err=True)
    told = totals(results)
    if shape == "json":
        click.echo(json.dumps(as_json(results, told), ensure_ascii=False, indent=1))
    else:
        click.echo(table(results, told, lang))
    for name, least_share in (("recall", least_recall), ("precision", least_precision)):
        if least_share is not None and (told[name] or 0.0) < least_share:
            click.echo(f"otus: {name} {told[name] or 0.0:.3f} < {least_share}", err=True)
            raise click.exceptions.Exit(1)


def judge(
    labelled: Labelled, rules: str | None = None, level: Level | None = None, packs: Sequence[Source] = ()
) -> Result:
    """Learn what the labels name, replay, score.

    Raises:
        OSError, ValueError: a capture, or rules, cannot be read.
    """
    from detectors.evaluation import score
    from sensor._core import look
    from sensor.schema import Level

    with tempfile.TemporaryDirectory(prefix="otus-evaluate-") as folder:
        baseline, until_ns = _learn(labelled, Path(folder) / "baseline")
        announced = _announced(labelled, Path(folder) / "maintenance.yml")
        given = Given(rules, baseline, packs=packs, maintenance=announced)
        alerts, span, ledger = _replay(labelled.path, given)

    def time_of(frame: int) -> int | None:
        found = look(labelled.path, frame)
        return None if found is None else int(found["ts_ns"])

    result = score(labelled, alerts, span, until_ns, level or Level.LOW, time_of, ledger["received"])
    return replace(result, ledger=ledger)


def _learn(labelled: Labelled, folder: Path) -> tuple[Path | None, int]:
    """The baseline's folder, and until when this capture itself was learned from."""
    from otus.learning import learn_into

    learn = labelled.learn
    if learn is None:
        return None, 0
    if learn.files:
        learn_into(folder, tuple(map(str, learn.files)))
        return folder, 0
    packets, until_ns = _reach(labelled.path, learn)
    if not packets:
        raise ValueError(f"{labelled.name}: no packet before the end of what is to be learned")
    learn_into(folder, (str(labelled.path),), packets=packets)
    return folder, until_ns


def _reach(path: Path, learn: Learn) -> tuple[int, int]:
    """So many packets are learned from, and the time from which on is judged."""
    from detectors.evaluation.score import SECOND
    from sensor._core import Engine, look

    if learn.packets is not None:
        if isinstance(learn.until, int):
            return learn.packets, learn.until
        after = look(path, learn.packets + 1)
        return learn.packets, 1 << 62 if after is None else int(after["ts_ns"])
    engine = Engine("{}")
    engine.open_files([path])
    count = 0
    batch = engine.poll(1)
    until_ns = learn.until if isinstance(learn.until, int) else batch.now_ns + round((learn.until or 0.0) * SECOND)
    while not batch.done and batch.now_ns < until_ns:
        count = batch.ledger["received"]
        batch = engine.poll(1)
    return (batch.ledger["received"] if batch.done and batch.now_ns < until_ns else count), int(until_ns)


BOOKED_BEFORE_NS, BOOKED_AFTER_NS = 60 * 10**9, 300 * 10**9
"""A window is booked from a minute before to five minutes after the work: nobody's watch goes by the packets."""


def _announced(labelled: Labelled, path: Path) -> Path | None:
    """The work orders of a truth file, as a site would have them; None where there are none."""
    orders = [(one, one.order) for one in labelled.events if one.order and isinstance(one.first, int)]
    if not orders:
        return None
    windows = [
        {
            "work_order": str(order["work_order"]),
            "from": _iso(int(one.first or 0) - BOOKED_BEFORE_NS),
            "to": _iso(int(one.last or 0) + BOOKED_AFTER_NS),
            "person": str(order.get("person") or "?"),
            "who": list(order["who"]),
            "where": list(order["where"]),
            "expected": list(order["expected"]),
        }
        for one, order in orders
    ]
    path.write_text(json.dumps({"maintenance": windows}), encoding="utf-8")  # JSON is YAML
    return path


def _iso(time_ns: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat()


def _replay(path: Path, given: Given) -> tuple[Sequence[Seen], tuple[int, int], Mapping[str, Any]]:
    """Alerts with the time they were told at; first and last packet; the ledger."""
    from detectors.evaluation import Seen
    from detectors.evaluation.score import BY_PACKET
    from otus.detection import load
    from sensor.pipeline import Pipeline
    from sensor.sinks import LatestAlerts

    detection = load(given)
    engine = detection.engine()
    engine.open_files([path])
    latest, stories = LatestAlerts(), LatestAlerts("story")
    told: dict[str, int] = {}
    new: list[str] = []
    span = [0, 0]

    class Watch:
        def put(self, records: Sequence[Any]) -> None:
            latest.put(records)
            stories.put(records)
            new.extend(record.id for record in records if record.kind == "alert")

    def noted(batch: Any) -> None:
        span[0] = span[0] or batch.now_ns
        span[1] = batch.now_ns or span[1]
        for name in new:
            told.setdefault(name, batch.now_ns)
        new.clear()

    pipeline = Pipeline(engine, detection.analyst("evaluate", files=True), [Watch()], on_batch=noted)
    first = _first_time(path)
    ledger = pipeline.run(STEP)
    into = {record.id: record.body["merged_into"] for record in stories.records()}
    seen = []
    for record in latest.records():
        alert = record.alert()
        at_once = alert.detector in BY_PACKET
        story = record.body["story"]
        while into[story] is not None:
            story = into[story]
        seen.append(Seen(alert, alert.first_ns if at_once else max(told[record.id], alert.first_ns), story))
    return seen, (first or span[0], span[1]), ledger


def _first_time(path: Path) -> int:
    from sensor._core import look

    found = look(path, 1)
    return 0 if found is None else int(found["ts_ns"])
