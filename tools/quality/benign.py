"""False incidents on ordinary days of the range: many plants, many seeds, no act at all.

`nice python -m tools.quality.benign --asset-days 3000 --results benign.jsonl` plays one plant after the other, learns
its first hours, judges the rest, and writes a line a plant. It can be stopped at any time; called again with the same
file it goes on where it was, and says how much is done. With `--page` it writes its section of detection-quality.md.
An incident is what a person handles, a story with its alerts; each alert is kept with its reason.

A plant of two days takes half a minute to a minute of one core, so 3,000 asset-days some 60 to 90 minutes. Two runs
with other `--plants` may share the work; their files are joined by writing one behind the other.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from testbed.play.plants import SCENARIOS
from testbed.play.play import Order, play_into

FIRST_SEED = 1001
"""Seeds that nothing was developed on."""
LEARN_S = 4 * 3600
DAY_S = 86_400
BEGIN, END = "<!-- benign: begin -->", "<!-- benign: end -->"

Line = Mapping[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--asset-days", type=float, default=3000.0)
    parser.add_argument("--results", type=Path, required=True, help="a line of JSON a plant; goes on where it ends")
    parser.add_argument("--days", type=float, default=2.0, help="of each plant, the learned hours included")
    names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument("--plants", nargs="+", choices=names, default=names, help="only these; all without it")
    parser.add_argument("--page", type=Path, help="write the section into this page (docs/detection-quality.md)")
    wanted = parser.parse_args()
    done = read(wanted.results)
    for scenario, seed in units(wanted.plants):
        if sum(line["asset_days"] for line in done) >= wanted.asset_days:
            break
        if any((line["scenario"], line["seed"]) == (scenario, seed) for line in done):
            continue
        done.append(judged(scenario, seed, wanted.days))
        with wanted.results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(done[-1], ensure_ascii=False) + "\n")
        print(json.dumps(figures(done)), flush=True)
    print("\n".join(section(done)))
    if wanted.page is not None:
        write_section(wanted.page, section(done))


def units(plants: Sequence[str]) -> Iterator[tuple[str, int]]:
    """These plants with one seed, then with the next."""
    seed = FIRST_SEED
    while True:
        yield from ((plant, seed) for plant in plants)
        seed += 1


def read(path: Path) -> list[Line]:
    """What is done. A line that was cut off by a stop is left out, and its plant played again."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in found), encoding="utf-8")
    return found


def judged(scenario: str, seed: int, days: float) -> Line:
    """Play, learn, judge: what was alarmed about, from level low on, after the learned time."""
    from detectors.baseline import read_folder
    from otus.baseline import learn_into
    from otus.detection import Given, load
    from sensor._core import Engine
    from sensor.pipeline import Pipeline
    from sensor.schema import Level
    from sensor.sinks import LatestAlerts

    began, used = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory(prefix="otus-benign-") as place:
        path, baseline = Path(place) / f"{scenario}.pcap", Path(place) / "baseline"
        truth = play_into(Order(scenario, seed, days * DAY_S), path, path.with_suffix(".truth.json")).truth
        until_ns = int(truth["first_ns"]) + LEARN_S * 1_000_000_000
        engine = Engine("{}")
        engine.open_files([path])
        batch = engine.poll(1)
        learned = 0
        while not batch.done and batch.now_ns < until_ns:
            learned, batch = batch.ledger["received"], engine.poll(1_000)
        learn_into(baseline, (str(path),), packets=learned)
        detection = load(Given(baseline=baseline))
        engine = detection.engine()
        engine.open_files([path])
        latest = LatestAlerts()
        Pipeline(engine, detection.analyst("benign", files=True), [latest]).run(100_000)
        alerts = [record.alert() for record in latest.records()]
        assets = int(read_folder(baseline).summary()["assets"])
    loud = [one for one in alerts if one.first_ns >= until_ns and Level(one.level).rank >= Level.LOW.rank]
    judged_s = (int(truth["last_ns"]) - until_ns) / 1e9
    return {
        "scenario": scenario,
        "seed": seed,
        "assets": assets,
        "asset_days": assets * judged_s / DAY_S,
        "alerts": [
            {
                "story": one.story,
                "detector": one.detector,
                "level": str(one.level),
                "title": one.title.en,
                "reason": {"code": one.reason.code, **one.reason.params},
                "hours": round((one.first_ns - int(truth["first_ns"])) / 3.6e12, 3),
                "client": None if one.client is None else one.client.ip,
                "server": None if one.server is None else one.server.ip,
            }
            for one in loud
        ],
        "seconds": round(time.monotonic() - began, 1),
        "cpu_s": round(time.process_time() - used, 1),
    }


def figures(lines: Sequence[Line]) -> dict[str, Any]:
    asset_days = sum(line["asset_days"] for line in lines)
    count = sum(incidents(line) for line in lines)
    return {
        "plants": len(lines),
        "asset_days": round(asset_days, 1),
        "alerts": sum(len(line["alerts"]) for line in lines),
        "incidents": count,
        "per_1000": round(1000 * count / asset_days, 2) if asset_days else None,
        "upper_95": round(1000 * upper(count) / asset_days, 2) if asset_days else None,
        "cpu_s": round(sum(line["cpu_s"] for line in lines), 1),
    }


def incidents(line: Line) -> int:
    """Stories that alarmed; an alert that is part of none is one by itself."""
    return len({one["story"] or place for place, one in enumerate(line["alerts"])})


def upper(count: int, chance: float = 0.05) -> float:
    """The largest mean of a Poisson count that gives so few as `count` with that chance (Garwood 1936, one-sided)."""
    low, high = float(count), count + 10.0 * math.sqrt(count + 1.0) + 10.0
    for _ in range(80):
        middle = (low + high) / 2.0
        terms, term = 0.0, math.exp(-middle)
        for number in range(count + 1):
            terms += term
            term *= middle / (number + 1)
        low, high = (middle, high) if terms > chance else (low, middle)
    return high


def section(lines: Sequence[Line]) -> list[str]:
    told = figures(lines)
    titles = Counter(f"[{one['level']}] {one['title']}" for line in lines for one in line["alerts"])
    rows = []
    for scenario in SCENARIOS:
        mine = [line for line in lines if line["scenario"] == scenario.name]
        if not mine:
            continue
        own = figures(mine)
        rows.append(
            f"| {scenario.name} | {len(mine)} | {own['asset_days']} | {own['alerts']} | {own['incidents']} "
            f"| {own['per_1000']} | {own['upper_95']} |"
        )
    return [
        BEGIN,
        "## 平常日误报 false incidents on ordinary days",
        "",
        "Written by `python -m tools.quality.benign`: plants of the range without any act, "
        f"{LEARN_S // 3600} h learned from, seeds that nothing was developed on; every detector and rule, level low "
        "and above. An incident is a story with its alerts. The bound is the upper 95 % one of a Poisson count. "
        f"It took {told['cpu_s'] / 60:.0f} minutes of one core.",
        "",
        "| 场景 plant | 次数 plants | 设备·天 asset-days | 误报告警 alerts | 误报 incidents | 每千设备·天 per 1,000 "
        "| 上限 upper 95 % |",
        "|---|---|---|---|---|---|---|",
        *rows,
        f"| **合计 all** | {told['plants']} | {told['asset_days']} | {told['alerts']} | {told['incidents']} "
        f"| {told['per_1000']} | {told['upper_95']} |",
        "",
        *(f"- {count} × {title}" for title, count in titles.most_common()),
        *([""] if titles else []),
        END,
    ]


def written(page: Path) -> list[str]:
    """The section that stands in this page; nothing where there is none."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    if BEGIN not in text or END not in text:
        return []
    return [BEGIN, *text.split(BEGIN)[1].split(END)[0][1:-1].split("\n"), END]


def write_section(page: Path, lines: Sequence[str]) -> None:
    """Put it where it was, or before the first section."""
    text = page.read_text(encoding="utf-8")
    body = "\n".join(lines)
    if BEGIN in text and END in text:
        before, after = text.split(BEGIN)[0], text.split(END, 1)[1]
        text = before + body + after
    else:
        head, mark, rest = text.partition("\n## ")
        text = f"{head}\n{body}\n{mark}{rest}"
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
