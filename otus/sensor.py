"""`otus sensor run`: live capture → alerts → spool → console."""

from __future__ import annotations

import logging
import signal
from pathlib import Path
from typing import Any

import click

log = logging.getLogger(__name__)


@click.group()
def sensor() -> None:
    """Listen to a mirror port. / 接入镜像口，实时监测。"""


@sensor.command()
@click.option("-i", "--interface", "interfaces", multiple=True, help="Capture port; repeat for several.")
@click.option("--config", type=click.Path(path_type=Path), help="File of settings (otus config show).")
@click.option("--baseline", metavar="FOLDER", help="Learned baseline.")
@click.option("--rules", metavar="DIR", help="Use these rules instead of the bundled ones.")
@click.option("--filter", metavar="EXPR", help="What to look at: host, net, port, vlan, protocol.")
@click.option("--alerts", metavar="FILE", help="Also write alerts here as NDJSON; reopened on SIGHUP.")
@click.option("--spool-dir", metavar="FOLDER", help="Queue to the console.")
@click.option("--node-name", metavar="NAME", help="This node's name, as its parent knows it.")
@click.option("--for", "duration_s", type=int, help="Stop by itself after so many seconds.")
def run(config: Path | None, interfaces: tuple[str, ...], duration_s: int | None, **flags: Any) -> None:
    """Capture until SIGTERM or Ctrl-C. Never sends a single frame on the capture port.

    从镜像口实时采集，收到 SIGTERM 或 Ctrl-C 后写完已有数据再退出；采集口只收不发。
    """
    from sensor.settings import load

    settings = load(config, {**flags, "interfaces": list(interfaces) or None})
    if not settings["interfaces"]:
        raise click.UsageError("name a capture port: otus sensor run -i eth1 (ip link lists them)")
    serve(settings, duration_s)


def serve(settings: dict[str, Any], duration_s: int | None = None) -> None:
    """Run the sensor with these settings until a signal."""
    from federation.spool import Spool
    from otus.detection import load
    from otus.parents import start_uplink
    from sensor.health import Health
    from sensor.inventory import Inventory
    from sensor.pipeline import Pipeline, Sink
    from sensor.sinks import AlertFile

    detection = load(settings["rules"] or None, settings["baseline"] or None)
    windows = settings["window_s"] * 1_000_000_000 if detection.judge is not None else 0
    engine = detection.engine(
        filter=settings["filter"] or None,
        flows=settings["flows"],
        segment=settings["segment"],
        ring_mib=settings["ring_mib"],
        window_ns=windows,
    )
    name, tenant = settings["node_name"], settings["tenant"]
    sinks: list[Sink] = []
    uplink, spool = None, None
    if settings["spool_dir"]:
        spool, uplink = start_uplink(settings)
        sinks.append(SpoolSink(spool))
    alerts = AlertFile(Path(settings["alerts"])) if settings["alerts"] else None
    if alerts is not None:
        sinks.append(alerts)
    offloads = engine.open_interfaces(settings["interfaces"])
    for line in offloads:
        log.warning("%s", line)
    pipeline = Pipeline(
        engine,
        detection.analyst(name, tenant),
        sinks,
        inventory=Inventory(name, tenant),
        health=Health(name, tenant, settings["heartbeat_s"], detection.facts),
        spool_state=_state_of(spool),
    )
    _signals(pipeline, alerts, duration_s)
    click.echo(f"otus: capturing on {', '.join(settings['interfaces'])}; rules {detection.facts['rules_loaded']}", err=True)
    try:
        ledger = pipeline.run()
    finally:
        if uplink is not None:
            uplink.stop()
        if spool is not None:
            spool.close()
        if alerts is not None:
            alerts.close()
    click.echo(summary(ledger, pipeline.alerts), err=True)


class SpoolSink:
    """Records on disk before the next batch is looked at."""

    def __init__(self, spool: Any) -> None:
        self._spool = spool

    def put(self, records: Any) -> None:
        self._spool.append(records)


def _state_of(spool: Any) -> Any:
    return dict if spool is None else spool.state


def _signals(pipeline: Any, alerts: Any, duration_s: int | None) -> None:
    def stop(*_: object) -> None:
        pipeline.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if alerts is not None:
        signal.signal(signal.SIGHUP, lambda *_: alerts.reopen())
    if duration_s:
        signal.signal(signal.SIGALRM, stop)
        signal.alarm(duration_s)


def summary(ledger: dict[str, Any], alerts: int) -> str:
    """The account in one line."""
    skipped, lost = sum(ledger["skipped"].values()), sum(ledger["lost"].values())
    return (
        f"otus: received {ledger['received']} = parsed {ledger['parsed']} + skipped {skipped} + lost {lost}"
        f" + held {ledger['held']}; events {ledger['events']}, hits {ledger['hits']}, alerts {alerts}"
    )
