"""What must not leave the enterprise, looked for without any of the code that keeps it in."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

QUAD = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
MAC = re.compile(r"(?<![0-9a-fA-F:])[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5}(?![0-9a-fA-F:])")
PRIVATE = [ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]


def addresses(text: str) -> set[str]:
    """Every IPv4 address in a text."""
    found = set()
    for quad in QUAD.findall(text):
        try:
            found.add(str(ipaddress.IPv4Address(quad)))
        except ValueError:  # 300.1.1.1
            continue
    return found


def internal_addresses(text: str) -> set[str]:
    return {one for one in addresses(text) if any(ipaddress.ip_address(one) in network for network in PRIVATE)}


def hardware_addresses(text: str) -> set[str]:
    return set(MAC.findall(text))


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in a piece of JSON with the name it stands under."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, name)
    else:
        yield name, value
