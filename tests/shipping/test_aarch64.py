"""The wheels of `make wheels`, and the core on aarch64 (鲲鹏, 飞腾) under qemu: the same bytes as here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.captures import ROOT
from tests.shipping.installed import Installed
from tests.shipping.test_wheel import packaged, vendored

pytestmark = [pytest.mark.long, pytest.mark.timeout(5400)]
PROCESSORS = ("x86_64", "aarch64")
QEMU = "qemu-aarch64-static"
PYTHON = (
    *("python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib", "libexpat1", "zlib1g", "libssl3"),
    *("libffi8", "libc6", "libgcc-s1", "libbz2-1.0", "liblzma5", "libuuid1", "libsqlite3-0"),
)
"""Debian's, for the other processor: unpacked into a folder, not installed."""


@pytest.fixture(scope="module")
def can_compile() -> None:
    if subprocess.run([ROOT / "tools/rust-for", "aarch64"], capture_output=True, check=False).returncode:
        pytest.skip("no Rust for aarch64 here (tools/setup aarch64)")


@pytest.fixture(scope="module")
def wheels(can_compile: None) -> dict[str, Path]:
    ran = subprocess.run([ROOT / "tools/wheels"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return {name: next((ROOT / "dist").glob(f"otus-*{name}.whl")) for name in PROCESSORS}


@pytest.fixture(scope="module")
def other_python(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    if shutil.which(QEMU) is None or shutil.which("apt-get") is None:
        pytest.skip(f"{QEMU} is not installed (tools/setup emulate)")
    folder = tmp_path_factory.mktemp("aarch64")
    names = [f"{name}:arm64" for name in PYTHON]
    ran = subprocess.run(["apt-get", "download", *names], cwd=folder, capture_output=True, text=True, check=False)
    if ran.returncode:
        pytest.skip(f"Debian's Python for arm64 cannot be had here: {ran.stderr.strip().splitlines()[-1]}")
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, folder / "root"], check=True)
    return [QEMU, "-L", str(folder / "root"), str(folder / "root/usr/bin/python3.11")]


@pytest.mark.parametrize("processor", PROCESSORS)
def test_a_wheel_for_any_linux_since_2014(wheels: dict[str, Path], processor: str) -> None:
    wheel = wheels[processor]
    assert re.fullmatch(
        rf"otus-[\d.]+-cp311-abi3-manylinux2014_{processor}\.manylinux_2_17_{processor}\.whl", wheel.name
    )
    with zipfile.ZipFile(wheel) as archive:
        core = archive.read("sensor/_core.abi3.so")
        names = {name for name in archive.namelist() if not name.startswith("otus-")}
    assert packaged() | vendored() <= names
    assert max(map(int, re.findall(rb"GLIBC_2\.(\d+)", core))) <= 17
    assert core[18:20] == {"x86_64": b"\x3e\x00", "aarch64": b"\xb7\x00"}[processor]  # e_machine of ELF


def test_on_both_processors_a_replay_gives_the_same_bytes(
    wheels: dict[str, Path], other_python: list[str], tmp_path: Path
) -> None:
    here = Installed(tmp_path, wheels["x86_64"])
    there = tmp_path / "there"
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--target",
        there,
        "--only-binary",
        ":all:",
    ]
    command += ["--python-version", "3.11", "-c", ROOT / "tools/constraints.txt"]
    for platform in ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64"):
        command += ["--platform", platform]
    subprocess.run([*command, wheels["aarch64"]], check=True)

    def otus(*arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(there)}
        ran = subprocess.run(
            [*other_python, "-m", "otus.cli", *arguments],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    assert otus("version").endswith("aarch64\n")
    for capture in ("modbus/function_code_scan", "s7comm/plc_stop", "opcua/anonymous_login"):
        shutil.copy(ROOT / f"pcaps/{capture}.pcap", tmp_path / "capture.pcap")
        assert otus("replay", "capture.pcap") == here.otus("replay", "capture.pcap").stdout != ""
        assert otus("events", "capture.pcap") == here.otus("events", "capture.pcap").stdout != ""


def test_the_tests_of_the_core(can_compile: None) -> None:
    if shutil.which(QEMU) is None:
        pytest.skip(f"{QEMU} is not installed (tools/setup emulate)")
    ran = subprocess.run([ROOT / "tools/aarch64"], capture_output=True, text=True, check=False)
    results = re.findall(r"^test result: .*? (\d+) passed; (\d+) failed", ran.stdout, re.MULTILINE)
    passed, failed = (sum(int(result[at]) for result in results) for at in (0, 1))
    print(f"aarch64: {passed} tests of the core passed, {failed} failed")
    wrong = "\n".join(re.findall(r"^test .* FAILED$", ran.stdout, re.MULTILINE))
    assert ran.returncode == 0 and passed > 500, f"{passed} passed; {wrong}{ran.stderr[-2000:]}"
