"""The wheel holds all that Otus needs to run, and runs where there is nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.shipping.installed import ROOT, Installed

pytestmark = pytest.mark.timeout(900)  # the core is compiled where the set-up has not done it
SCAN = ROOT / "pcaps/modbus/function_code_scan.pcap"


def packaged() -> set[str]:
    """What git knows below the folders that are delivered, without the core's source and what makes captures."""
    maturin = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["maturin"]
    command = ["git", "ls-files", "-z", "--", *maturin["python-packages"]]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    present = {name for name in names if name and (ROOT / name).is_file()}
    return {name for name in present if not name.startswith(("sensor/core/", "pcaps/make/"))}


def vendored() -> set[str]:
    return {str(path.relative_to(ROOT)) for path in (ROOT / "console/static/vendor").iterdir()}


def test_everything_needed_to_run_is_inside_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.startswith("otus-")}
    assert {"console/static/vendor/echarts.min.js", "console/static/vendor/htmx.min.js"} <= vendored()
    new = {str(path) for path in _untracked()}
    assert names - new == packaged() | vendored() | {"sensor/_core.abi3.so"}


def _untracked() -> list[Path]:
    """Files somebody is about to add are in the wheel before they are in git."""
    command = ["git", "ls-files", "-z", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [Path(name) for name in names if name]


def test_neither_compiler_nor_rust_nor_node_is_within_reach(installed: Installed) -> None:
    for program in ("cc", "gcc", "cargo", "rustc", "node", "npm", "pip"):
        assert shutil.which(program, path=str(installed.bin)) is None, program


def test_it_says_its_version(installed: Installed) -> None:
    ran = installed.otus("version")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("otus ")


def test_it_replays_a_capture_with_its_own_rules(installed: Installed) -> None:
    shutil.copy(SCAN, installed.folder / "scan.pcap")
    ran = installed.otus("replay", "scan.pcap")
    assert ran.returncode == 0, ran.stderr
    assert "设备拒绝不支持的 Modbus 功能码" in ran.stdout


def test_its_rules_find_their_examples(installed: Installed) -> None:
    ran = installed.otus("rules", "test")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"^[1-9]\d+ passed, 0 failed$", ran.stdout, re.MULTILINE)


def test_it_says_what_to_install_for_what_was_left_out(installed: Installed) -> None:
    ran = installed.otus("baseline", "learn", "scan.pcap", "-o", "baseline")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "otus: this needs numpy, which is not installed: pip install 'otus[anomaly]'\n"


def test_its_console_serves_the_page_and_each_file_that_the_page_names(installed: Installed) -> None:
    made = installed.otus("console", "user", "add", "--data-dir", "data", "plant", OTUS_NEW_PASSWORD="Owls-2026-hear")
    assert made.returncode == 0, made.stderr
    process = installed.start("console", "run", "--data-dir", "data", "--port", "0")
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        assert line.startswith("console at http://127.0.0.1:"), line
        with httpx.Client(base_url=line.split()[-1], trust_env=False, timeout=20, follow_redirects=True) as browser:
            login = browser.get("/login")
            token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', login.text)
            assert token is not None, login.text
            form = {"csrf_token": token[1], "name": "plant", "password": "Owls-2026-hear"}
            overview = browser.post("/login", data=form)
            assert (overview.status_code, overview.url.path) == (200, "/"), overview.text
            named = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', login.text + overview.text))
            assert {"/static/otus.css", "/static/owl.svg"} <= {name.partition("?")[0] for name in named}
            assert any("/vendor/echarts" in name for name in named) and any("/vendor/htmx" in name for name in named)
            for name in sorted(named):
                answer = browser.get(name)
                assert answer.status_code == 200 and len(answer.content) > 100, name
    finally:
        process.terminate()
        assert process.wait(20) == 0
