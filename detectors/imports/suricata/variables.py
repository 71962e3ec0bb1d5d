"""Addresses and ports of a rule's header, with the site's variables put in.

Suricata user guide 8, "Rules Format": `any`, one, `[a, b]`, `!a`, `$NAME`, ports also `1024:65535`. A list with
exclusions means: what is in it, without them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from detectors.imports.suricata.grammar import GrammarError

MAX_DEPTH = 8
"""Of variables in variables and lists in lists; no real set has four."""
MAX_YAML_BYTES = 4 * 1024 * 1024
DEFAULT_PORTS = {"HTTP_PORTS": "80", "SHELLCODE_PORTS": "!80", "ORACLE_PORTS": "1521", "SSH_PORTS": "22",
                 "DNP3_PORTS": "20000", "MODBUS_PORTS": "502", "FTP_PORTS": "21"}  # fmt: skip
"""As both products come."""


@dataclass(frozen=True)
class Span:
    """What a header's part means: `wanted` (empty: all) without `unwanted`. Addresses are networks, ports are `(low,
    high)`. `unset` names variables without a value: they stand for all."""

    wanted: tuple[str | tuple[int, int], ...] = ()
    unwanted: tuple[str | tuple[int, int], ...] = ()
    unset: tuple[str, ...] = ()

    @property
    def single_ports(self) -> list[int]:
        """Those that are named one by one."""
        return [span[0] for span in self.wanted if not isinstance(span, str) and span[0] == span[1]]


@dataclass(frozen=True)
class Variables:
    """Names without the dollar."""

    addresses: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_PORTS))

    def address_span(self, text: str) -> Span:
        """Raises GrammarError."""
        return self._span(text, self.addresses, _network)

    def port_span(self, text: str) -> Span:
        """Raises GrammarError."""
        return self._span(text, self.ports, _port_range)

    def _span(self, text: str, known: Mapping[str, str], one) -> Span:  # type: ignore[no-untyped-def]
        wanted, unwanted, unset = _resolve(text, known, one, 0)
        if any(item is None for item in unwanted):
            raise GrammarError(f"{text} leaves nothing")
        if any(item is None for item in wanted):
            wanted = []
        return Span(tuple(wanted), tuple(unwanted), tuple(dict.fromkeys(unset)))


def from_options(pairs: Iterable[str], file: Path | None) -> Variables:
    """Those of a suricata.yaml's `vars`, then `NAME=VALUE` of the command line: names that end in PORT or PORTS are
    ports.

    Raises:
        ValueError: one line with the way out.
    """
    addresses: dict[str, str] = {}
    ports = dict(DEFAULT_PORTS)
    if file is not None:
        groups = _groups(file)
        addresses |= _texts(groups, "address-groups")
        ports |= _texts(groups, "port-groups")
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.removeprefix("$")
        if not equals or not name or not value.strip():
            raise ValueError(f"--var {pair}: write NAME=VALUE, like HOME_NET=10.0.0.0/8")
        kind = ports if name.endswith(("PORT", "PORTS")) else addresses
        kind[name] = value.strip()
    return Variables(addresses, ports)


def _groups(file: Path) -> Mapping[str, object]:
    try:
        if file.stat().st_size > MAX_YAML_BYTES:
            raise ValueError(f"{file}: larger than {MAX_YAML_BYTES} bytes; name a suricata.yaml")
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{file}: cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{file}: not YAML: {' '.join(str(error).split())[:200]}") from None
    groups = content.get("vars") if isinstance(content, dict) else None
    if not isinstance(groups, dict):
        raise ValueError(f"{file}: no `vars`; name a suricata.yaml")
    return groups


def _texts(groups: Mapping[str, object], name: str) -> dict[str, str]:
    found = groups.get(name)
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _resolve(text: str, known: Mapping[str, str], one, depth: int):  # type: ignore[no-untyped-def]
    """Wanted, unwanted and unset. None among the wanted is all there is."""
    text = text.strip()
    if depth > MAX_DEPTH:
        raise GrammarError(f"{text}: lists and variables more than {MAX_DEPTH} deep")
    if text.startswith("!"):
        wanted, unwanted, unset = _resolve(text[1:], known, one, depth + 1)
        if unset:
            return [None], [], unset
        if unwanted:
            raise GrammarError(f"{text}: what is excluded has exclusions of its own")
        return [None], wanted, unset
    if text.startswith("$"):
        if text[1:] not in known:
            return [None], [], [text]
        return _resolve(known[text[1:]], known, one, depth + 1)
    if text.startswith("["):
        if not text.endswith("]"):
            raise GrammarError(f"{text[:60]}: a [ that is not closed")
        wanted, unwanted, unset = [], [], []
        only_excluded = True
        for piece in _pieces(text[1:-1]):
            more, less, without = _resolve(piece, known, one, depth + 1)
            only_excluded &= piece.strip().startswith("!")
            wanted += [] if piece.strip().startswith("!") and more == [None] else more
            unwanted += less
            unset += without
        return ([None] if only_excluded else wanted), unwanted, unset
    return ([None] if text.lower() == "any" else [one(text)]), [], []


def _pieces(text: str) -> list[str]:
    pieces, depth = [""], 0
    for char in text:
        depth += (char == "[") - (char == "]")
        if char == "," and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += char
    return [piece for piece in pieces if piece.strip()]


def _network(text: str) -> str | None:
    try:
        if "-" in text:
            raise GrammarError(f"{text}: a range of addresses; write networks")
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise GrammarError(f"{text[:60]} is no address") from None
    return None if network.prefixlen == 0 else str(network)


def _port_range(text: str) -> tuple[int, int] | None:
    low, colon, high = text.partition(":")
    try:
        span = (int(low or 0), int(high or 65535) if colon else int(low))
    except ValueError:
        raise GrammarError(f"{text[:60]} is no port") from None
    if not 0 <= span[0] <= span[1] <= 65535:
        raise GrammarError(f"{text[:60]} is no port")
    return None if span == (0, 65535) else span
