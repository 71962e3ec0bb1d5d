"""The site's file of stations: which line counts, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensor.stations import NONE, load


def test_the_longest_prefix_counts_and_a_segment_before_all(tmp_path: Path) -> None:
    file = tmp_path / "stations.yml"
    file.write_text(
        "- {address: 10.8.1.20, class: A, name: 2 号注塑机, serves: 料筒加热}\n"
        "- {address: 10.8.1.20, class: C, segment: test-cell}\n"
        "- {network: 10.8.0.0/16, class: B}\n"
        "- {network: 'fd00::/8', class: C}\n",
        encoding="utf-8",
    )
    stations = load(file)
    found = stations.of("default", "10.8.1.20")
    assert found is not None and (found.importance, found.name, found.serves) == (3, "2 号注塑机", "料筒加热")
    ranks = [
        None if (line := stations.of(segment, address)) is None else line.importance
        for segment, address in (
            ("test-cell", "10.8.1.20"), ("default", "10.8.9.9"), ("default", "fd12::1"), ("default", "192.0.2.1"),
            ("default", "02:00:00:00:00:01"),
        )
    ]  # fmt: skip
    assert ranks == [1, 2, 1, None, None]
    assert NONE.of("default", "10.8.1.20") is None


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    file = tmp_path / "stations.yml"
    file.write_text("- {adress: 10.8.1.20, class: D}\n- {network: 10.8.1.20/8, class: A, name: 7}\n- 3\n")
    with pytest.raises(ValueError) as caught:
        load(file)
    lines = str(caught.value).splitlines()
    assert len(lines) == 6 and "did you mean address?" in lines[0] and "line 3" in lines[-1]
    file.write_text("address: 10.8.1.20\n")
    with pytest.raises(ValueError, match="expected lines"):
        load(file)
