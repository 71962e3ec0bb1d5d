"""Uplinks to platforms and services outside are held against the list of trusted suppliers.

Decided in the core: two rules (a TLS client's hello, an HTTP request, to an address outside) and for each trusted
supplier a filter that takes out what goes to him, good as long as he is trusted by the time of the packets. Names are
held against the suppliers' domains and what lies below them, addresses against their networks.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

from detectors.maintenance.suppliers import Supplier, Suppliers
from detectors.rules.model import And, Check, Expression, Not, Or, Rule, RuleSet
from detectors.rules.site_filters import Part, SiteFilter
from sensor.schema import Text

NAMESPACE = uuid.UUID("5b0c1e0e-8a0f-5d1c-9c77-6f3f5f6a2d10")
"""Of the rules' ids: the same on every sensor."""
INSIDE = (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8", "224.0.0.0/3",
    "0.0.0.0/8", "fc00::/7", "fe80::/10", "ff00::/8", "::1/128",
)  # fmt: skip
"""No addresses of the internet: RFC 1918, 6598, 3927, 1112 and what is above, 4193, 4291."""
NAMES = (("tls", "tls.client.server_name"), ("http", "http.host"))
CALLS = {
    "tls": Check("tls.handshake_type", "in", (1,)),  # ClientHello, RFC 8446 4
    "http": Check("message.kind", "in", ("request",)),
}
"""What begins a conversation. A client that names no server is held against addresses alone."""

_TITLE = Text(
    "上联未列入可信服务商名单的平台或服务", "Uplink to a Platform That Is Not on the List of Trusted Suppliers"
)
_ADVICE = Text(
    "核对该平台或服务由谁提供、用途是什么、上传哪些数据；确需使用的，完成安全评估后列入名单，否则在边界阻断。",
    "Find out who offers it, what it is for and which data go there. If it is needed, have it assessed and put it on "
    "the list; otherwise block it at the boundary.",
)
_CONSEQUENCE = Text(
    "生产数据可能送往未经评估的平台，平台被控制时也可能反过来影响现场。",
    "Data of the plant may go to a platform nobody assessed, and who controls that platform may reach back.",
)


FOREVER_NS = (1 << 63) - 1


def with_uplinks(rules: RuleSet, suppliers: Suppliers, path: Path) -> RuleSet:
    """The rules with two more about uplinks; `path` is where the list was read from."""
    site = (*INSIDE, *(str(network) for network in suppliers.site_networks))
    outside = And((Check("client.ip", "cidr", site), Not(Check("server.ip", "cidr", site))))
    fresh = tuple(_rule(protocol, name, outside, suppliers, path) for protocol, name in NAMES)
    trusted = [_trusted(one, place, fresh) for place, one in enumerate(suppliers.by_name.values(), 1)]
    filters = tuple(one for one in trusted if one is not None)
    return replace(rules, rules=(*rules.rules, *fresh), filters=(*rules.filters, *filters))


def _rule(protocol: str, name: str, outside: Expression, suppliers: Suppliers, path: Path) -> Rule:
    return Rule(
        title=_TITLE.en,
        title_zh=_TITLE.zh,
        id=str(uuid.uuid5(NAMESPACE, protocol)),
        level=suppliers.unlisted_level,
        protocol=protocol,
        condition=And((outside, CALLS[protocol])),
        condition_text="",
        selections={},
        used=frozenset(),
        path=path,
        advice=_ADVICE,
        consequence=_CONSEQUENCE,
        reason="uplink_unlisted",
    )


def _trusted(supplier: Supplier, place: int, rules: tuple[Rule, ...]) -> SiteFilter | None:
    """What is sent to a supplier while he is trusted is taken out, and counted under his number; None: nothing of him
    can be called."""
    if not supplier.assessed or not (supplier.domains or supplier.networks):
        return None
    ends = [one for one in (supplier.until_ns, supplier.suspended_ns) if one is not None]
    return SiteFilter(
        f"supplier-{place}",
        tuple(Part((rule.id,), _sent_to(supplier, name)) for rule, (_, name) in zip(rules, NAMES, strict=True)),
        supplier.name,
        "可信服务商名单",
        "",
        min(ends, default=FOREVER_NS),
    )


def _sent_to(supplier: Supplier, name: str) -> Expression:
    parts: list[Expression] = []
    if supplier.domains:
        below = tuple(f".{domain}" for domain in supplier.domains)
        parts += [Check(name, "in", supplier.domains), Check(name, "endswith", below)]
    if supplier.networks:
        parts.append(Check("server.ip", "cidr", tuple(str(network) for network in supplier.networks)))
    return Or(tuple(parts))
