"""Which addresses are the plant's own, and finding them in any text."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

INTERNAL: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",  # carrier-grade NAT: 5G terminals of the plant
        "169.254.0.0/16",
        "127.0.0.0/8",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "::1/128",
    )
)

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")

# Runs of characters that addresses are written with; what a run is, is decided by parsing it.
_RUN = re.compile(r"[0-9A-Fa-f:.\-]{3,}")
_DOTTED = re.compile(r"[0-9]+(?:\.[0-9]+){3,}")
_QUAD = re.compile(r"(?=([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}))")
_MAC = re.compile(
    r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{2}(?P<s>[:\-.])(?:[0-9A-Fa-f]{2}(?P=s)){4}[0-9A-Fa-f]{2}"
    r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?![0-9A-Fa-f])"
)
_LONGEST_IPV6 = 45
_LONGEST_RUN = 128


def mac_digits(text: str) -> str | None:
    """The twelve lower-case digits of a MAC in any of its spellings, or None."""
    digits = re.sub(r"[:\-.]", "", text).lower()
    return digits if re.fullmatch(r"[0-9a-f]{12}", digits) else None


class Internal:
    """Decides what is internal: private ranges, and the ranges an enterprise names as its own."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        """Raises ValueError for a text that is no network."""
        self._networks = INTERNAL + tuple(ipaddress.ip_network(text, strict=False) for text in networks)

    def has(self, address: Address) -> bool:
        if any(address.version == network.version and address in network for network in self._networks):
            return True
        inner = _inner(address)
        return inner is not None and self.has(inner)

    def replace(self, text: str, token: Callable[[str], str]) -> str:
        """The text with every internal address and every MAC replaced by what `token` gives for it.

        In doubt the whole run of digits goes: a version number that reads like 10.2.0.1 is the smaller loss.
        """
        return _RUN.sub(lambda found: self._run(found.group(), token), text)

    def _run(self, whole: str, token: Callable[[str], str]) -> str:
        if "." not in whole and ":" not in whole and whole.count("-") < 5:
            return whole
        bare = whole.rstrip(".-")
        bare = bare.removesuffix(":") if not bare.endswith("::") else bare
        address = _parse(bare)
        if address is not None and not (address.version == 6 and "." in bare):
            return (token(str(address)) if self.has(address) else bare) + whole[len(bare) :]
        whole = _MAC.sub(lambda mac: token(mac.group()), whole)
        if whole.count(":") >= 2 and self._hides_ipv6(whole):
            return token(whole)
        return _DOTTED.sub(lambda found: self._dotted(found.group(), token), whole)

    def _dotted(self, whole: str, token: Callable[[str], str]) -> str:
        """Four numbers are an address, more may hide one, with any number of digits before and after it."""
        exact = _quad(whole)
        if exact is not None:
            return token(str(exact)) if self.has(exact) else whole
        hidden = (_quad(part[: len(part) - cut]) for part in _QUAD.findall(whole) for cut in (0, 1, 2))
        return token(whole) if any(found is not None and self.has(found) for found in hidden) else whole

    def _hides_ipv6(self, whole: str) -> bool:
        if len(whole) > _LONGEST_RUN:
            return True
        return any(
            self.has(address)
            for start in range(len(whole))
            for end in range(start + 2, min(start + _LONGEST_IPV6, len(whole)) + 1)
            if whole.count(":", start, end) >= 2 and (address := _parse(whole[start:end])) is not None
        )


def _quad(text: str) -> ipaddress.IPv4Address | None:
    """Four numbers; leading zeros are allowed, as programs print them."""
    parts = text.split(".")
    if len(parts) != 4 or not all(part and len(part) <= 3 and int(part) <= 255 for part in parts):
        return None
    return ipaddress.IPv4Address(".".join(str(int(part)) for part in parts))


def _parse(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _inner(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that some IPv6 ones carry inside."""
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address in _NAT64 or address in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
