"""Windows leave the core as columns: keys beside the matrix, stations beside conversations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

core = pytest.importorskip("sensor._core", reason="the core is not built: make build")
np = pytest.importorskip("numpy", reason="numpy is not installed: pip install otus[anomaly]")

CAPTURE = Path(__file__).parents[2] / "pcaps/modbus/device_identification.pcap"


def test_columns_keys_and_sums_agree() -> None:
    engine = core.Engine(json.dumps({"window_ns": 1_000_000_000}))
    engine.open_files([CAPTURE])
    batches = [engine.poll(1)]
    while not batches[-1].done:
        batches.append(engine.poll(100))
    messages: dict[tuple[str, int], float] = {}
    stations: dict[tuple[str, int], float] = {}
    rows = 0
    for batch in batches:
        windows, assets = batch.windows, batch.assets
        matrix = np.frombuffer(windows.matrix).reshape(-1, len(windows.columns))
        assert matrix.shape == (len(windows), len(core.features())) and windows.columns == core.features()
        starts, ends = (np.frombuffer(times, np.uint64).tolist() for times in (windows.starts, windows.ends))
        columns = (windows.segments(), windows.clients(), windows.servers(), windows.protocols(), starts, ends)
        assert windows.keys() == list(zip(*columns, strict=True))
        rows += len(windows)
        for key, row in zip(windows.keys(), matrix, strict=True):
            assert key[5] - key[4] == 1_000_000_000 and key[4] % 1_000_000_000 == 0
            asked = row[windows.columns.index("requests")]
            for side in key[1:3]:
                messages[side, key[4]] = messages.get((side, key[4]), 0.0) + asked
        matrix = np.frombuffer(assets.matrix).reshape(-1, len(assets.columns))
        assert assets.columns == core.asset_features()
        starts, ends = (np.frombuffer(times, np.uint64).tolist() for times in (assets.starts, assets.ends))
        assert assets.keys() == list(zip(assets.segments(), assets.addresses(), starts, ends, strict=True))
        as_client, as_server = (assets.columns.index(f"requests_as_{side}") for side in ("client", "server"))
        for (_, address, start, _), row in zip(assets.keys(), matrix, strict=True):
            stations[address, start] = row[as_client] + row[as_server]
    assert rows > 10 and messages == stations
