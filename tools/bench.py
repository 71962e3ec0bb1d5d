"""`make bench`: our own figures on a capture it generates. Start-up is its own figure; Python is inside.

The traffic: CONNECTIONS Modbus/TCP conversations, each a client reading ten holding registers in turn from one server;
requests of 66 bytes, responses of 83 (74.5 on average). Deterministic: the same size gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

CONNECTIONS = 1_000
PAIRS_PER_BLOCK = 100_000
REQUEST, RESPONSE = 66, 83
RECORD = 16
START_S = 1_760_000_000
PACKETS_PER_S = 100_000  # in capture time: a busy plant backbone


def generate(path: Path, packets: int) -> None:
    """Write a pcap (µs, little-endian) of `packets` frames."""
    with path.open("wb") as out:
        out.write(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000"))
        pairs = packets // 2
        for first in range(0, pairs, PAIRS_PER_BLOCK):
            out.write(_block(np.arange(first, min(first + PAIRS_PER_BLOCK, pairs), dtype=np.int64)).tobytes())


def _block(pair: np.ndarray) -> np.ndarray:
    """One row a request with its response."""
    rows = np.zeros((len(pair), 2 * RECORD + REQUEST + RESPONSE), dtype=np.uint8)
    connection, turn = pair % CONNECTIONS, pair // CONNECTIONS
    request_us = START_S * 1_000_000 + pair * 2 * (1_000_000 // PACKETS_PER_S)
    _frame(rows[:, : RECORD + REQUEST], request_us, connection, turn, to_server=True)
    _frame(rows[:, RECORD + REQUEST :], request_us + 5, connection, turn, to_server=False)
    return rows


def _frame(rows: np.ndarray, time_us: np.ndarray, connection: np.ndarray, turn: np.ndarray, *, to_server: bool) -> None:
    length = rows.shape[1] - RECORD
    for offset, value in ((0, time_us // 1_000_000), (4, time_us % 1_000_000)):
        rows[:, offset : offset + 4] = value.astype("<u4").view(np.uint8).reshape(-1, 4)
    rows[:, 8:12] = rows[:, 12:16] = np.frombuffer(np.uint32(length).astype("<u4").tobytes(), np.uint8)
    frame = rows[:, RECORD:]
    client, server = _mac(connection, 1), _mac(connection, 2)
    frame[:, 0:6], frame[:, 6:12] = (server, client) if to_server else (client, server)
    frame[:, 12:14] = (8, 0)
    frame[:, 14], frame[:, 22], frame[:, 23] = 0x45, 64, 6
    frame[:, 16:18] = _big(np.full(len(rows), length - 14), 2)
    low = _big(connection, 2)
    ours, theirs = (26, 30) if to_server else (30, 26)
    for at, second in ((ours, 1), (theirs, 2)):
        frame[:, at], frame[:, at + 1] = 10, second
        frame[:, at + 2 : at + 4] = low
    client_port, server_port = _big(40_000 + connection, 2), _big(np.full(len(rows), 502), 2)
    frame[:, 34:36], frame[:, 36:38] = (client_port, server_port) if to_server else (server_port, client_port)
    asked, answered = 1 + turn * 12, 1 + turn * 29
    frame[:, 38:42] = _big(asked if to_server else answered, 4)
    frame[:, 42:46] = _big(answered if to_server else asked + 12, 4)
    frame[:, 46], frame[:, 47], frame[:, 48] = 0x50, 0x18, 0x20
    pdu = frame[:, 54:]
    pdu[:, 0:2] = _big(turn % 65_536, 2)
    pdu[:, 5], pdu[:, 6], pdu[:, 7] = (6 if to_server else 23), 1, 3
    if to_server:
        pdu[:, 9], pdu[:, 11] = turn % 10 * 10, 10
    else:
        pdu[:, 8] = 20
        pdu[:, 9:] = ((connection + turn) % 251).astype(np.uint8)[:, None]


def _big(values: np.ndarray, width: int) -> np.ndarray:
    return np.ascontiguousarray(values.astype(">u4").view(np.uint8).reshape(-1, 4)[:, 4 - width :])


def _mac(connection: np.ndarray, side: int) -> np.ndarray:
    rows = np.zeros((len(connection), 6), dtype=np.uint8)
    rows[:, 0], rows[:, 1] = 2, side
    rows[:, 4:6] = _big(connection, 2)
    return rows


def otus(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "otus.cli", *arguments], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packets", type=int, default=4_000_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="otus-bench-") as folder:
        capture, learning = Path(folder, "modbus.pcap"), Path(folder, "learning.pcap")
        print(f"generating {options.packets} packets …", flush=True)
        generate(capture, options.packets)
        # What is learned comes from the same plant: a minute of it.
        generate(learning, min(options.packets, 60 * PACKETS_PER_S))
        otus("baseline", "learn", str(learning), "-o", f"{folder}/baseline", "--window", "1")
        learning.unlink()
        figures = []
        for _ in range(options.runs):
            stats = Path(folder, "stats.json")
            arguments = ["replay", str(capture), "--baseline", f"{folder}/baseline"]
            otus(*arguments, "--stats", str(stats))
            figures.append(json.loads(stats.read_text(encoding="utf-8")))
        report(figures, capture.stat().st_size)


def report(figures: list[dict], size: int) -> None:
    last = figures[-1]
    rates = sorted(run["packets_per_s"] for run in figures)
    print(f"machine        {os.cpu_count()} cores; one used by the core")
    print(f"capture        {last['packets']} packets, {size} bytes, {CONNECTIONS} connections")
    print(f"rules_loaded   {last['rules_loaded']}")
    print(f"baseline       {json.dumps(last['baseline'], ensure_ascii=False)}")
    print(f"model          {last['model']}")
    print(f"startup_s      {statistics.median(run['startup_s'] for run in figures):.3f} (median of {len(figures)})")
    print(f"seconds        {statistics.median(run['seconds'] for run in figures):.3f}")
    print(f"packets_per_s  {statistics.median(rates):,.0f} (min {rates[0]:,}, max {rates[-1]:,})")
    print(f"events         {last['events']}  hits {last['hits']}  alerts {last['alerts']}")
    ledger = last["ledger"]
    print(f"ledger         received {ledger['received']} = parsed {ledger['parsed']} + skipped "
          f"{sum(ledger['skipped'].values())} + lost {sum(ledger['lost'].values())} + held {ledger['held']}")


if __name__ == "__main__":
    main()
