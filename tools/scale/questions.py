"""What a console's pages ask of its store, many times each with other words and places, and how long it took."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from console.clock import Clock
from console.present import waiting
from console.present.series import by_time
from console.store import NO_FILTER, CountBy, IncidentFilter, Store
from console.views import overview
from sensor.schema import LEVELS
from tools.scale.incidents import BEGAN_NS, DAY_NS, THINGS, VERBS, YEAR_NS
from tools.scale.province import CITIES, Province

OVERVIEW, LIST, SEARCH = "overview", "list", "search"
ENDED_NS = BEGAN_NS + YEAR_NS
DEEP = 20
"""pages before a deep one"""
CHINESE = {
    "the front page, all of it": "首页全部内容",
    "who is seen and who is silent": "在线与失联",
    "a city by level": "某市按等级",
    "a year of days in a city": "某市全年逐日",
    "a week by level": "一周按等级",
    "enterprises by incidents": "各企业事件数",
    "newest first": "最新在前",
    "one city": "某市",
    "one level": "某等级",
    "one enterprise": "某企业",
    "protocol, detector and city": "协议、检测器加城市",
    "filters that match nothing": "无结果的筛选",
    f"page {DEEP + 1}": f"第 {DEEP + 1} 页",
    f"page {DEEP + 1} of two filters": f"两项筛选的第 {DEEP + 1} 页",
    "a frequent word": "高频词",
    "two words": "两个词",
    "one character": "单个汉字",
    "an address": "地址",
    "the beginning of addresses": "地址开头",
    "a frequent word, a filter that matches nothing": "高频词加无结果的筛选",
    "a frequent word in one enterprise": "某企业内的高频词",
    f"page {DEEP + 1} of a frequent word": f"高频词的第 {DEEP + 1} 页",
}
"""What the page calls them, beside the English."""


@dataclass(frozen=True)
class Question:
    group: str
    name: str
    ask: Callable[[random.Random], object]


@dataclass(frozen=True)
class Answered:
    group: str
    name: str
    median_ms: float
    p99_ms: float


NOTHING: Mapping[str, Answered] = {}


def all_questions(store: Store, province: Province) -> list[Question]:
    def listed(where: IncidentFilter) -> object:
        """A page of the list: rows and how many there are."""
        return store.incidents(where), store.incident_count(where)

    def deep(where: IncidentFilter) -> Callable[[random.Random], object]:
        cursor = None
        for _ in range(DEEP):
            cursor = store.incidents(where, cursor=cursor).next_cursor
        return lambda chance: store.incidents(where, cursor=cursor)

    def city(chance: random.Random) -> str:
        return chance.choice(CITIES)

    def frequent(chance: random.Random) -> str:
        return chance.choice(THINGS)[0]

    newest = store.incidents(limit=1).rows
    now_ns = max([ENDED_NS, *(row.last_ns for row in newest)])
    """later than the year where more was kept after it"""

    def front_page(chance: random.Random) -> object:
        """What `console.views.overview` asks, in its order, when the last incident came."""
        store.coverage(ENDED_NS), store.totals()
        levels = waiting.by_level(store)
        to_do = waiting.first(store, levels, overview.TO_DO)
        store.health()
        (recent,) = store.newest([NO_FILTER], overview.CHANGES)
        store.counts_of([(CountBy.TECHNIQUE, NO_FILTER), (CountBy.DETECTOR, NO_FILTER)])
        store.incidents_named({(row.origin, row.id) for row in (*to_do, *recent)})
        return by_time(store, Clock(now_ns=lambda: now_ns), None), store.order_totals(now_ns)

    return [
        Question(OVERVIEW, "the front page, all of it", front_page),
        Question(OVERVIEW, "who is seen and who is silent", lambda c: store.coverage(ENDED_NS)),
        Question(
            OVERVIEW, "a city by level", lambda c: store.counts(CountBy.LEVEL, IncidentFilter(child=city(c)))
        ),
        Question(
            OVERVIEW, "a year of days in a city", lambda c: store.counts(CountBy.DAY, IncidentFilter(child=city(c)))
        ),
        Question(
            OVERVIEW, "a week by level",
            lambda c: store.counts(CountBy.LEVEL, IncidentFilter(began_ns=now_ns - 7 * DAY_NS + c.randrange(10**9))),
        ),
        Question(OVERVIEW, "enterprises by incidents", lambda c: store.counts(CountBy.ORIGIN)),
        Question(LIST, "newest first", lambda chance: listed(IncidentFilter())),
        Question(LIST, "one city", lambda chance: listed(IncidentFilter(child=city(chance)))),
        Question(LIST, "one level", lambda chance: listed(IncidentFilter(level=chance.choice(LEVELS)))),
        Question(LIST, "one enterprise", lambda c: listed(IncidentFilter(origin=province.any(c).origin))),
        Question(
            LIST, "protocol, detector and city",
            lambda c: listed(IncidentFilter(protocol="modbus", detector="baseline", child=city(c))),
        ),
        Question(LIST, "filters that match nothing", lambda c: listed(IncidentFilter(tenant="nobody", child=city(c)))),
        Question(LIST, f"page {DEEP + 1}", deep(IncidentFilter())),
        Question(LIST, f"page {DEEP + 1} of two filters", deep(IncidentFilter(protocol="s7comm", detector="period"))),
        Question(SEARCH, "a frequent word", lambda c: listed(IncidentFilter(text=frequent(c)))),
        Question(SEARCH, "two words", lambda c: listed(IncidentFilter(text=f"{frequent(c)} {c.choice(VERBS)[0]}"))),
        Question(SEARCH, "one character", lambda c: listed(IncidentFilter(text="站"))),
        Question(SEARCH, "an address", lambda c: listed(IncidentFilter(text=c.choice(province.any(c).stations)[0]))),
        Question(SEARCH, "the beginning of addresses", lambda c: listed(IncidentFilter(text=f"10.{c.randrange(250)}"))),
        Question(
            SEARCH, "a frequent word, a filter that matches nothing",
            lambda c: listed(IncidentFilter(text=frequent(c), tenant="nobody")),
        ),
        Question(
            SEARCH, "a frequent word in one enterprise",
            lambda c: listed(IncidentFilter(text=frequent(c), origin=province.any(c).origin)),
        ),
        Question(SEARCH, f"page {DEEP + 1} of a frequent word", deep(IncidentFilter(text="控制器"))),
    ]  # fmt: skip


def ask_all(
    store: Store,
    province: Province,
    times: int,
    before: int = 0,
    known: Mapping[str, Answered] = NOTHING,
    seed: int = 7,
) -> Iterator[Answered]:
    """`before`: each is asked as often without a clock first. `known`: those that were answered already."""
    for question in all_questions(store, province):
        if question.name in known:
            yield known[question.name]
            continue
        chance = random.Random(seed)
        for _ in range(before):
            question.ask(chance)
        taken = []
        for _ in range(times):
            began = time.perf_counter()
            question.ask(chance)
            taken.append(1000 * (time.perf_counter() - began))
        taken.sort()
        yield Answered(question.group, question.name, taken[len(taken) // 2], taken[int(len(taken) * 0.99)])
