"""The images, built by buildah and run without a container engine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.captures import ROOT
from tests.shipping.container import Container, end

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]
USER = 10001
UNWANTED = ("gcc", "cc", "g++", "ld", "as", "make", "cargo", "rustc", "node", "npm", "pip", "pip3")


@pytest.fixture(scope="module")
def images() -> None:
    needed = ("buildah", "debootstrap", "openssl", "unshare", "setpriv")
    missing = [name for name in needed if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"images need root and {', '.join(missing)} (tools/setup images)")
    ran = subprocess.run([ROOT / "tools/images"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.fixture(scope="module")
def secrets(images: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the container sees them: /run/secrets."""
    folder = tmp_path_factory.mktemp("secrets")
    made, seen = folder / "made", folder / "seen"
    subprocess.run([ROOT / "docker/prepare"], env={**os.environ, "OTUS_SECRETS": str(made)}, check=True, timeout=60)
    seen.mkdir(mode=0o755)
    for name in ("pem", "key"):
        shutil.copy(made / f"enterprise.{name}", seen / f"console.{name}")
        os.chown(seen / f"console.{name}", USER, USER)
    shutil.copy(ROOT / "pcaps/modbus/function_code_scan.pcap", seen / "scan.pcap")
    return seen


@pytest.fixture(scope="module", params=["console", "sensor", "range"])
def container(
    secrets: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    container = Container(request.param, tmp_path_factory.mktemp(request.param) / "volume", secrets)
    yield container
    container.remove()


def only(image: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("container", [image], indirect=True)


def test_nothing_to_build_with_and_nothing_to_gain(container: Container) -> None:
    assert container.config["User"] == f"{USER}:{USER}"
    assert container.config["Healthcheck"]["Test"][:2] == ["CMD", "otus"]
    assert "/var/lib/otus" in container.config["Volumes"]
    there = container.run("sh", "-c", f"id -u; command -v {' '.join(UNWANTED)}")
    assert there.stdout == f"{USER}\n", there
    packages = container.run("dpkg-query", "-W", "-f", "${Package}\n").stdout.split()
    assert "python3" in packages and not [name for name in packages if name.endswith("-dev") or name == "gcc"]
    ran = subprocess.run(
        ["find", container.root, "-xdev", "-type", "f", "-perm", "/6000"], capture_output=True, text=True, check=True
    )
    assert ran.stdout == ""
    for left in ("otus", "root/.cache", "root/.cargo", "etc/pip.conf", "opt/otus/bin/pip"):
        assert not (container.root / left).exists(), left
    assert not [*container.root.glob("media/*"), *container.root.glob("mnt/*")], "left by the build"
    gpl = [path.name for path in (container.root / "opt/otus").glob("lib/python3*/site-packages/scapy*")]
    assert gpl == []


def test_its_root_is_read_only_and_its_volume_is_not(container: Container) -> None:
    ran = container.run("sh", "-c", "touch /opt/otus/x /etc/x; touch /var/lib/otus/x /tmp/x && echo kept")
    assert ran.stdout == "kept\n" and ran.stderr.count("Read-only file system") == 2


@only("console")
def test_the_console_serves_and_says_so(container: Container) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [*container.config["Entrypoint"], *container.config["Cmd"]]
    process = subprocess.Popen(container.command(command, OTUS_CONSOLE_PORT=port), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        assert process.stderr.readline() == f"console at https://0.0.0.0:{port}\n"
        health = container.config["Healthcheck"]["Test"][1:]
        deadline = time.monotonic() + 60
        while (asked := container.run(*health, OTUS_CONSOLE_PORT=port)).returncode and time.monotonic() < deadline:
            time.sleep(0.5)
        assert asked.returncode == 0 and "up, version 0." in asked.stdout, asked
        login = httpx.get(f"https://127.0.0.1:{port}/login", verify=False, trust_env=False)
        assert login.status_code == 200
        for name in ("vendor/echarts.min.js", "vendor/htmx.min.js", "otus.css"):
            answer = httpx.get(f"https://127.0.0.1:{port}/static/{name}", verify=False, trust_env=False)
            assert answer.status_code == 200 and len(answer.content) > 1000, name
        assert users_of("otus") == {USER}
    finally:
        end(process)
    assert container.run(*health, OTUS_CONSOLE_PORT=port).returncode == 1


def users_of(program: str) -> set[int]:
    """Who runs `/opt/otus/bin/…` on this machine: the images' programs stand nowhere else."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"/opt/otus/bin/{program}".encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                found.add(folder.stat().st_uid)
        except OSError:
            continue  # it has ended
    return found


@only("sensor")
def test_the_sensor_replays_without_any_capability(container: Container) -> None:
    ran = container.run("otus", "replay", "/run/secrets/scan.pcap")
    assert ran.returncode == 0 and "设备拒绝不支持的 Modbus 功能码" in ran.stdout, ran


@only("sensor")
def test_the_sensor_captures_with_one_capability_and_not_without(container: Container) -> None:
    command = [*container.config["Entrypoint"], *container.config["Cmd"], "-i", "lo", "--for", "3"]
    ran = container.run(*command, capability="net_raw", net="own")
    assert ran.returncode == 0 and "capturing on lo" in ran.stderr, ran
    withheld = container.run(*command, net="own")
    assert withheld.returncode != 0 and "Operation not permitted" in withheld.stderr, withheld
    plain = container.run("otus", *container.config["Cmd"], "-i", "lo", "--for", "3", capability="net_raw", net="own")
    assert plain.returncode == 1 and "CAP_NET_RAW" in plain.stderr, "only the interpreter of capture has it"


@only("sensor")
def test_the_sensor_is_asked_whether_it_goes_on(container: Container) -> None:
    command = [*container.config["Entrypoint"], *container.config["Cmd"], "-i", "lo", "--for", "30"]
    health = container.config["Healthcheck"]["Test"][1:]
    assert container.run(*health).returncode == 1
    process = subprocess.Popen(container.command(command, "net_raw", "own"), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        while "capturing on" not in (line := process.stderr.readline()):
            assert line, "it ended"
        assert container.run(*health).returncode == 0
    finally:
        end(process)


@only("range")
def test_the_range_plays_its_captures(container: Container) -> None:
    ran = container.run(*container.config["Entrypoint"], *container.config["Cmd"], "--once")
    assert ran.returncode == 0, ran.stdout + ran.stderr
