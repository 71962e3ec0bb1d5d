"""The compositions, as far as they can be tried without a container engine: read, held against the house's rules, and
one plant played by processes with the arguments, the secrets and the steps that docker/ gives them."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import yaml
from sqlalchemy import URL, make_url

from tests.captures import ROOT

DOCKER = ROOT / "docker"
FILES = ("compose.plant.yml", "compose.tiers.yml")
NO_RIGHTS = "no-new-privileges:true"


def services(file: str) -> Mapping[str, Mapping[str, Any]]:
    composition: Mapping[str, Any] = yaml.safe_load((DOCKER / file).read_text(encoding="utf-8"))
    return composition["services"]  # type: ignore[no-any-return]


EACH = [(file, name) for file in FILES for name in services(file)]


@pytest.mark.parametrize("files", [FILES[:1], FILES[1:], FILES], ids="+".join)
def test_docker_compose_takes_it(files: tuple[str, ...]) -> None:
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose is not installed (tools/setup test)")
    command = ["docker-compose", *(word for file in files for word in ("-f", str(DOCKER / file))), "config", "--quiet"]
    environment = {**os.environ, "OTUS_INTERFACES": "eth1"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize(("file", "name"), EACH)
def test_each_service_is_kept_small(file: str, name: str) -> None:
    service = services(file)[name]
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == (["NET_RAW"] if name == "sensor" else [])
    assert service["security_opt"] == ([] if name == "sensor" else [NO_RIGHTS])  # why: beside it
    assert service.get("read_only", False) is (name != "elasticsearch")
    assert {"mem_limit", "cpus", "pids_limit"} <= service.keys()
    assert "privileged" not in service
    for needed in service.get("depends_on", {}).values():
        assert needed == {"condition": "service_healthy"}
    assert "build" in service or re.search(r":\d+\.\d+\.?\d*", service["image"]), "an image of others by its version"


@pytest.mark.parametrize(("file", "name"), EACH)
def test_each_command_is_one_that_otus_has(file: str, name: str) -> None:
    command = services(file)[name].get("command")
    if command is None:
        assert "build" not in services(file)[name]
        return
    from otus.cli import otus

    group: Any = otus
    while hasattr(group, "commands"):
        group, command = group.commands[command[0]], command[1:]
    given = [] if name == "sensor" else ["--data-dir", "/var/lib/otus"]  # by the image's environment
    group.make_context(name, [*command, *given])  # raises where an option is unknown or lacks its value


def test_each_secret_is_made_by_a_step() -> None:
    """By docker/prepare, docker/enrol (NAME.token) or docker/key-of-store."""
    made = set(re.findall(r"[\w-]+\.(?:pem|password)", (DOCKER / "prepare").read_text(encoding="utf-8")))
    for file in FILES:
        composition = yaml.safe_load((DOCKER / file).read_text(encoding="utf-8"))
        for name in composition["secrets"]:
            tier = name.partition(".")[0]
            of_a_tier = tier in ("enterprise", "province", "ministry") and name.endswith((".pem", ".key", ".pgpass"))
            assert of_a_tier or name in made or name.endswith((".token", ".key-of-store")), name


@pytest.mark.parametrize("image", ["sensor", "console", "range"])
def test_each_image_is_built_in_two_stages_and_run_by_an_ordinary_user(image: str) -> None:
    text = (DOCKER / f"{image}.Dockerfile").read_text(encoding="utf-8")
    last = text.rpartition("\nFROM ")[2]
    assert text.count("\nFROM ${BASE}") == 2 and "COPY --from=builder /opt/otus /opt/otus" in last
    assert "\nUSER 10001:10001\n" in last and "\nHEALTHCHECK " in last and "\nVOLUME /var/lib/otus\n" in last
    assert ("setcap" in last) is (image == "sensor")
    extras = re.search(r"RUN docker/environment (\S+)", text)
    assert extras is not None and ("range" in extras[1].split(",")) is (image == "range"), "what is GPL stays there"


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    if os.geteuid() != 0 or shutil.which("openssl") is None:
        pytest.skip("docker/prepare needs root and openssl")
    folder = tmp_path / "secrets"
    environment = {**os.environ, "OTUS_SECRETS": str(folder)}
    subprocess.run([DOCKER / "prepare", "plant.example.cn"], env=environment, check=True, timeout=60)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    subprocess.run([DOCKER / "prepare"], env=environment, check=True, timeout=60)
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert before == after, "what is there stays"
    assert not [path for path in folder.rglob("*.key") if path.stat().st_mode & 0o077]
    # Elasticsearch, which is another user, reads this one, and so do its health check and docker/key-of-store.
    assert (folder / "elasticsearch/ca.pem").stat().st_mode & 0o777 == 0o444
    return folder


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Plant:
    """compose.plant.yml by processes: the container's paths stand for folders of the test."""

    def __init__(self, folder: Path, secrets: Path, port: int) -> None:
        self.folder, self.secrets = folder, secrets
        image = (DOCKER / "console.Dockerfile").read_text(encoding="utf-8")
        self.environment = {
            **os.environ,
            **{name: self.placed(value) for name, value in re.findall(r"(OTUS_\w+)=(\S+)", image)},
            "OTUS_CONSOLE_PORT": str(port),
        }

    def placed(self, text: str) -> str:
        text = text.replace("/run/secrets/console.", f"{self.secrets}/enterprise.")
        return text.replace("/run/secrets", str(self.secrets)).replace("/var/lib/otus", str(self.folder / "data"))

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "otus.cli", *map(self.placed, arguments)]

    def otus(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip


@pytest.fixture
def plant(tmp_path: Path, secrets: Path, port: int) -> Iterator[Plant]:
    plant = Plant(tmp_path, secrets, port)
    command = plant.command(*services("compose.plant.yml")["enterprise"]["command"])
    process = subprocess.Popen(command, cwd=ROOT, env=plant.environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    line = process.stderr.readline()
    assert line == f"console at https://0.0.0.0:{port}\n"
    yield plant
    process.terminate()
    assert process.wait(20) == 0


def test_one_plant(plant: Plant, port: int) -> None:
    deadline = time.monotonic() + 20
    while (asked := plant.otus("console", "health")).returncode != 0 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert asked.returncode == 0, asked.stderr
    other = plant.otus("console", "health", "--tls-certificate", "/run/secrets/province.pem")
    assert other.returncode == 1 and "certificate verify failed" in other.stderr, "somebody else's certificate"

    named = httpx.get(
        f"https://localhost:{port}/login",
        verify=ssl.create_default_context(cafile=str(plant.secrets / "ca.pem")),
        trust_env=False,
    )
    assert named.status_code == 200

    enrolled = plant.otus("console", "node", "add", "sensor-1", "--kind", "sensor")
    assert enrolled.returncode == 0, enrolled.stderr
    (plant.secrets / "sensor-1.token").write_text(enrolled.stdout, encoding="ascii")
    settings = (DOCKER / "sensor.yml").read_text(encoding="utf-8").replace(":8443", f":{port}")
    (plant.folder / "sensor.yml").write_text(plant.placed(settings), encoding="utf-8")
    capture = str(ROOT / "pcaps/modbus/function_code_scan.pcap")
    sent = plant.otus("sensor", "replay", capture, "--config", str(plant.folder / "sensor.yml"))
    assert sent.returncode == 0, sent.stderr  # it waits until the console has answered for everything


def test_the_databases_of_the_tiers(secrets: Path, postgresql_server: URL, tmp_path: Path) -> None:
    """What docker/prepare has PostgreSQL run at its first start, and each tier's address and password for it."""
    address = postgresql_server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as server:
        for line in (secrets / "postgresql.sql").read_text(encoding="ascii").splitlines():
            server.execute(line.encode())
        try:
            for tier in ("province", "ministry"):
                registry = make_url(services("compose.tiers.yml")[tier]["environment"]["OTUS_REGISTRY"])
                host, _, _, user, password = (secrets / f"{tier}.pgpass").read_text(encoding="ascii").strip().split(":")
                assert (host, user) == (registry.host, registry.username)
                there = registry.set(host=postgresql_server.host, port=postgresql_server.port, password=password)
                ran = subprocess.run(
                    [sys.executable, "-m", "otus.cli", "console", "node", "add", "a", "--data-dir", tmp_path / tier],
                    cwd=ROOT,
                    env={**os.environ, "OTUS_REGISTRY": there.render_as_string(hide_password=False)},
                    capture_output=True, text=True, check=False, timeout=60,
                )  # fmt: skip
                assert ran.returncode == 0 and ran.stdout.strip(), ran.stderr
        finally:
            for name in ("otus_gd", "otus_miit"):
                server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
                server.execute(f"DROP ROLE {name}".encode())
