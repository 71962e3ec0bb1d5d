"""`otus replay`: capture files through the same engine and detectors as live traffic; alerts out, deterministic."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from otus.pack_sources import pack_options
from otus.shadow import lines, read_tried, shadowed
from otus.site_options import site_options
from sensor.site import SiteFiles

if TYPE_CHECKING:
    from otus.detection import Given
    from sensor.sinks import LatestAlerts


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--baseline", metavar="FOLDER", help="Learned baseline (otus baseline learn).")
@click.option("--rules", metavar="DIR", help="Use these rules instead of the bundled ones.")
@pack_options
@click.option("--baseline-shadow", metavar="FOLDER", help="Also try this one: say what it would have told.")
@click.option(
    "--baseline-on-trial",
    multiple=True,
    metavar="FAMILY",
    help="Of the baseline that counts: count what this family (or all) would tell, and do not raise it.",
)
@click.option("--maintenance", metavar="FILE", help="Maintenance windows 检修窗口 (docs/baseline.md).")
@click.option("--suppliers", metavar="FILE", help="List of trusted suppliers 可信服务商名单 (docs/baseline.md).")
@click.option("--nursery", is_flag=True, help="Load rules that still wait for examples, too.")
@click.option("--site-filters", metavar="FILE", help="What the site takes out of its rules' hits (rules/README.md).")
@site_options
@click.option("--filter", "expression", metavar="EXPR", help="What to look at: host, net, port, vlan, protocol.")
@click.option("--format", "shape", type=click.Choice(["table", "ndjson"]), default="table", show_default=True)
@click.option("--alerts-format", type=click.Choice(["ecs", "eve"]), help="NDJSON in ECS names, or Suricata's EVE.")
@click.option("--hits", type=click.Path(path_type=Path), help="Also list every single hit before folding, as NDJSON.")
@click.option("--evidence", metavar="FOLDER", help="Keep the packets around each alert here, as pcapng.")
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    help="Processor cores to use; default: all this process may use. Changes nothing but the time.",
)
@click.option("--stats", type=click.Path(path_type=Path), help="Also write figures and the ledger, as JSON.")
def replay(
    files: tuple[str, ...],
    baseline: str | None,
    rules: str | None,
    expression: str | None,
    shape: str,
    alerts_format: str | None,
    hits: Path | None,
    evidence: str | None,
    threads: int | None,
    stats: Path | None,
    site_filters: str | None,
    rule_packs: str | None,
    pack_keys: str | None,
    baseline_shadow: str | None,
    baseline_on_trial: tuple[str, ...],
    maintenance: str | None,
    suppliers: str | None,
    nursery: bool,
    site: SiteFiles,
) -> None:
    """Find what is wrong in capture files: the same engine, rules and detectors as on live traffic.

    The same files, rules and baseline give the same bytes out. `-` reads standard input.

    回放抓包文件并给出告警：与在线监测同一套引擎、规则和检测器，结果可复现。
    """
    from otus.detection import Given
    from otus.outputs import OutputFile

    figures = None if stats is None else OutputFile(stats)
    named = {
        "rules": rules, "baseline": baseline, "site_filters": site_filters, "rule_packs": rule_packs,
        "pack_keys": pack_keys, "maintenance": maintenance, "suppliers": suppliers, "nursery": nursery,
    }  # fmt: skip
    given = Given.of(named, site.load())
    run = Run(files, given, expression, hits, evidence, threads, baseline_shadow, baseline_on_trial)
    alerts = run.alerts()
    if alerts_format is not None or shape == "ndjson":
        ndjson(alerts, alerts_format or "ecs")
    else:
        from otus.replay_table import table

        table(alerts, run.stories)
    sys.stdout.flush()
    if figures is not None:
        figures.write((json.dumps(run.figures(len(alerts)), indent=2, ensure_ascii=False) + "\n").encode())
        figures.close()
    run.say_suppressed()
    run.say_shadow()
    run.unread.end()


class Run:
    """One replay: what went in, what it found, what it cost."""

    def __init__(
        self,
        files: tuple[str, ...],
        given: Given,
        expression: str | None = None,
        hits: Path | None = None,
        evidence: str | None = None,
        threads: int | None = None,
        baseline_shadow: str | None = None,
        baseline_on_trial: tuple[str, ...] = (),
    ) -> None:
        from otus.detection import load, started
        from otus.evidence import engine_settings, keeper
        from otus.outputs import OutputFile
        from otus.unread import Unread
        from sensor.sinks import LatestAlerts

        self.stories = LatestAlerts("story")
        """what the alerts are parts of, once `alerts` was called"""
        self._detection = load(given)
        self._engine = self._detection.engine(
            filter=expression,
            listing=hits is not None,
            threads=threads or min(64, len(os.sched_getaffinity(0))),
            **engine_settings(evidence),
        )
        self._keeper = keeper(evidence, "replay")
        read_tried(baseline_shadow or "", baseline_on_trial).begin(self._engine)
        self._listing = None if hits is None else OutputFile(hits)
        started()
        self._startup_s = _since_process_start()
        self._opened = time.perf_counter()
        self._engine.open_files(list(files))
        self._ledger: dict[str, Any] = {}
        self._analyst_state: dict[str, Any] = {}
        self.unread = Unread()

    def alerts(self) -> LatestAlerts:
        """The last revision of every alert, in the order they were opened."""
        from sensor.pipeline import Pipeline
        from sensor.sinks import LatestAlerts

        latest = LatestAlerts()
        analyst = self._detection.analyst("replay", files=True)
        pipeline = Pipeline(self._engine, analyst, [latest, self.stories], evidence=self._keeper, on_batch=self._batch)
        self._ledger = pipeline.run()
        self._analyst_state = analyst.state()
        if self._listing is not None:
            self._listing.close()
        return latest

    def _batch(self, batch: Any) -> None:
        self.unread.note(batch.warnings)
        if self._listing is not None:
            self._listing.write(batch.listing)

    def figures(self, alerts: int) -> dict[str, Any]:
        seconds = time.perf_counter() - self._opened
        ledger = self._ledger
        return {
            "packets": ledger["received"],
            "bytes": ledger["bytes"],
            "events": ledger["events"],
            "hits": ledger["hits"],
            "alerts": alerts,
            "stories": sum(1 for record in self.stories.records() if record.body["merged_into"] is None),
            "rules_loaded": self._detection.facts["rules_loaded"],
            "baseline": self._detection.learned,
            "model": self._analyst_state,
            "startup_s": round(self._startup_s, 3),
            "seconds": round(seconds, 6),
            "packets_per_s": round(ledger["received"] / seconds) if seconds > 0 else 0,
            "ledger": ledger,
            "suppressed": self._suppressed(),
            **({} if (trial := shadowed(self._engine)) is None else {"shadow": trial}),
        }

    def _suppressed(self) -> list[dict[str, Any]]:
        """What filters of the site took out, by filter and rule."""
        found = self._engine.suppressed()
        return [{"filter": name, "rule_id": rule_id, "hits": hits} for name, rule_id, hits in found]

    def say_shadow(self) -> None:
        if (trial := shadowed(self._engine)) is not None:
            for line in lines(trial):
                click.echo(line, err=True)

    def say_suppressed(self) -> None:
        for name, rule_id, hits in self._engine.suppressed():
            rule = self._detection.rules.by_id(rule_id)
            click.echo(f"filter {name} took out {hits} hits of {rule.title if rule else rule_id}", err=True)


def ndjson(alerts: LatestAlerts, names: str) -> None:
    from sensor.ecs import alert_line, line_text
    from sensor.eve import eve_line

    to_line = {"ecs": alert_line, "eve": eve_line}[names]
    for record in alerts.records():
        sys.stdout.write(line_text(to_line(record)) + "\n")


def _since_process_start() -> float:
    """Seconds since the kernel started this process: interpreter, imports and loading inside."""
    fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    started_s = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started_s
