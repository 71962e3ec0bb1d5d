"""tshark and we find the same messages of lines in the same frames of the bundled captures."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sensor._core import Engine
from tests.captures import ROOT

FIELDS = {
    "http": ("http.request.method", "http.response.code"),
    "ftp": ("ftp.request.command", "ftp.response.code"),
    "smtp": ("smtp.req.command", "smtp.response.code"),
    "pop3": ("pop.request.command", "pop.response.indicator"),
    "imap": ("imap.request.command", "imap.response.status"),
    "rtsp": ("rtsp.method", "rtsp.status"),
}
"""What tshark calls a request's and a response's telling field."""
DATA = {"auth_data", "message"}
"""The lines of a login and a mail's end: tshark tells them as data, but for POP3."""


def theirs(protocol: str, capture: Path) -> Iterator[tuple[int, str]]:
    asked, answered = FIELDS[protocol]
    command = ["tshark", "-n", "-r", str(capture), "-o", "http.desegment_body:FALSE", "-o", "rtsp.desegment_body:FALSE"]
    command += ["-o", "smtp.desegment_data:FALSE", "-T", "fields", "-e", "frame.number", "-e", asked, "-e", answered]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    for line in told.splitlines():
        number, request, response = line.split("\t")
        if request:
            yield int(number), "request"
        if response:
            yield int(number), "response"


def ours(protocol: str, event: dict[str, Any]) -> tuple[int, str] | None:
    if event["network.protocol"] != protocol:
        return None
    if event["message.kind"] == "request" and event["operation.name"] in DATA and protocol != "pop3":
        return None
    if event.get(f"{protocol}.status") == "continue":
        return None  # to tshark a plus alone has no status
    if protocol == "imap" and event["message.kind"] == "unsolicited":
        return None  # tshark names the status of tagged lines only
    kind = "response" if event["message.kind"] == "unsolicited" else event["message.kind"]
    return event["frame.number"], kind


def read(capture: Path) -> Iterator[dict[str, Any]]:
    engine = Engine(json.dumps({"events": "ndjson"}))
    engine.open_files([capture])
    while True:
        batch = engine.poll()
        yield from (json.loads(line) for line in batch.events.splitlines())
        if batch.done:
            return


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("protocol", FIELDS)
def test_both_find_the_same_messages(protocol: str) -> None:
    capture = ROOT / "pcaps" / protocol / "clean.pcap"
    found = {said for event in read(capture) if (said := ours(protocol, event))}
    assert len(found) > 8
    assert found == set(theirs(protocol, capture))
