"""What a run is given besides packets: a baseline that contains the traffic, with a model learned from its windows.

A link of each kind is learned from that kind's first connection; every other link differs by its addresses, so the
table is written as rows and compiled, and filled up with links of stations that are not in the traffic.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from tools.bench.traffic import Plant, write
from tools.bench.traffic.capture import START_S
from tools.bench.traffic.talk import connections

LEARNED_TURNS = 420
"""Of the connection that links are copied from: enough for each poll to have its rhythm."""
MODEL_WINDOWS = 14
"""Windows that the model is learned from: it judges no conversation with fewer than ten."""
_CLIENT, _SERVER = "@client", "@server"
_ELSEWHERE = 100
"""Second byte of addresses that are not in the traffic starts here."""


@dataclass(frozen=True)
class Knowledge:
    folder: Path
    tuples: int
    links: int


def window_s(plant: Plant, packets: int) -> int:
    """Windows of ten seconds, as in the field; shorter where a capture is too short to learn from."""
    lasts = packets / plant.packets_per_s
    return max(1, min(10, int(lasts / (MODEL_WINDOWS + 2))))


def write_baseline(
    folder: Path, plant: Plant, tuples: int, capture: Path | None = None, window: int = 10, *, polls: bool = True
) -> Knowledge:
    """A baseline of exactly `tuples` rows that knows the plant; with `capture`, also a model of its windows.

    Raises:
        ValueError: the plant alone has more rows than asked for.
    """
    from detectors.baseline import write_folder
    from sensor._core import baseline_from_json, baseline_to_json

    links = _links(plant, folder.parent, polls=polls)
    text, known = _document(plant, links, tuples)
    end_ns = (START_S + 3600) * 1_000_000_000
    write_folder(
        folder,
        baseline_from_json(text),
        None if capture is None else _model(capture, window),
        to_json=baseline_to_json,
        source=["generated"],
        start_ns=START_S * 1_000_000_000,
        end_ns=end_ns,
    )
    return Knowledge(folder, tuples, known)


def write_empty(folder: Path) -> None:
    """A baseline that knows nothing: for it everything is new."""
    from detectors.baseline import write_folder
    from sensor._core import Engine, baseline_to_json

    table = Engine(json.dumps({"learn": True})).learned()
    write_folder(folder, table, None, to_json=baseline_to_json, source=["generated"], start_ns=0, end_ns=0)


def _links(plant: Plant, folder: Path, *, polls: bool) -> list[dict[str, Any]]:
    """What is learned from the first connection of each kind, in the order of the kinds."""
    from sensor._core import Engine, baseline_to_json

    sample = folder / "sample.pcap"
    write(sample, plant, LEARNED_TURNS * 2 * plant.connections, one_each=True)
    engine = Engine(json.dumps({"learn": True}))
    engine.open_files([str(sample)])
    while not engine.poll().done:
        pass
    sample.unlink()
    links = json.loads(baseline_to_json(engine.learned()))["links"]
    assert len(links) == len(plant.speeches)
    links.sort(key=lambda link: int(IPv4Address(link["client"])))
    return links if polls else [{**link, "polls": []} for link in links]


def _rows(link: dict[str, Any]) -> int:
    """As the core counts them."""
    objects = sum(len(row["stretches"]) + len(row["names"]) for row in link["objects"])
    return 1 + len(link["operations"]) + len(link["polls"]) + len(link["orders"]) + objects


def _document(plant: Plant, links: list[dict[str, Any]], tuples: int) -> tuple[str, int]:
    """The whole table as the core's JSON, and how many links it has."""
    templates = [json.dumps({**link, "client": _CLIENT, "server": _SERVER}) for link in links]
    sizes = [_rows(link) for link in links]
    rows: list[str] = []
    assets: dict[int, str] = {}
    left = tuples
    for kind in range(len(links)):
        for client, server in _pairs(plant, kind, plant.each, 0):
            left -= sizes[kind] + (client not in assets) + (server not in assets)
            assets |= {client: "client", server: "server"}
            rows.append(_link(templates[kind], client, server))
    if left < 0:
        raise ValueError(f"the traffic alone has {tuples - left} rows; a baseline of {tuples} cannot contain it")
    for client, server in _pairs(plant, 0, left // sizes[0] + 1, _ELSEWHERE):
        cost = sizes[0] + (client not in assets) + (server not in assets)
        if cost > left:
            break
        left -= cost
        assets |= {client: "client", server: "server"}
        rows.append(_link(templates[0], client, server))
    assets |= {(10 << 24) + (255 << 16) + extra: "client" for extra in range(left)}
    stations = ",".join(
        f'{{"segment":"default","ip":"{IPv4Address(ip)}","macs":[],"roles":["{role}"]}}' for ip, role in assets.items()
    )
    learned = {name: 0 for name in ("messages", "not_learned", "gaps_closed", "polls_without_period")}
    head = {"format": "otus-baseline", "version": _version(), "learned": {"from_ns": 0, "to_ns": 0, **learned}}
    return f'{json.dumps(head)[:-1]},"assets":[{stations}],"links":[{",".join(rows)}]}}', len(rows)


def _link(template: str, client: int, server: int) -> str:
    return template.replace(_CLIENT, str(IPv4Address(client)), 1).replace(_SERVER, str(IPv4Address(server)), 1)


def _pairs(plant: Plant, kind: int, count: int, elsewhere: int) -> Iterator[tuple[int, int]]:
    """Client and server of so many links of one kind, each once."""
    made = connections(plant.speeches[kind], 0, count, 1 + 2 * kind + elsewhere)
    return iter(dict.fromkeys(zip(made.client.tolist(), made.server.tolist(), strict=True)))


def _version() -> int:
    from sensor._core import Engine, baseline_to_json

    return int(json.loads(baseline_to_json(Engine(json.dumps({"learn": True})).learned()))["version"])


def _model(capture: Path, window: int) -> Any:
    from detectors.anomaly import train
    from sensor._core import Engine, Forest

    engine = Engine(json.dumps({"window_ns": window * 1_000_000_000}))
    engine.open_files([str(capture)])
    windows = []
    ends_ns = (START_S + (MODEL_WINDOWS + 1) * window) * 1_000_000_000
    while True:
        batch = engine.poll(200_000)
        if len(batch.windows):
            windows.append(batch.windows)
        if batch.done or batch.now_ns > ends_ns:
            return train(windows, window_s=window, make_forest=Forest)
