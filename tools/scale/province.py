"""A province of generated enterprises: 21 cities, and in each plants of very different size. Nothing here is real."""

from __future__ import annotations

import bisect
import itertools
import random
from dataclasses import dataclass

CITIES = (
    "guangzhou", "shenzhen", "foshan", "dongguan", "huizhou", "zhuhai", "zhongshan", "jiangmen", "zhaoqing", "shantou",
    "jieyang", "chaozhou", "shanwei", "zhanjiang", "maoming", "yangjiang", "yunfu", "shaoguan", "qingyuan", "heyuan",
    "meizhou",
)  # fmt: skip
"""Names of the nodes that report to the province."""
STATIONS = 24
"""of a plant that are ever part of an incident"""


@dataclass(frozen=True)
class Enterprise:
    city: str
    origin: str
    """name of its sensor"""
    stations: tuple[tuple[str, str], ...]
    """(IP, MAC)"""
    protocol: str
    """what most of its controllers speak"""


@dataclass(frozen=True)
class Province:
    enterprises: tuple[Enterprise, ...]
    weights: tuple[float, ...]
    """cumulated: a few plants make most of the incidents, as some always do"""

    def any(self, chance: random.Random) -> Enterprise:
        return self.enterprises[bisect.bisect(self.weights, chance.random() * self.weights[-1])]


def make(enterprises: int, seed: int = 1) -> Province:
    chance = random.Random(seed)
    of_city = list(itertools.accumulate(1 / (rank + 2) for rank in range(len(CITIES))))
    made, weights = [], []
    for number in range(enterprises):
        city = CITIES[bisect.bisect(of_city, chance.random() * of_city[-1])]
        net = f"{chance.choice(('10.', '172.16.', '192.168.'))}{chance.randrange(250)}."
        net += f"{chance.randrange(250)}." if net.startswith("10.") else ""
        vendor = chance.choice(("00:1c:06", "00:80:f4", "00:a0:45", "8c:f3:19", "00:0e:8c"))
        stations = tuple(
            (f"{net}{host + 10}", f"{vendor}:{number >> 8 & 255:02x}:{number & 255:02x}:{host:02x}")
            for host in range(STATIONS)
        )
        protocol = chance.choices(("modbus", "s7comm", "opcua"), (5, 3, 2))[0]
        made.append(Enterprise(city, f"{city[:2]}-{number:05d}.1", stations, protocol))
        weights.append(chance.paretovariate(1.2))
    return Province(tuple(made), tuple(itertools.accumulate(weights)))
