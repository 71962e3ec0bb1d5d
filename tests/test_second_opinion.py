"""Each message that tshark or we find in a capture is found by both, or the difference has a reason that holds."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.captures import ROOT, bundled_captures, shared_captures
from tests.second_opinion.compare import Evidence
from tests.second_opinion.differences import explain, load, name_of
from tests.second_opinion.ours import Ours
from tests.second_opinion.reasons import CHECKS
from tests.second_opinion.run import CACHE
from tests.second_opinion.totals import TOTALS

CAPTURES = [*bundled_captures(), *shared_captures()]


@pytest.mark.timeout(900)  # what is not in the cache is asked first
@pytest.mark.parametrize("capture", CAPTURES, ids=name_of)
def test_every_message_is_found_by_both(capture: Path, tshark: str) -> None:
    evidence = Evidence(tshark, capture, CACHE)
    differences = explain(evidence)
    TOTALS.captures += 1
    TOTALS.agreed += evidence.agreed
    TOTALS.differences += Counter(
        (difference.message.protocol, difference.only, reason or "NO REASON") for difference, reason in differences
    )
    assert [(each.only, *each.message) for each, reason in differences if reason is None] == []
    found = Counter(reason for _, reason in differences)
    name = name_of(capture)
    listed = {entry.reason: entry.captures[name] for entry in load() if name in entry.captures}
    assert {reason: found[reason] for reason in listed} == listed, "read the difference, then change the list"


def test_captures_of_others_are_there(shared: list[Path]) -> None:
    """Skipped visibly where they are not: then only ours were compared."""
    assert shared


def test_the_list_names_what_is_checked() -> None:
    listed = load()
    assert {(entry.reason, only) for entry in listed for only in entry.only} == {
        (reason, only) for only, checks in CHECKS.items() for reason in checks
    }
    assert all(entry.right in ("tshark", "ours", "both") and entry.text for entry in listed)


class Number(NamedTuple):
    """A capture, and a field of ours that tells messages in it apart."""

    capture: str
    field: str


NUMBERS = {
    "modbus": Number("modbus/operator_shift.pcap", "modbus.function_code"),
    "s7comm": Number("s7comm/upload.pcap", "s7comm.function"),
    "opcua": Number("opcua/browse.pcap", "opcua.service_id"),
    "dhcp": Number("dhcp/normal.pcap", "dhcp.message_type"),
    "snmp": Number("snmp/normal.pcap", "snmp.request_id"),
    "tls": Number("tls/ordinary.pcap", "tls.cipher_code"),
    "smb": Number("smb/ordinary.pcap", "smb.command"),
    "ssh": Number("ssh/ordinary.pcap", "ssh.message_code"),
    "rdp": Number("rdp/ordinary.pcap", "rdp.requested_protocols"),
    "vnc": Number("vnc/ordinary.pcap", "vnc.security_type"),
}


def test_a_message_that_one_has_not_or_otherwise_is_seen(tshark: str) -> None:
    """What the comparison is for: a message less, one more, another function, another frame, each without a reason."""
    for protocol, number in NUMBERS.items():
        evidence = Evidence(tshark, ROOT / "pcaps" / number.capture, CACHE)
        known = explain(evidence)
        assert all(reason for _, reason in known)
        told = [event for event in evidence.ours.events if event["network.protocol"] == protocol]
        others = [event for event in evidence.ours.events if event["network.protocol"] != protocol]
        first, last = told[0], told[-1]
        other = next(event for event in told if event.get(number.field))
        for events, only in (
            (told[1:], ["tshark"]),
            ([*told, first], ["ours"]),
            ([{**event, number.field: 99} if event is other else event for event in told], ["tshark", "ours"]),
            ([*told[:-1], {**last, "frame.number": last["frame.number"] - 1}], ["tshark", "ours"]),
        ):
            changed = Evidence(tshark, evidence.capture, CACHE)
            changed.ours = Ours([*events, *others], evidence.ours.ledger)
            found = [each for each in explain(changed) if each not in known]
            assert [(each.only, reason) for each, reason in found] == [(one, None) for one in only], protocol
