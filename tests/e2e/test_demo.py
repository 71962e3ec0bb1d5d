"""`otus demo` as a person has it: what it says, what each tier's console shows in a real browser, what it leaves.

Screenshots go to `artefacts/screens/`, which git ignores.
"""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

from testbed import netns
from testbed.demo_plant import STORY, available
from tests.browser.test_console import VENDOR, Reader, driver
from tests.e2e.privacy import internal_addresses
from tests.e2e.running import Running, end_all, run_ids, wait_until_gone

__all__ = ["driver"]  # a fixture
SUMMARY_WITHIN_S = 280
"""With two cores to itself it takes 75 s; a machine full of other work is given more."""
REPLAY_WITHIN_S = 150
STOP_TITLE, ATTACKER, TURBINE = "S7 控制器停机命令", "10.77.1.66", "10.77.1.21"
GOOD = "全部攻击均已上报到部级，正常主机无中危及以上告警"
WRITTEN_VALUE = re.compile(r"(?<![\d.])65000(?![\d.])")
"""what the attacker writes into registers"""
pytestmark = pytest.mark.timeout(420)


@dataclass(frozen=True)
class Login:
    """One line of the summary: where a console is and who may enter."""

    url: str
    name: str
    password: str


def logins(output: str) -> list[Login]:
    """Enterprise, province, ministry."""
    return [Login(*found) for found in re.findall(r"(http://127\.0\.0\.1:\d+)\s+(\S+) / (\S+)", output)]


def remains(demo: Running) -> list[str]:
    """Namespaces, interfaces and temporary files of a demo."""
    ids = run_ids(demo.output)
    left = [name for name in netns.namespaces() + netns.interfaces() if any(one in name for one in ids)]
    # The state folder itself, with its lock, stays: it holds no run.
    files = [path for path in demo.temporary.rglob("*") if not path.is_dir() and path.name != "lock"]
    folders = [path for path in demo.temporary.iterdir() if not path.name.startswith("otus-range-")]
    return left + [str(path) for path in files + folders]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The real one, serving, its summary said."""
    if reason := available():
        pytest.skip(f"no range here: {reason}")
    running = Running(tmp_path_factory.mktemp("demo") / "tmp", "demo")
    try:
        running.wait_for("Ctrl-C ends it", SUMMARY_WITHIN_S)
        yield running
    finally:
        if running.process.poll() is None:
            running.end(signal.SIGINT)
        end_all(running.mark)


def test_every_action_is_told_and_seen(demo: Running) -> None:
    said = demo.output
    assert GOOD in said and "a notice and a spot check are at the plant" in said
    assert [action for action in STORY if f"✓ {action} " not in said] == []
    assert "frames sent by the capture port: 0\n" in said
    ledger = re.search(r"received (\d+) = parsed (\d+) \+ skipped (\d+) \+ lost (\d+) \+ held (\d+)", said)
    assert ledger is not None
    received, *parts = (int(count) for count in ledger.groups())
    assert received == sum(parts) and parts[0] > 100
    at_tiers = [int(count) for count in re.findall(r"alerts received: (\d+)", said)]
    assert len(at_tiers) == 3 and len(set(at_tiers)) == 1 and at_tiers[0] >= len(STORY)


@pytest.fixture
def person(demo: Running, driver: webdriver.Chrome, tier: int) -> Reader:
    """Logged in at a tier with what the summary says."""
    if not (VENDOR / "echarts.min.js").exists():
        pytest.skip("browser libraries are not set up: run `npm ci && npm run vendor` in console/")
    login = logins(demo.output)[tier]
    driver.delete_all_cookies()
    driver.get_log("browser")
    reader = Reader(driver, login.url)
    reader.scheme("light")
    reader.open("/login")
    reader.find("input[name=name]").send_keys(login.name)
    reader.find("input[name=password]").send_keys(login.password + Keys.ENTER)
    reader.find("form[action='/logout']")
    return reader


@pytest.mark.parametrize("tier", [0, 1, 2], ids=["enterprise", "province", "ministry"])
def test_the_incident_at_each_tier(person: Reader, tier: int) -> None:
    name = ("enterprise", "province", "ministry")[tier]
    person.find(".chart[data-drawn=yes] canvas")
    person.keep(f"demo-{name}-overview")
    pages = [seen(person)]
    person.open("/incidents?technique=T0858")
    person.keep(f"demo-{name}-incidents")
    pages.append(seen(person))
    person.browser.find_element("partial link text", STOP_TITLE).click()
    person.wait_for("为什么认定")
    person.keep(f"demo-{name}-incident")
    text = person.text()
    for words in (STOP_TITLE, "T0858", "操作已经生效", "sensor-1"):
        assert words in text, words
    incident = seen(person)
    pages.append(incident)
    for path in ("/assets", "/sensors", *(("/children",) if tier else ()), "/preview", "/notices"):
        person.open(path)
        person.keep(f"demo-{name}-{path[1:]}")
        pages.append(seen(person))
        if path == "/sensors":
            if tier == 2:
                assert "下级汇总" in person.text(), "the province tells the ministry a sum"
            else:
                assert re.search(r"通信基线 [1-9]\d* 项", person.text()), "it knows that the sensor has a baseline"
    if tier == 0:
        assert ATTACKER in incident and TURBINE in incident
    else:
        assert "host-" in incident
        for page in pages:
            assert internal_addresses(page) == set()
            assert not WRITTEN_VALUE.search(page)
    assert person.problems() == []


def seen(person: Reader) -> str:
    """The page as it came and its figures as JSON."""
    source = person.browser.page_source
    address = person.browser.current_url
    script = (
        "const done = arguments[1];"
        "fetch(arguments[0], {headers: {Accept: 'application/json'}}).then(a => a.ok ? a.text() : a.status).then(done)"
    )
    figures = person.browser.execute_async_script(script, address + ("&" if "?" in address else "?") + "format=json")
    json.loads(str(figures))
    return f"{source}\n{figures}"


def test_ctrl_c_leaves_nothing(demo: Running) -> None:
    assert len(demo.processes()) > 10, "the demo, its plant, its sensor and its consoles"
    assert remains(demo), "what is looked for afterwards is there before"
    assert demo.end(signal.SIGINT) == 0, demo.output
    assert "Traceback" not in demo.output
    assert wait_until_gone(demo.mark) == {}
    assert remains(demo) == []


def test_without_a_plant_the_captures_are_replayed(tmp_path: Path) -> None:
    demo = Running(tmp_path / "tmp", "demo", "--once", "--replay")
    try:
        assert demo.wait(REPLAY_WITHIN_S) == 0, demo.output
        assert GOOD in demo.output and "a notice and a spot check are at the plant" in demo.output
        assert [action for action in STORY if f"✓ {action} " not in demo.output] == []
        assert wait_until_gone(demo.mark) == {} and remains(demo) == []
    finally:
        end_all(demo.mark)


def test_the_next_start_clears_up_after_a_kill(tmp_path: Path) -> None:
    if reason := available():
        pytest.skip(f"no range here: {reason}")
    killed = Running(tmp_path / "tmp", "demo", "--learn", "3")
    try:
        killed.wait_for("the sensor listens", SUMMARY_WITHIN_S)
        killed.end(signal.SIGKILL)
        left = killed.processes().values()
        assert len([command for command in left if "console run" in command]) >= 3
        assert [command for command in left if "sensor run" in command]
        assert remains(killed)
        after = Running(tmp_path / "tmp", "demo", "--once", "--replay")
        assert after.wait(REPLAY_WITHIN_S) == 0, after.output
        assert "cleaned up after a demo that was killed" in after.output
        assert wait_until_gone(killed.mark) == {} and wait_until_gone(after.mark) == {}
        assert remains(killed) == []
    finally:
        end_all(killed.mark)
