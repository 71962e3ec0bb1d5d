"""The set-up: done once, on versions that are written down, with nothing of one machine in it."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NOT_SHIPPED = {"tests", "tools"}
PUBLIC_REGISTRIES = ("pypi.org", "pythonhosted.org", "npmjs.org", "npmmirror.com", "static.crates.io", "rustup.rs")
CLIENT_SETTING = re.compile(r"^(pip|npm_config|cargo|uv)_", re.IGNORECASE)


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_a_second_run_finds_nothing_to_do() -> None:
    if not (ROOT / ".venv" / ".setup").is_dir():
        pytest.skip("this environment was not made by tools/setup")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ["tools/setup", "--verify", "run", "range", "dev", "test"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5.0, "it built or fetched again"


@pytest.mark.drift
def test_the_lock_of_the_browser_libraries_names_versions_and_hashes_but_no_address() -> None:
    packages = json.loads((ROOT / "console" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    fetched = {name: entry for name, entry in packages.items() if name}
    assert fetched
    for name, entry in fetched.items():
        assert entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, name


@pytest.mark.drift
def test_no_file_names_a_registry_or_this_machine() -> None:
    """A clone builds wherever the package clients are set up to fetch from."""
    settings = [value for name, value in os.environ.items() if CLIENT_SETTING.match(name)]
    mirrors = {host for value in settings if "://" in value and (host := urlsplit(value).hostname)}
    unwanted = (*PUBLIC_REGISTRIES, *mirrors, f"{ROOT}/")
    found = [
        f"{path.relative_to(ROOT)}: {text}"
        for path in tracked()
        if path != Path(__file__).resolve()
        for text in unwanted
        if text.encode() in path.read_bytes()
    ]
    assert not found, "\n".join(found)


@pytest.mark.drift
def test_every_package_is_shipped() -> None:
    folders = {path.relative_to(ROOT).parts[0] for path in tracked() if path.suffix == ".py" and path.parent != ROOT}
    assert set(PROJECT["tool"]["maturin"]["python-packages"]) == folders - NOT_SHIPPED


@pytest.mark.drift
def test_every_requirement_is_pinned_to_a_version_it_allows() -> None:
    lines = (ROOT / "tools" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}
    project = PROJECT["project"]
    texts = [*PROJECT["build-system"]["requires"], *project["dependencies"]]
    texts += [text for extra in project["optional-dependencies"].values() for text in extra]
    wrong = []
    for requirement in map(Requirement, texts):
        version = pinned.get(canonicalize_name(requirement.name))
        if version is None or version not in requirement.specifier:
            wrong.append(f"{requirement}: tools/constraints.txt has {version}; run `make lock`")
    assert not wrong, "\n".join(wrong)


@pytest.mark.drift
def test_the_set_up_asks_for_the_compiler_that_the_core_needs() -> None:
    needed = tomllib.loads((ROOT / "sensor/core/Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"]
    assert f"rust_at_least={needed['rust-version']} " in (ROOT / "tools" / "setup").read_text(encoding="utf-8")
