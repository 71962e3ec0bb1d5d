"""Fill an embedded store with generated incidents and say what that took: `python -m tools.store_load FOLDER NUMBER`.

What an incident takes on the disk afterwards: `otus store sizes --data-dir FOLDER`.
"""

from __future__ import annotations

import random
import sys
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from console.store import CountBy, IncidentFilter, Store, open_store
from sensor.schema import LEVELS, Alert, Endpoint, Evidence, Outcome, Reason, Record, Text

BATCH = 500
YEAR_NS = 365 * 86_400 * 1_000_000_000
BEGAN_NS = 1_764_547_200 * 1_000_000_000
"""2025-12-01: a year of incidents follows"""
ENTERPRISES = 30
VERBS = (
    ("写入", "Write to"), ("停止", "Stop of"), ("下载程序到", "Download to"), ("读取", "Read of"), ("扫描", "Scan of"),
    ("匿名登录", "Anonymous login to"), ("固件升级", "Firmware update of"), ("轮询变慢：", "Slower poll of"),
)  # fmt: skip
THINGS = (("控制器", "a controller"), ("工程师站", "an engineering station"), ("安全仪表系统", "a safety system"),
          ("变频器", "a drive"), ("历史数据库", "a historian"), ("操作员站", "an operator station"))  # fmt: skip
PROTOCOLS = ("modbus", "modbus", "modbus", "s7comm", "s7comm", "opcua", "dns", "smb")
TECHNIQUES = tuple(f"T08{number}" for number in range(30, 60))


def incidents(number: int, seed: int = 1) -> Iterator[tuple[str, Record]]:
    """(child, record), in the order of their time; the same ones for the same seed."""
    chance = random.Random(seed)
    for index in range(number):
        enterprise = int(ENTERPRISES * chance.random() ** 2)
        verb, thing = chance.choice(VERBS), chance.choice(THINGS)
        first_ns = BEGAN_NS + index * YEAR_NS // number
        rule = f"{zlib.crc32((verb[0] + thing[0]).encode()):08x}-7a3c-4a43-9a52-0d7f7b0d3c11"
        client, server = (f"10.{chance.randrange(8)}.{chance.randrange(20)}.{chance.randrange(250)}" for _ in "ab")
        fields = {"operation.name": "write_single_register", "modbus.address": chance.randrange(1000)}
        alert = Alert(
            cause=f"rule:{rule}",
            detector=chance.choice(("signature", "signature", "baseline", "period", "anomaly")),
            level=chance.choices(LEVELS, (1, 4, 10, 20, 30))[0],
            title=Text(verb[0] + thing[0], f"{verb[1]} {thing[1]}"),
            reason=Reason("rule_matched", {"operation": "write_single_register", "address": index % 1000}),
            protocol=chance.choice(PROTOCOLS),
            first_ns=first_ns,
            last_ns=first_ns + chance.randrange(600) * 1_000_000_000,
            count=1 + int(chance.expovariate(0.1)),
            advice=Text("先电话联系车间，确认是否为计划内操作。", "Call the workshop and ask whether it was planned."),
            rule_id=rule,
            technique=tuple(sorted(chance.sample(TECHNIQUES, 2))),
            client=Endpoint(client, 49152, f"02:00:00:00:{index >> 8 & 255:02x}:{index & 255:02x}"),
            server=Endpoint(server, 502, "02:00:00:00:00:11"),
            outcome=Outcome.SUCCESS,
            fields=fields,
            evidence=(Evidence(17, first_ns, fields=fields),),
        )
        child = f"gd-{enterprise:05d}"
        yield child, Record(kind="alert", id=f"{index:032x}", revision=1, origin=f"{child}.1", body=alert.to_json())


def fill(store: Store, number: int) -> float:
    """Merge, `BATCH` at a time, each from one child; incidents a second over the last half."""
    waiting: dict[str, list[Record]] = defaultdict(list)
    half, done = time.perf_counter(), 0
    for index, (child, record) in enumerate(incidents(number)):
        if index == number // 2:
            half, done = time.perf_counter(), 0
        waiting[child].append(record)
        if len(waiting[child]) == BATCH:
            store.merge(waiting.pop(child), child)
            done += BATCH
    for child, records in waiting.items():
        store.merge(records, child)
        done += len(records)
    return done / (time.perf_counter() - half)


QUESTIONS = {
    "a frequent word": IncidentFilter(text="控制器"),
    "two words": IncidentFilter(text="工程师站 写入"),
    "one character": IncidentFilter(text="站"),
    "an address": IncidentFilter(text="10.3.7.21"),
    "a beginning": IncidentFilter(text="10.3"),
    "a word with a filter that matches nothing": IncidentFilter(text="控制器", tenant="nobody"),
    "two filters": IncidentFilter(protocol="modbus", detector="baseline"),
}


def ask(store: Store) -> Iterator[tuple[str, float]]:
    """(question, milliseconds), the slowest of five: list and count, as a page asks."""
    for name, where in QUESTIONS.items():
        yield name, _slowest(lambda where=where: (store.incidents(where), store.incident_count(where)))
    cursor = None
    for _ in range(20):
        cursor = store.incidents(IncidentFilter(text="控制器"), cursor=cursor).next_cursor
    yield "a deep page", _slowest(lambda: store.incidents(IncidentFilter(text="控制器"), cursor=cursor))
    yield "the charts", _slowest(lambda: [store.counts(by) for by in CountBy])


def _slowest(question: object) -> float:
    assert callable(question)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        question()
        times.append(1000 * (time.perf_counter() - start))
    return max(times)


def main() -> None:
    folder, number = Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir(parents=True)
    store = open_store(folder / "store.sqlite")
    print(f"ingest: {fill(store, number):,.0f} incidents a second")
    for name, milliseconds in ask(store):
        print(f"{name}: {milliseconds:.1f} ms")
    store.close()


if __name__ == "__main__":
    main()
