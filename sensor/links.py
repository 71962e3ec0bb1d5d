"""Who speaks to whom, kept as records: one for each pair of ends, port and protocol that the core announced."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace

from sensor._core import News, Windows
from sensor.schema import Link, Record
from sensor.schema.shape import Json

TELL_AGAIN_NS = 24 * 3600 * 1_000_000_000
"""How often a link that goes on is told again at the most, by the traffic's time. A province hears of 30,000 plants:
with a thousand links each, once a day is 350 records a second."""
TOLD_AT_ONCE = 500
"""of those, with one batch; the others follow with the next window they are heard in"""


@dataclass
class _Known:
    segment: str
    client: str
    server: str
    server_port: int | None
    protocol: str
    first_ns: int
    last_ns: int
    messages: int = 0
    revision: int = 0
    told_ns: int = 0
    """the traffic's time when its last revision was told"""


Ends = tuple[str, str, str, str]
"""segment, client, server, protocol: what a window is about"""


class Links:
    """Bounded by the core, which announces at most so many links, each of them once.

    What goes on is known from the windows of the anomaly model, where there is one: they tell when ends were heard
    again and how many messages there were, without a packet ever reaching Python. A window does not tell the port, so
    it counts for a link only where its ends have no second one in that protocol.
    """

    def __init__(self, origin: str, tenant: str) -> None:
        self._origin, self._tenant = origin, tenant
        self._links: dict[Ends, dict[int | None, _Known]] = {}

    def remember(self) -> Callable[[], list[Json]]:
        """What a restart must not forget: taken now, made into JSON when somebody has time for it."""
        known = [replace(link) for ports in self._links.values() for link in ports.values()]
        return lambda: [asdict(link) for link in known]

    def recall(self, remembered: Iterable[Json]) -> None:
        """Go on with what `remember` gave. Raises LookupError or TypeError for anything else; nothing was recalled."""
        links: dict[Ends, dict[int | None, _Known]] = {}
        for item in remembered:
            link = _Known(**item)
            links.setdefault((link.segment, link.client, link.server, link.protocol), {})[link.server_port] = link
        self._links = links

    def take(self, news: Iterable[News]) -> list[Record]:
        """Records of the links that are new."""
        return [self._record(link) for item in news if (link := self._note(item)) is not None]

    def heard(self, windows: Windows) -> list[Record]:
        """Records of links that go on and were not told for a while."""
        columns = windows.columns
        requests, responses, width = columns.index("requests"), columns.index("responses"), len(columns)
        figures = array("d", windows.matrix)
        due: list[_Known] = []
        for row, (segment, client, server, protocol, start_ns, _) in enumerate(windows.keys()):
            ports = self._links.get((segment, client, server, protocol), {})
            if len(ports) != 1:
                continue
            (link,) = ports.values()
            link.messages += int(figures[row * width + requests] + figures[row * width + responses])
            link.last_ns = max(link.last_ns, start_ns)
            if link.last_ns - link.told_ns >= TELL_AGAIN_NS and len(due) < TOLD_AT_ONCE:
                link.told_ns = link.last_ns
                due.append(link)
        return [self._record(link) for link in due]

    def _note(self, item: News) -> _Known | None:
        if item.kind != "link" or item.server is None:
            return None
        ends = (item.segment, item.ip, item.server, item.protocol or "")
        ports = self._links.setdefault(ends, {})
        if item.port in ports:
            return None
        link = ports[item.port] = _Known(*ends[:3], item.port, ends[3], item.ts_ns, item.ts_ns)
        return link

    def _record(self, link: _Known) -> Record:
        # From the traffic's time, for the reason that stations have (`sensor.inventory`).
        link.revision = max(link.revision + 1, link.last_ns // 1_000_000_000)
        link.told_ns = link.last_ns
        key = "\0".join(("link", link.segment, link.client, link.server, str(link.server_port), link.protocol))
        body = Link(
            link.segment, link.client, link.server, link.server_port, link.protocol, link.first_ns, link.last_ns,
            link.messages,
        )  # fmt: skip
        return Record(
            kind="link",
            id=hashlib.sha256(key.encode()).hexdigest()[:32],
            revision=link.revision,
            origin=self._origin,
            tenant=self._tenant,
            segment=link.segment,
            body=body.to_json(),
        )
