"""Finding the plant's own addresses in any text."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from federation.addresses import Internal

INTERNAL = Internal()


def hidden(text: str, internal: Internal = INTERNAL) -> str:
    return internal.replace(text, lambda _: "#")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.168.1.5", "#"),
        ("from 10.0.0.1:502 to 172.31.255.254.", "from #:502 to #."),
        ("172.32.0.1", "172.32.0.1"),
        ("100.64.3.4 and 100.128.0.1", "# and 100.128.0.1"),
        ("169.254.7.7", "#"),
        ("010.000.000.001", "#"),
        ("opc.tcp://192.168.10.13:4840/server", "opc.tcp://#:4840/server"),
        ("8.8.8.8, 203.0.113.9:80", "8.8.8.8, 203.0.113.9:80"),
        ("fe80::1%eth0", "#%eth0"),
        ("[fd12:3456::1]:4840", "[#]:4840"),
        ("::1", "#"),
        ("::ffff:192.168.1.1", "#"),
        ("::ffff:c0a8:101", "#"),
        ("64:ff9b::10.1.2.3", "#"),
        ("2002:c0a8:101::1", "#"),
        ("2001:db8::1", "2001:db8::1"),
        ("2a00:1450:4001:828::200e", "2a00:1450:4001:828::200e"),
        ("00:1b:1b:00:00:01", "#"),
        ("00-1B-1B-00-00-01 seen", "# seen"),
        ("001b.1b00.0001", "#"),
        ("at 08:00:00 on 2026-11-20", "at 08:00:00 on 2026-11-20"),
        ("rule:0d9f6f0e-7a3c-4a43-9a52-0d7f7b0d3c11", "rule:0d9f6f0e-7a3c-4a43-9a52-0d7f7b0d3c11"),
        ("7.1.192.168.1.1", "#"),
        ("5192.168.1.1", "#"),
        ("192.168.1.1999", "#"),
        ("x::ffff:192.168.1.1:502", "x#"),
        ("a::10.0.0.1", "#"),
        ("::fc00::.", "#"),
        ("写 192.168.1.5。", "写 #。"),
        ("S7comm 1.2.3", "S7comm 1.2.3"),
    ],
)
def test_texts(text: str, expected: str) -> None:
    assert hidden(text) == expected


def test_a_plant_may_name_public_ranges_it_uses_inside() -> None:
    internal = Internal(["8.8.8.0/24", "2a00:1450::/32"])
    assert hidden("8.8.8.8 8.8.9.8 2a00:1450::5", internal) == "# 8.8.9.8 #"
    with pytest.raises(ValueError, match="network"):
        Internal(["not one"])


ipv4 = st.one_of(
    st.ip_addresses(network="10.0.0.0/8"),
    st.ip_addresses(network="172.16.0.0/12"),
    st.ip_addresses(network="192.168.0.0/16"),
    st.ip_addresses(network="169.254.0.0/16"),
)
ipv6 = st.one_of(st.ip_addresses(network="fc00::/7"), st.ip_addresses(network="fe80::/10"))
anything = st.text(alphabet=st.sampled_from('0123456789abcdefABCDEF.:-%/ []写x_,"'), max_size=12)
# Digits and ':' beside an IPv6 address make another address of it.
apart = st.text(alphabet=st.sampled_from('.-%/ []写x_,"'), max_size=12)


@given(ipv4, anything, anything)
def test_no_internal_ipv4_survives_whatever_stands_around_it(
    address: ipaddress.IPv4Address, before: str, after: str
) -> None:
    assume(not before[-1:].isdigit() and not after[:1].isdigit())  # 110.0.0.1 is not 10.0.0.1
    assert str(address) not in hidden(f"{before}{address}{after}")


@given(ipv6, apart, apart)
def test_no_internal_ipv6_survives(address: ipaddress.IPv6Address, before: str, after: str) -> None:
    assert str(address) not in hidden(f"{before}{address}{after}")


@given(st.binary(min_size=6, max_size=6), st.sampled_from(":-"), st.booleans())
def test_no_mac_survives(raw: bytes, separator: str, upper: bool) -> None:
    text = separator.join(f"{byte:02x}" for byte in raw)
    text = text.upper() if upper else text
    assert text not in hidden(f"station {text}, port 3")


@given(st.ip_addresses(v=4).filter(lambda address: not INTERNAL.has(address)))
def test_public_addresses_stay(address: ipaddress.IPv4Address) -> None:
    assert hidden(f"from {address} port 502") == f"from {address} port 502"
