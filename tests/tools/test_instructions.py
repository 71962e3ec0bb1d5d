"""The engine takes no more instructions per packet than were recorded. Not seconds: no neighbour disturbs the count."""

from __future__ import annotations

import pytest

from tools.bench import instructions
from tools.bench.cargo import NoCargo


@pytest.mark.timeout(1800)
def test_a_packet_takes_no_more_instructions_than_recorded() -> None:
    before = instructions.recorded()
    if before is None:
        pytest.skip("nothing was recorded yet: python -m tools.bench.instructions --record")
    if instructions.compiler() != before["compiler"]:
        pytest.skip(f"recorded with {before['compiler']}, this is {instructions.compiler()}")
    try:
        found = instructions.count()
    except NoCargo as reason:
        pytest.skip(str(reason))
    assert instructions.grown(found, before["per_packet"]) == []
    assert set(found) == set(before["per_packet"]) == set(instructions.KINDS)


def test_growth_is_told() -> None:
    before = {"modbus": 100.0, "opcua": 200.0}
    assert instructions.grown({"modbus": 109.0, "opcua": 100.0}, before) == []
    (line,) = instructions.grown({"modbus": 112.0, "opcua": 200.0}, before)
    assert line.startswith("modbus: 112")
