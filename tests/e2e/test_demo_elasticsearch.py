"""`otus demo --store elasticsearch`: province and ministry on a real node, which goes with the demo."""

from __future__ import annotations

import re
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from testbed.demo_plant import STORY
from testbed.elasticsearch import missing
from tests.e2e.running import Running, end_all, wait_until_gone
from tests.e2e.test_demo import GOOD, remains

WITHIN_S = 240
"""With two cores to itself it takes 50 s; a machine full of other work is given more."""
ASKED = ("demo", "--replay", "--store", "elasticsearch")


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Not below pytest's folder, which only its owner may enter: the server runs as nobody where the demo is root."""
    folder = Path(tempfile.mkdtemp(prefix="otus-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def answers(said: str) -> bool:
    found = re.search(r"Elasticsearch (http://127\.0\.0\.1:\d+)", said)
    assert found is not None
    try:
        return httpx.get(f"{found[1]}/_cluster/health", timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def test_where_java_or_maven_is_missing_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as bare:
        bare.setenv("PATH", str(tmp_path))
        demo = Running(tmp_path / "tmp", *ASKED, "--once")
    assert demo.wait(60) == 1
    assert re.fullmatch(r"otus: Elasticsearch .*needs: java.*apt install default-jre-headless maven", demo.output)
    assert remains(demo) == []


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.skipif(missing() != "", reason=f"no Elasticsearch: {missing()} is not installed")
def test_the_captures_reach_the_ministry_and_nothing_is_left_even_of_a_demo_that_was_killed(temporary: Path) -> None:
    killed = Running(temporary, *ASKED)
    try:
        killed.wait_for("Ctrl-C ends it", WITHIN_S)
        assert GOOD in killed.output
        assert [action for action in STORY if f"✓ {action} " not in killed.output] == []
        numbers = re.findall(r"alerts received: (\d+)", killed.output)
        assert len(numbers) == 3 and len(set(numbers)) == 1 and int(numbers[0]) >= len(STORY)
        assert answers(killed.output)
        killed.end(signal.SIGKILL)
        end = time.monotonic() + 30  # the server ends by itself; what else it left, the next start removes
        while answers(killed.output):
            assert time.monotonic() < end, "the server lives on"
            time.sleep(0.2)
        assert len(list(temporary.glob("otus-elasticsearch-*"))) == 1
        after = Running(temporary, *ASKED)
        after.wait_for("Ctrl-C ends it", WITHIN_S)
        assert "cleaned up after a demo that was killed" in after.output and answers(after.output)
        assert after.end(signal.SIGINT) == 0 and "Traceback" not in after.output
        assert not answers(after.output)
        assert wait_until_gone(killed.mark) == {} and wait_until_gone(after.mark) == {}
        assert remains(after) == []
    finally:
        end_all(killed.mark)
