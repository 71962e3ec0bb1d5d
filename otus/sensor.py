"""`otus sensor run`: live capture → alerts → spool → console."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from otus.sizes import Mebibytes

if TYPE_CHECKING:
    from federation.spool import Spool
    from federation.uplink import Uplink
    from otus.reload import Reloader
    from otus.spooled import SpoolSink
    from sensor._core import Batch, Engine
    from sensor.pipeline import Pipeline
    from sensor.sinks import AlertFile

log = logging.getLogger(__name__)

BEHIND_THE_WIRE = 10
"""Niceness of what makes alerts: a tenth of a core that the reading wants whole."""


@click.group()
def sensor() -> None:
    """Listen to a mirror port. / 接入镜像口，实时监测。"""


@sensor.command()
@click.option("-i", "--interface", "interfaces", multiple=True, help="Capture port; repeat for several.")
@click.option("--config", type=click.Path(path_type=Path), help="File of settings (otus config show).")
@click.option("--baseline", metavar="FOLDER", help="Learned baseline.")
@click.option("--rules", metavar="DIR", help="Use these rules instead of the bundled ones.")
@click.option("--rule-packs", metavar="DIR", help="Installed rule packs beside them (docs/rule-packs.md).")
@click.option("--pack-keys", metavar="DIR", help="Public keys whose packs are trusted.")
@click.option("--site-filters", metavar="FILE", help="What the site takes out of its rules' hits (rules/README.md).")
@click.option("--nursery", flag_value=1, type=int, help="Load rules that still wait for examples, too.")
@click.option("--filter", metavar="EXPR", help="What to look at: host, net, port, vlan, protocol.")
@click.option("--state-dir", metavar="FOLDER", help="What a restart must not forget is kept here.")
@click.option("--alerts", metavar="FILE", help="Also write alerts here as NDJSON; reopened on SIGHUP.")
@click.option("--evidence-dir", metavar="FOLDER", help="Keep the packets around each alert here, as pcapng.")
@click.option("--capture", "capture_dir", metavar="FOLDER", help="Also record everything here, in a rolling capture.")
@click.option(
    "--capture-quota", "capture_quota_mib", type=Mebibytes(), help="Disk for it: 10GiB; beyond it the oldest goes."
)
@click.option("--alerts-format", type=click.Choice(["ecs", "eve"]), help="Names in that file: ECS, or Suricata's EVE.")
@click.option("--spool-dir", metavar="FOLDER", help="Queue to the console.")
@click.option("--node-name", metavar="NAME", help="This node's name, as its parent knows it.")
@click.option("--for", "duration_s", type=click.IntRange(min=1), help="Stop by itself after so many seconds.")
def run(config: Path | None, interfaces: tuple[str, ...], duration_s: int | None, **flags: Any) -> None:
    """Capture until SIGTERM or Ctrl-C. Never sends a single frame on the capture port.

    SIGHUP loads rules and baseline again while the capture goes on (otus sensor reload).

    从镜像口实时采集，收到 SIGTERM 或 Ctrl-C 后写完已有数据再退出；采集口只收不发。
    """
    from sensor.settings import load

    settings = load(config, {**flags, "interfaces": list(interfaces) or None})
    if not settings["interfaces"]:
        raise click.UsageError("name a capture port: otus sensor run -i eth1 (ip link lists them)")
    serve(settings, duration_s)


@sensor.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--config", type=click.Path(path_type=Path), required=True, help="File of settings (otus config show).")
def replay(files: tuple[str, ...], config: Path) -> None:
    """Put capture files through a sensor as if they were live, and wait until its console has everything.

    把抓包文件当作在线流量送入探针，直至告警全部送达上级。
    """
    from sensor.settings import load

    serve(load(config), files=files)


@sensor.command()
@click.option("--config", type=click.Path(path_type=Path), help="File of settings that the sensor runs with.")
@click.option("--state-dir", metavar="FOLDER", help="The running sensor's; default: as in the settings.")
def reload(config: Path | None, state_dir: str | None) -> None:
    """Have the running sensor load its rules and its baseline again; no packet is lost.

    What is the same in both goes on: alerts that are open, rhythms, conversations. What cannot be used is refused, and
    the sensor goes on with what it has.

    让运行中的探针重新加载规则和基线：不丢包，未变化的规则与告警不受影响；有错误则拒绝加载，继续使用原有规则。
    """
    from otus.running import ask_to_reload
    from sensor.settings import load

    settings = load(config, {"state_dir": state_dir})
    if not settings["state_dir"]:
        raise click.UsageError("name the folder of the running sensor: --state-dir, or state_dir in --config")
    click.echo(ask_to_reload(Path(settings["state_dir"])))


@sensor.command("health")
@click.option("--config", type=click.Path(path_type=Path), help="File of settings that the sensor runs with.")
@click.option("--state-dir", metavar="FOLDER", help="The running sensor's; default: as in the settings.")
def show_health(config: Path | None, state_dir: str | None) -> None:
    """Say whether the sensor runs and goes on; exit code 1 where it does not. / 探针是否在正常运行。"""
    from otus.running import health
    from sensor.settings import load

    settings = load(config, {"state_dir": state_dir})
    if not settings["state_dir"]:
        raise click.UsageError("name the folder of the running sensor: --state-dir, or state_dir in --config")
    click.echo(health(Path(settings["state_dir"])))


def serve(settings: dict[str, Any], duration_s: int | None = None, files: tuple[str, ...] = ()) -> None:
    """Run the sensor with these settings until a signal, or to the end of the files."""
    from otus.baseline_report import BaselineReport
    from otus.carrying_out import start_carrying_out
    from otus.detection import Given, load, started
    from otus.evidence import capture_settings, engine_settings, keeper
    from otus.examination import Examiner
    from otus.learning import sensor_learning
    from otus.memory import Memory, start_engine
    from otus.parents import start_uplink
    from otus.reload import Reloader, RuleBooks
    from otus.running import Running
    from otus.shadow import BaselineState
    from otus.spooled import SpoolSink
    from sensor.health import Health, merging_offloads
    from sensor.inventory import Inventory
    from sensor.pipeline import Pipeline, Sink
    from sensor.sinks import AlertFile
    from sensor.site import SiteFiles

    files_of_site = {name: settings[name] for name in ("segments", "points", "passwords", "own_protocols", "stations")}
    site = SiteFiles(**files_of_site).load(settings["segment"])
    detection = load(Given.of(settings, site))
    name, tenant = settings["node_name"], settings["tenant"]
    sinks: list[Sink] = []
    spool = queue = alerts = running = memory = report = None
    with ExitStack() as closing:
        if settings["state_dir"]:
            running = closing.enter_context(Running(Path(settings["state_dir"])))
            memory = Memory(Path(settings["state_dir"]), name, tenant)
        books = RuleBooks(detection.rules)
        analyst = detection.analyst(name, tenant, files=bool(files), keep_open=memory is not None, rules_of=books.of)
        inventory = Inventory(name, tenant)
        learning = sensor_learning(settings, books)
        if memory is not None and learning is not None:
            memory.guard = learning.guard
        engine = start_engine(
            detection,
            memory,
            analyst,
            inventory,
            filter=settings["filter"] or None,
            flows=settings["flows"],
            threads=settings["threads"],
            ring_mib=settings["ring_mib"],
            fanout=settings["fanout"],
            duplicate_ms=settings["duplicate_ms"],
            learn=learning is not None,
            **engine_settings(settings["evidence_dir"], settings),
            **capture_settings(settings, live=not files),
        )
        reloader = Reloader(engine, detection, books, settings, None if running is None else running.answer)
        closing.callback(reloader.end)
        if settings["spool_dir"]:
            spool, uplink = start_uplink(settings)
            closing.callback(_end_uplink, uplink, spool)
            queue = SpoolSink(spool)
            sinks.append(queue)
        if settings["alerts"]:
            alerts = AlertFile(Path(settings["alerts"]), settings["alerts_format"])
            closing.callback(alerts.close)
            sinks.append(alerts)
        facts = dict(detection.facts)
        told_baseline = BaselineState(engine, settings["heartbeat_s"], learning)
        if spool is not None and not files:
            carried = start_carrying_out(settings, spool, reloader.ask_and)
            if carried is not None:
                closing.callback(carried)
            report = BaselineReport(settings, spool.append, decides=carried is not None, learning=learning)
        if files:
            engine.open_files(list(files))
        else:
            facts["offloads"] = merging_offloads(_listen(engine, settings["interfaces"]))
            _let_the_wire_go_first()
        health = Health(name, tenant, settings["heartbeat_s"], facts)
        # Not on files: what a replay gives must not depend on when it ran.
        examiner = None if files else Examiner(lambda: books.of(engine.generation).to_core_json(site.segments.names))
        if examiner is not None:
            closing.callback(examiner.end)

        def between_batches(batch: Batch) -> None:
            reloader.tend(analyst, health)
            if learning is not None:
                learning.tend(engine, batch)
            told_baseline.tend(health, reloader.facts)
            if report is not None:
                report.tend(told_baseline.trial)
            if examiner is not None and (told := examiner.tend(batch.now_ns)) is not None:
                health.update({"detection": told})
            if running is not None:
                running.tend()
            if alerts is not None:
                alerts.tend()
            if memory is not None and (state := engine.snapshot() if batch.done else batch.state) is not None:
                memory.save(state, analyst, inventory, end=batch.done)

        pipeline = Pipeline(
            engine,
            analyst,
            sinks,
            inventory=inventory,
            evidence=keeper(settings["evidence_dir"], name, tenant, settings, background=not files),
            health=health,
            spool_state=dict if queue is None else queue.state,
            recording_state=engine.recording if settings["capture_dir"] else dict,
            on_batch=between_batches,
            wants_state=bool if memory is None else memory.is_due,
        )
        _signals(pipeline, reloader, alerts, duration_s)
        if running is not None:
            running.listen()
        if not files:
            ports = ", ".join(settings["interfaces"])
            click.echo(f"otus: capturing on {ports}; {facts['rules_loaded']} rules", err=True)
        started()
        try:
            pipeline.run()
        finally:
            if pipeline.ledger:
                click.echo(summary(pipeline.ledger, pipeline.alerts), err=True)
        if spool is not None and queue is not None:
            if files:
                _drain(spool, queue, settings, pipeline)
            if lost := queue.settle():
                place = settings["spool_dir"]
                raise RuntimeError(f"{lost} records found no room in {place} and are lost: free some space")


def _end_uplink(uplink: Uplink, spool: Spool, wait_s: float = 1.0) -> None:
    """A console that hangs does not hold up the stop: what it has not answered for stays in the spool."""
    if uplink.stop(wait_s):
        spool.close()


def _let_the_wire_go_first() -> None:
    """Where reading and alerts share a core, alerts wait: this thread is nicer than the core's, which exist by now."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BEHIND_THE_WIRE)


def _listen(engine: Engine, interfaces: list[str]) -> list[str]:
    """Open the capture ports; says, and returns, what their drivers do to frames before we see them."""
    lines = engine.open_interfaces(interfaces)
    for line in lines:
        log.warning("%s", line)
    return lines


def _drain(spool: Spool, queue: SpoolSink, settings: dict[str, Any], pipeline: Pipeline, wait_s: float = 60.0) -> None:
    """Wait until every parent has answered for everything, or somebody says stop: it stays in the spool then."""
    deadline = time.monotonic() + wait_s
    # What found no room in the spool comes in as what is in it goes up.
    while waiting := queue.settle() + sum(spool.pending(parent) for parent in spool.parents):
        if pipeline.stopping or time.monotonic() > deadline:
            unkept = queue.settle()
            lost = f"; {unkept} of them found no room there and are lost: free some space" if unkept else ""
            raise RuntimeError(f"{waiting} records still wait in {settings['spool_dir']}: is the console up?{lost}")
        time.sleep(0.1)


def _signals(pipeline: Pipeline, reloader: Reloader, alerts: AlertFile | None, duration_s: int | None) -> None:
    def stop(*_: object) -> None:
        pipeline.stop()

    def again(*_: object) -> None:
        reloader.ask()
        if alerts is not None:
            alerts.reopen()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    # Whoever rings means one of them (logrotate, or somebody with new rules); the other costs nothing that is seen.
    signal.signal(signal.SIGHUP, again)
    if duration_s:
        signal.signal(signal.SIGALRM, stop)
        signal.alarm(duration_s)


NOTES = ("late", "time_jumps", "gaps", "flows_evicted", "requests_evicted", "folds_evicted", "assets_unlisted",
         "correlations_evicted", "hits_suppressed")  # fmt: skip
"""What may explain an odd finding, named when it happened: `docs/ledger.md`."""


def summary(ledger: dict[str, Any], alerts: int) -> str:
    """The account in one line."""
    skipped, lost = sum(ledger["skipped"].values()), sum(ledger["lost"].values())
    notes = "".join(f", {name} {ledger['notes'][name]}" for name in NOTES if ledger["notes"].get(name))
    return (
        f"otus: received {ledger['received']} = parsed {ledger['parsed']} + skipped {skipped} + lost {lost}"
        f" + held {ledger['held']}; events {ledger['events']}, hits {ledger['hits']}, alerts {alerts}{notes}"
    )
