"""What `make demo` plays: learn, attack, and see what arrives at each of three tiers."""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sensor.schema import Record
from testbed import netns
from testbed.commands import RangeError
from testbed.demo_plant import Plant, Told, available, new_run_id
from testbed.elasticsearch import ElasticsearchServer, missing
from testbed.orders import issue_down
from testbed.state import ProcessMark, RunState, end_processes
from testbed.tiers import PASSWORD, SENSOR, Tiers, log_tail, start_module
from testbed.truth import read_truth
from testbed.verdict import Seen, innocent_alarms, judge

WINDOW_S = 1
"""The demo's windows are short, so that half a minute of learning holds enough of them."""
HEARTBEAT_S = 2
DRAIN_S = 20.0
HEAP_MB = 384
"""Of the Elasticsearch node: a demo's alerts are few."""
AFTER_S = 5.0
"""Traffic goes on that long after the last attack: a changed rhythm shows in the polls that follow."""
CAPTURES = Path(__file__).resolve().parent.parent / "pcaps" / "plant"


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def tell(told: Told) -> None:
    mark = {"begin": "⚠ ", "done": "  ↳ "}.get(told.phase, "")
    say(f"{mark}{told.result or told.zh} / {told.en}" if told.phase != "done" else f"{mark}{told.result}")


@dataclass
class Outcome:
    """What the summary needs."""

    truth_path: Path
    transmitted: int | None
    """frames that left the capture port; None where captures were replayed"""
    sensor_line: str


def run_demo(*, once: bool, learn_s: int, replay: bool, keep: Path | None, store: str = "sqlite") -> int:
    """Play the demo; 0 when every action was seen at the ministry and nobody innocent alarmed.

    With `store="elasticsearch"` province and ministry keep their records in a node that is started for it.
    """
    try:
        with ending_in_order():
            if removed := netns.cleanup_stale():
                say(f"已清理上次中断的演示 / cleaned up after a demo that was killed: {', '.join(removed)}")
            reason = "按要求回放 / as asked" if replay else available()
            with _claimed(keep) as (run, workdir), _cluster(run, store) as cluster_url:
                if reason is None:
                    return _played(run, workdir, once, learn_s, cluster_url)
                say(f"不搭建现场网络，改为回放随附抓包：{reason} / replaying the bundled captures instead")
                return _replayed(run, workdir, once, cluster_url)
    except RangeError as error:
        print(f"otus: {error}", file=sys.stderr)
        return 1


@contextlib.contextmanager
def ending_in_order() -> Iterator[None]:
    """SIGTERM and a closed terminal end the demo as Ctrl-C does; a second one does not disturb the cleaning up."""

    def end(*_: object) -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _claimed(keep: Path | None) -> Iterator[tuple[RunState, Path]]:
    """A folder to work in and a state file that names it, so that the next start removes what a killed demo left."""
    run_id = f"{new_run_id()}-demo"
    workdir = keep or Path(tempfile.gettempdir()) / f"otus-{run_id}"
    run = RunState.begin(run_id)
    try:
        if keep is None:
            run.folders.append(str(workdir))
            run.save()
        try:
            workdir.mkdir(mode=0o700, parents=True, exist_ok=keep is not None)
        except OSError as error:
            raise RangeError(f"{workdir}: cannot be used as a folder: {error.strerror}") from None
        yield run, workdir
    finally:
        netns.cleanup(run_id)


@contextlib.contextmanager
def _cluster(run: RunState, store: str) -> Iterator[str | None]:
    """The address of an Elasticsearch of the demo's own, ended with it; None where all tiers keep files.

    Raises:
        RangeError: it cannot be started here.
    """
    if store != "elasticsearch":
        yield None
        return
    if lacking := missing():
        raise RangeError(
            f"Elasticsearch 需要 / needs: {lacking}；请安装 / install: apt install default-jre-headless maven"
        )
    # Each new index is "yellow" for its first moment.
    logging.getLogger("console.store.elastic").setLevel(logging.ERROR)
    say("启动 Elasticsearch（首次需下载约 100 MB） / starting Elasticsearch (the first time 100 MB are fetched)")
    server = ElasticsearchServer(HEAP_MB)
    run.folders.append(str(server.folder))
    run.save()
    try:
        server.start()
        run.processes += [ProcessMark.of(pid, "elasticsearch") for pid in server.processes()]
        run.save()
        say(f"Elasticsearch {server.url}（省、部两级 / province and ministry）")
        yield server.url
    finally:
        server.stop()


def _played(run: RunState, workdir: Path, once: bool, learn_s: int, cluster_url: str | None) -> int:
    sensor: subprocess.Popen[bytes] | None = None
    with Plant(new_run_id(), workdir / "plant", learn_s=learn_s, callback=tell) as plant:
        tiers = Tiers(workdir, run, cluster_url)
        try:
            tiers.start()
            for running in tiers.running:
                say(f"{running.tier.zh} {running.url}")
            plant.start()
            say(f"学习 {learn_s} 秒正常通信 / learning {learn_s} s of ordinary traffic")
            _learn_live(run, plant, workdir, learn_s)
            sensor = _start_sensor(run, plant, tiers, workdir)
            plant.run_attacks(tell)
            say("攻击结束，等待告警逐级上报 / attacks over, alerts are on their way up")
            time.sleep(AFTER_S)
            _wait_for_all(tiers)
            for failure in plant.failures():
                raise RangeError(failure)
            outcome = Outcome(plant.truth_path, plant.transmitted(), "")
            code = _summary(tiers, outcome)
            if not once:
                _serve(tiers)
            return code
        finally:
            if sensor is not None:
                end_processes([ProcessMark.of(sensor.pid)])
                sensor.wait(10)
            tiers.stop()


def _learn_live(run: RunState, plant: Plant, workdir: Path, learn_s: int) -> None:
    arguments = ["baseline", "learn", "-i", plant.capture_interface, "--for", str(learn_s)]
    arguments += ["-o", str(workdir / "baseline"), "--window", str(WINDOW_S)]
    log_path = workdir / "learn.log"
    process = start_module(arguments, log_path, run, "learn")
    if process.wait(learn_s + 60) != 0:
        raise RangeError(f"learning failed: {log_tail(log_path)}")
    say(f"基线已学成 / learned: {log_tail(log_path, 1)}")


def sensor_settings(tiers: Tiers, workdir: Path) -> Path:
    """Written as YAML's subset JSON: the same file a person would write for `otus sensor run --config`."""
    parent = {"name": tiers.enterprise.tier.node, "url": tiers.enterprise.url, "token_file": str(tiers.tokens[SENSOR])}
    settings = {
        "node_name": SENSOR,
        "baseline": str(workdir / "baseline"),
        "heartbeat_s": HEARTBEAT_S,
        "spool_dir": str(workdir / "spool"),
        "parents": [parent],
        "alerts": str(workdir / "alerts.ndjson"),
    }
    path = workdir / "sensor.yml"
    path.write_text(json.dumps(settings, indent=2, ensure_ascii=False), encoding="utf-8")
    return path


def _start_sensor(run: RunState, plant: Plant, tiers: Tiers, workdir: Path) -> subprocess.Popen[bytes]:
    config, log_path = sensor_settings(tiers, workdir), workdir / "sensor.log"
    arguments = ["sensor", "run", "-i", plant.capture_interface, "--config", str(config)]
    sensor = start_module(arguments, log_path, run, "sensor")
    deadline = time.monotonic() + 20
    while "capturing on" not in log_tail(log_path, 20):
        if sensor.poll() is not None or time.monotonic() > deadline:
            raise RangeError(f"the sensor did not start: {log_tail(log_path)}")
        time.sleep(0.05)
    say(f"探针开始监测 / the sensor listens: {log_tail(log_path, 1)}")
    time.sleep(2 * WINDOW_S)
    return sensor


def _replayed(run: RunState, workdir: Path, once: bool, cluster_url: str | None) -> int:
    """Without a plant: the recorded one through the same engine, detectors, spool and tiers."""
    from testbed.replayed import learn_recorded, replay_recorded

    tiers = Tiers(workdir, run, cluster_url)
    try:
        tiers.start()
        say(f"基线已学成 / learned: {learn_recorded(CAPTURES / 'normal.pcap', workdir / 'baseline', WINDOW_S)}")
        line = replay_recorded([CAPTURES / "attack.pcap"], sensor_settings(tiers, workdir))
        say(f"回放完成 / replayed: {line}")
        _wait_for_all(tiers)
        code = _summary(tiers, Outcome(CAPTURES / "attack.truth.ndjson", None, line))
        if not once:
            _serve(tiers)
        return code
    finally:
        tiers.stop()


def _wait_for_all(tiers: Tiers) -> None:
    if not tiers.wait_until_equal(DRAIN_S):
        say("上级尚未收齐（心跳仍在继续） / the tiers above have not caught up yet")
    if issue_down(tiers):
        say("省级下发通报一件、抽查一件，企业端已收到，登录后可签收 / a notice and a spot check are at the plant")
    else:
        say("省级下发的通报和抽查尚未到达企业端 / the notice and the spot check have not reached the plant yet")


def _summary(tiers: Tiers, outcome: Outcome) -> int:
    plant, ministry = tiers.enterprise.alerts(), tiers.ministry.alerts()
    lines = read_truth(outcome.truth_path)
    seen = judge(lines, plant, ministry)
    innocent = innocent_alarms(lines, plant)
    print("\n──── 小结 / summary " + "─" * 60)
    _print_ledger(tiers, outcome)
    _print_alerts(plant)
    for running in tiers.running:
        print(f"  {running.tier.kind:<11} 收到告警 / alerts received: {len(running.alerts())}")
    print("\n  攻击动作 / actions of the attacker")
    for item in seen:
        _print_action(item)
    for alert in innocent:
        print(f"  ✗ 误报 / false alarm: {alert.level} {alert.title.zh} {alert.client} → {alert.server}")
    print("\n  控制台 / consoles")
    for running in tiers.running:
        tier = running.tier
        print(f"  {tier.zh:<24} {running.url}   {tier.login} / {PASSWORD}")
    missed = [item.action for item in seen if not item.good]
    sent = outcome.transmitted or 0
    if missed:
        print(f"\n  ✗ 部级未见 / not seen at the ministry: {', '.join(missed)}")
    if sent:
        print(f"\n  ✗ 采集口发出了 {sent} 帧 / the capture port sent {sent} frames")
    good = not missed and not innocent and not sent
    if good:
        print("\n  ✓ 全部攻击均已上报到部级，正常主机无中危及以上告警")
        print("    every action reached the ministry, no innocent host alarmed\n", flush=True)
    else:
        print("\n  ✗ 演示未通过 / the demo failed\n", flush=True)
    return 0 if good else 1


def _print_ledger(tiers: Tiers, outcome: Outcome) -> None:
    with tiers.enterprise.store() as store:
        rows = store.sensors().rows
    for row in rows:
        if row.heartbeat is None:
            continue
        ledger = row.heartbeat.ledger
        skipped, lost = sum(ledger.skipped.values()), sum(ledger.lost.values())
        print(
            f"  账本 / ledger   received {ledger.received} = parsed {ledger.parsed} + skipped {skipped} + lost {lost}"
            f" + held {ledger.held}   {'✓' if ledger.balanced else '✗'}"
        )
        print(f"                  skipped {dict(ledger.skipped)}  lost {dict(ledger.lost)}")
        print(f"  规则 / rules    {row.heartbeat.rules_loaded}   模型 / model {row.heartbeat.model}")
    if outcome.transmitted is not None:
        print(f"  采集口发送计数 / frames sent by the capture port: {outcome.transmitted}")


def _print_alerts(records: list[Record]) -> None:
    alerts = [record.alert() for record in records]
    for title, counts in (
        ("按检测器 / by detector", Counter(alert.detector for alert in alerts)),
        ("按级别 / by level", Counter(str(alert.level) for alert in alerts)),
        ("按技术 / by technique", Counter(technique for alert in alerts for technique in alert.technique)),
    ):
        print(f"  {title}: " + "  ".join(f"{name} {count}" for name, count in counts.most_common()))


def _print_action(item: Seen) -> None:
    mark = "✓" if item.good else "✗"
    print(f"  {mark} {item.action:<34} {item.source} → {item.target}  {item.outcome:<12} {' '.join(item.technique)}")
    for title in item.alerts:
        print(f"      {title}")


def _serve(tiers: Tiers) -> None:
    """Until Ctrl-C or SIGTERM."""
    print("按 Ctrl-C 结束并清理 / Ctrl-C ends it and cleans up", flush=True)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    while not ended.wait(1):
        for running in tiers.running:
            if running.process is not None and running.process.poll() is not None:
                raise RangeError(f"console {running.tier.kind} ended: {log_tail(running.log_path)}")
