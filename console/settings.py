"""What a console is told at its start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from console.store.elastic import ElasticSettings
from sensor.schema import Text

TIERS = ("enterprise", "province", "ministry")

TITLES: Mapping[str, Text] = {
    "enterprise": Text("企业工控安全监测", "Plant industrial control security"),
    "province": Text("省级工业互联网安全监测平台", "Provincial industrial internet security platform"),
    "ministry": Text("国家工业互联网安全监测平台", "National industrial internet security platform"),
}


@dataclass(frozen=True)
class ConsoleSettings:
    """One console. All tiers run the same code; `tier` decides what stands in the menu."""

    data_dir: Path
    tier: str = "enterprise"
    node_name: str = "console"
    title: Text | None = None
    """whose console this is, as its users call it; None: the tier's own name"""
    parents: tuple[str, ...] = ()
    """names of the nodes this console reports to; taken from `parent_links` where those are given"""
    zone: str = "Asia/Shanghai"
    """days, hours and every time on a page are said in this zone"""
    bind_host: str = "127.0.0.1"
    bind_port: int = 8080
    """0: the system picks a free one, which is printed"""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    elasticsearch: ElasticSettings | None = None
    """the cluster that keeps the records; None: SQLite in `data_dir`"""
    threads: int = 8
    idle_minutes: int = 30
    """a session ends after this long without a click; pages that refresh themselves do not count as one"""
    session_hours: int = 12
    """a session ends after this long in any case"""
    lock_after_failures: int = 5
    lock_minutes: int = 10
    keep_days: int = 180
    """alerts, and what people decided about them, are kept at least this long; no fewer than 180"""
    keep_free_mb: int = 64
    """with less than this (or a fiftieth of a small disk) on the disk nothing new is accepted"""
    silent_after_s: int = 180
    """a sensor or child that said nothing for this long is shown as out of sight"""
    registry: str | None = field(default=None, repr=False)
    """address of the database of accounts, nodes and sessions; None: `registry.sqlite` in `data_dir`"""
    parent_links: tuple[Mapping[str, object], ...] = field(default=(), repr=False)
    """how to reach each parent: `{name, url, token | token_file, ca_file?}`"""

    pack_keys: Path | None = None
    """folder of public keys: a rule pack that comes down is held against them before anybody passes it on"""
    pass_packs: bool = False
    """rule packs that a parent sends to all go to the sensors here without anybody's word"""

    def __post_init__(self) -> None:
        if self.tier not in TIERS:
            raise ValueError(f"tier: {self.tier!r} is not one of {', '.join(TIERS)}")
        if self.parent_links:
            object.__setattr__(self, "parents", tuple(str(link.get("name", "")) for link in self.parent_links))

    @property
    def sums_up(self) -> bool:
        """Whether parents are told one heartbeat for all sensors below, in the place of each of theirs. An enterprise
        has few, and its parent wants to see each."""
        return self.tier != "enterprise"

    @property
    def shown_title(self) -> Text:
        return self.title or TITLES[self.tier]

    @property
    def serves_tls(self) -> bool:
        return self.tls_certificate is not None
