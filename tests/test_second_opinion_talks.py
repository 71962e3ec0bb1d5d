"""tshark and we agree on talks made while the test runs, of protocols that few captures have."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.captures import ROOT
from tests.recording import write
from tests.second_opinion.compare import Evidence
from tests.second_opinion.differences import explain
from tests.second_opinion.talks import datagrams, remote, ssh, tls

Found = tuple[Counter[str], Counter[str]]
"""messages that both have, by protocol; differences by reason"""


def compare(tshark: str, capture: Path) -> Found:
    evidence = Evidence(tshark, capture, capture.parent / "cache")
    told = explain(evidence)
    assert [(each.only, *each.message) for each, reason in told if reason is None] == []
    return evidence.agreed, Counter(reason for _, reason in told if reason)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tls.Keys:
    return tls.keys(tmp_path_factory.mktemp("keys"))


@pytest.mark.timeout(120)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_of_every_version_and_cipher(tshark: str, tmp_path: Path, keys: tls.Keys) -> None:
    agreed, differences = compare(tshark, write(tmp_path / "every.pcap", list(tls.every_cipher(keys)), 443))
    assert agreed["tls"] > 1000
    more, others = compare(tshark, write(tmp_path / "between.pcap", list(tls.between_versions(keys)), 443))
    assert more["tls"] > 30
    assert not differences + others


@pytest.mark.parametrize("port", tls.STARTTLS)
def test_tls_that_begins_inside_another_protocol(tshark: str, tmp_path: Path, keys: tls.Keys, port: int) -> None:
    agreed, differences = compare(tshark, write(tmp_path / "inside.pcap", list(tls.inside(keys, port)), port))
    if port == 3389:
        # This tshark goes on reading TPKT; told the port's protocol, it reads the same messages.
        assert set(differences) <= {"other_port"}
        assert agreed["tls"] + differences["other_port"] > 8
    else:
        assert agreed["tls"] > 8
        assert not differences


def test_every_kind_of_datagram(tshark: str, tmp_path: Path) -> None:
    agreed, differences = compare(tshark, datagrams.record(tmp_path / "datagrams.pcap"))
    assert (agreed["dhcp"], agreed["snmp"], agreed["nbns"]) == (60, 72, 5)
    assert not differences


@pytest.mark.timeout(120)
def test_openssh_and_servers_that_only_greet(tshark: str, tmp_path: Path) -> None:
    client = shutil.which("ssh")
    if client is None:
        pytest.skip("no ssh client is installed")
    agreed, differences = compare(tshark, ssh.record(client, tmp_path / "ssh.pcap"))
    assert agreed["ssh"] > 50
    assert set(differences) == {"line_before_banner"}


@pytest.mark.timeout(120)
def test_smb_of_every_dialect(tshark: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.second_opinion.talks.smb", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, timeout=100, check=True)
    agreed, differences = compare(tshark, tmp_path / "smb.pcap")
    assert agreed["smb"] > 150
    assert set(differences) <= {"read_by_its_front"}


def test_vnc_of_every_version(tshark: str, tmp_path: Path) -> None:
    agreed, differences = compare(tshark, write(tmp_path / "vnc.pcap", list(remote.vnc()), 5900))
    assert agreed["vnc"] > 70
    assert not differences


def test_vnc_in_other_segments(tshark: str, tmp_path: Path) -> None:
    capture = write(tmp_path / "vnc.pcap", list(remote.vnc_in_other_segments()), 5900)
    agreed, differences = compare(tshark, capture)
    assert agreed["vnc"] >= 3
    assert set(differences) == {"turns_and_segments"}


def test_rdp_with_every_cookie_wish_and_answer(tshark: str, tmp_path: Path) -> None:
    agreed, differences = compare(tshark, write(tmp_path / "rdp.pcap", list(remote.rdp()), 3389))
    calls = len(remote.COOKIES) * len(remote.WISHES) * len(remote.ANSWERS)
    # Neither cookie nor negotiation, and answers without one.
    bare = len(remote.ANSWERS) + calls // len(remote.ANSWERS)
    assert (agreed["rdp"], differences) == (2 * calls - bare, Counter(without_negotiation=bare))
