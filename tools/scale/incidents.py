"""Incidents as a province's year brings them: by day more than by night, opened at once, closed later, few grave."""

from __future__ import annotations

import random
import zlib
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from statistics import NormalDist
from typing import Any

from sensor.schema import LEVELS, Record
from tools.scale.province import Enterprise, Province

BATCH = 500
SECOND = 1_000_000_000
DAY_NS = 86_400 * SECOND
BEGAN_NS = 1_764_547_200 * SECOND
"""2025-12-01 UTC: a year of incidents follows"""
YEAR_NS = 365 * DAY_NS
A_YEAR = 10_000_000
"""of a province. A smaller load is the last days of that year, as dense: spread over a year it would touch twelve
months' indices at once, which no hour of a real one does."""
CLOSED = 0.5
"""of incidents come again, counted on and closed, in a later batch"""
WORK, WORKING_DAY = 0.67, NormalDist(6, 3)
"""Of incidents, those of the working day, and their hour: UTC, of a zone eight hours ahead."""
LATE, MOST_LATE_NS = 0.03, DAY_NS // 2
"""Of incidents, those that were kept below while a line was down, and for how long at most. The others come at once."""
VERBS = (
    ("写入", "Write to"), ("停止", "Stop of"), ("下载程序到", "Download to"), ("读取", "Read of"), ("扫描", "Scan of"),
    ("匿名登录", "Anonymous login to"), ("固件升级", "Firmware update of"), ("轮询变慢：", "Slower poll of"),
)  # fmt: skip
THINGS = (
    ("控制器", "a controller"), ("工程师站", "an engineering station"), ("安全仪表系统", "a safety system"),
    ("变频器", "a drive"), ("历史数据库", "a historian"), ("操作员站", "an operator station"),
)  # fmt: skip
DETECTORS = (("signature", "baseline", "period", "anomaly"), (40, 30, 20, 10))
IT_PROTOCOLS = ("dns", "smb", "http", "rdp")
TECHNIQUES = tuple(f"T08{number}" for number in range(30, 60))
OPERATIONS = ("write_single_register", "read_holding_registers", "write_var", "download_block", "read", "browse")
Batch = tuple[str, list[Record]]
"""(child, records)"""


def batches(province: Province, number: int, before: int = 0) -> Iterator[Batch]:
    """`number` incidents in the order in which they come, `BATCH` records of one child at a time; always the same ones.

    `before`: as many came in the year that they follow, and are not made again.
    """
    chance = random.Random(1 + before)
    waiting: dict[str, list[Record]] = defaultdict(list)
    closing: dict[str, list[Record]] = defaultdict(list)
    for index in range(before, before + number):
        plant = province.any(chance)
        came_ns = _came_ns(_passed_ns(index, min(before, A_YEAR) or number))
        late_ns = int(chance.random() * MOST_LATE_NS) if chance.random() < LATE else 0
        first_ns = BEGAN_NS + max(came_ns - late_ns, 0) // SECOND * SECOND
        opened = _record(plant, index, first_ns, chance)
        if chance.random() < CLOSED:
            closing[plant.city].append(opened)
        queue = waiting[plant.city]
        queue.append(opened)
        if len(queue) >= BATCH:
            yield plant.city, waiting.pop(plant.city)
            waiting[plant.city] = [_closed(record, chance) for record in closing.pop(plant.city, ())]
    for queues in (waiting, {city: [_closed(record, chance) for record in rest] for city, rest in closing.items()}):
        yield from ((city, records) for city, records in queues.items() if records)


def _passed_ns(index: int, in_year: int) -> int:
    """Since the year began: its last incident comes at its end, and what follows goes on as dense."""
    return YEAR_NS - (in_year - index) * YEAR_NS // max(in_year, A_YEAR)


def _shares() -> list[float]:
    """Of a day's incidents, those that came by each of its minutes."""

    def by(hour: float) -> float:
        worked = sum(WORKING_DAY.cdf(hour + day) - WORKING_DAY.cdf(day) for day in (-24, 0, 24))
        return WORK * worked + (1 - WORK) * hour / 24

    minutes = [by(minute / 60) for minute in range(24 * 60 + 1)]
    return [share / minutes[-1] for share in minutes]


SHARES = _shares()


def _came_ns(passed_ns: int) -> int:
    """What is evenly spread over a day, as a day has it: in the same order, closer together while people work."""
    day, within_ns = divmod(passed_ns, DAY_NS)
    share = within_ns / DAY_NS
    minute = bisect(SHARES, share) - 1
    begun, ended = SHARES[minute : minute + 2]
    return day * DAY_NS + int((minute + (share - begun) / (ended - begun)) * 60 * SECOND)


def _record(plant: Enterprise, index: int, first_ns: int, chance: random.Random) -> Record:
    verb, thing = chance.choice(VERBS), chance.choice(THINGS)
    rule = f"{zlib.crc32((verb[0] + thing[0]).encode()):08x}-7a3c-4a43-9a52-0d7f7b0d3c11"
    (client, client_mac), (server, server_mac) = chance.sample(plant.stations, 2)
    protocol = plant.protocol if chance.random() < 0.85 else chance.choice(IT_PROTOCOLS)
    operation, address = chance.choice(OPERATIONS), chance.randrange(1000)
    fields = {"operation.name": operation, f"{protocol}.address": address}
    detector = chance.choices(*DETECTORS)[0]
    signed = detector == "signature"
    body: dict[str, Any] = {
        "cause": f"rule:{rule}" if signed else f"{detector}:{protocol}",
        "detector": detector,
        "level": str(chance.choices(LEVELS, (1, 4, 10, 20, 30))[0]),
        "title": {"zh": verb[0] + thing[0], "en": f"{verb[1]} {thing[1]}"},
        "advice": {"zh": "先电话联系车间，确认是否为计划内操作。", "en": "Call the workshop: was this planned?"},
        "consequence": None,
        "rule_id": rule if signed else None,
        "reason": {"code": "rule_matched", "params": {"operation": operation, "address": address}},
        "technique": sorted(chance.sample(TECHNIQUES, chance.choice((1, 1, 2)))),
        "protocol": protocol,
        "client": {"ip": client, "port": 49152 + chance.randrange(16000), "mac": client_mac},
        "server": {"ip": server, "port": 502, "mac": server_mac},
        "source": None,
        "destination": None,
        "first_ns": first_ns,
        "last_ns": first_ns,
        "count": 1,
        "outcome": chance.choices(("success", "failure", "unknown"), (6, 2, 2))[0],
        "state": "open",
        "fields": fields,
        "class": "attack" if signed else "deviation",
        "story": f"{zlib.crc32(b'story%d' % (index // 3)):08x}{index // 3:024x}",
        "evidence": [{"file": None, "interface": "eth1", "frame": 1 + index, "ts_ns": first_ns, "fields": fields}],
        "coverage": {},
    }
    # An id is a hash of the finding: nothing like the order in which incidents come.
    name = f"{zlib.crc32(b'%d' % index):08x}{index:024x}"
    return Record(kind="alert", id=name, revision=1, origin=plant.origin, tenant=plant.origin[:-2], body=body)


def _closed(record: Record, chance: random.Random) -> Record:
    hits = 2 + int(chance.expovariate(0.1))
    body = {**record.body, "state": "closed", "count": hits, "last_ns": record.body["first_ns"] + hits * SECOND}
    return replace(record, revision=2, body=body)


def heartbeats(province: Province) -> Iterator[Batch]:
    """The last account of every sensor, `BATCH` of one child at a time."""
    waiting: dict[str, list[Record]] = defaultdict(list)
    for number, plant in enumerate(province.enterprises):
        ledger = {"received": 90_000, "parsed": 61_000, "skipped": {"no_payload": 28_900}, "lost": {"kernel": 100}}
        beat = {
            "sensor": plant.origin, "start_ns": BEGAN_NS + YEAR_NS - 60 * SECOND, "end_ns": BEGAN_NS + YEAR_NS,
            "ledger": {**ledger, "held": 0}, "baseline": {"id": "b", "approved": True, "tuples": 900},
        }  # fmt: skip
        record = Record(kind="heartbeat", id=f"{number:032x}", revision=1, origin=plant.origin, body=beat)
        waiting[plant.city].append(record)
    for city, records in waiting.items():
        for start in range(0, len(records), BATCH):
            yield city, records[start : start + BATCH]
