"""A composition played without a container engine: each service as processes with the composition's command,
environment, secrets, volumes, networks, user, read-only root and rights, on the programs of this machine.

Otus is the source tree with the environment that the image's Dockerfile sets; Elasticsearch and PostgreSQL are those of
the tests, begun as their official images begin them. `docker compose run` and `exec` of the scripts in docker/ come
here through a program of that name (`Composed.docker`).
"""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from testbed.commands import run
from testbed.netns import enter
from tests import postgresql
from tests.captures import ROOT

Service = Mapping[str, Any]

INSIDE = r"""
set -eu
umask 022 # whatever the caller's is: an engine's is this
work=$1 root=$1/root; shift
mount -t tmpfs tmpfs "$work"
mkdir "$work/new" "$work/state" "$root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/new,workdir=$work/state" "$root"
eval "$1"; shift
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
eval "$1"; shift
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin setpriv --no-new-privs --bounding-set -all,+sys_chroot,+setuid,+setgid \
  chroot --userspec "$1" "$root" /usr/bin/env "${@:2}"
"""
"""The whole machine is the image's lower layer; what is written there is in memory, and gone with the process."""

PEOPLE = (
    "elasticsearch:x:1000:0::/usr/share/elasticsearch:/bin/bash\npostgres:x:999:999::/var/lib/postgresql:/bin/bash\n"
)


@dataclass(frozen=True)
class Image:
    """What a service's image adds to its composition."""

    user: str
    folder: str
    environment: Mapping[str, str]
    start: Sequence[str]
    """before the arguments of the composition"""
    health: Sequence[str] = ()
    owner: str = ""
    """of new volumes"""


def _otus(image: str) -> Image:
    text = (ROOT / f"docker/{image}.Dockerfile").read_text(encoding="utf-8").rpartition("\nFROM ")[2]
    health = re.search(r"^HEALTHCHECK .*CMD (\[.*\])$", text, re.MULTILINE)
    user = re.search(r"^USER (\S+)$", text, re.MULTILINE)
    assert health is not None and user is not None
    command = [sys.executable, "-m", "otus.cli"]
    settings = dict(re.findall(r"(OTUS_\w+)=(\S+)", text))
    settings |= {"LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)}
    asked = json.loads(health[1])
    return Image(user[1], "/var/lib/otus", settings, command, [*command, *asked[1:]], user[1])


ELASTICSEARCH_START = """
source bin/elasticsearch-env-from-file
bin/elasticsearch-keystore create < /dev/null
printf '%s' "$ELASTIC_PASSWORD" | bin/elasticsearch-keystore add -x bootstrap.password
exec bin/elasticsearch "$@"
"""

POSTGRESQL_START = """
cd /var/lib/postgresql
initdb -D data -U postgres --pwfile="$POSTGRES_PASSWORD_FILE" --auth-local=trust --auth-host=scram-sha-256 -E UTF8
pg_ctl -D data -w -o "-c listen_addresses= -c unix_socket_directories=/run/postgresql" start
for file in /docker-entrypoint-initdb.d/*.sql; do
  psql -v ON_ERROR_STOP=1 --no-psqlrc -h /run/postgresql -U postgres -d postgres -f "$file"
done
pg_ctl -D data -m fast -w stop
echo "host all all all scram-sha-256" >> data/pg_hba.conf
exec postgres -D data -c listen_addresses='*' -c unix_socket_directories=/run/postgresql
"""


def _elasticsearch(service: Service) -> Image:
    java = Path(str(subprocess.run(["which", "java"], capture_output=True, text=True, check=True).stdout.strip()))
    settings = {name: str(value) for name, value in service["environment"].items()}
    # The official image's: every setting with a dot is one of Elasticsearch's, and it listens to all.
    dotted = {name: value for name, value in settings.items() if "." in name} | {"network.host": "0.0.0.0"}
    dotted["cluster.routing.allocation.disk.threshold_enabled"] = "false"  # this machine's disk may be nearly full
    arguments = [f"-E{name}={value}" for name, value in dotted.items()]
    environment = {"ES_JAVA_HOME": str(java.resolve().parent.parent), "PATH": os.environ["PATH"]}
    start = ["bash", "-ec", ELASTICSEARCH_START, "elasticsearch", *arguments]
    return Image("1000:0", "/usr/share/elasticsearch", environment, start, owner="1000:0")


def _postgresql() -> Image:
    assert postgresql.BINARIES is not None
    path = {"PATH": f"{postgresql.BINARIES.parent}:/usr/bin:/bin", "LANG": "C.UTF-8"}
    return Image("999:999", "/var/lib/postgresql", path, ["bash", "-euc", POSTGRESQL_START], owner="999:999")


class Composed:
    """Compositions of one folder, as one project: their services, networks and volumes go by their names."""

    def __init__(self, folder: Path, docker: Path) -> None:
        """`docker`: a copy of the repository's folder of that name, in which `prepare` has run; `folder` is for what
        else is kept, and holds `elasticsearch`, a distribution that may be written to."""
        self.folder, self.docker = folder, docker
        self._run = folder.name[-8:]
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def service(self, name: str, files: Sequence[str]) -> Service:
        found: dict[str, Any] = {}
        for file in files:
            services = yaml.safe_load((self.docker / file).read_text(encoding="utf-8"))["services"]
            found |= services.get(name, {})
        return found

    def image(self, service: Service) -> Image:
        image = str(service["image"])
        if image.startswith("otus-"):
            return _otus(image.removeprefix("otus-"))
        return _elasticsearch(service) if image.startswith("elasticsearch") else _postgresql()

    # -- networks: a bridge each, and a namespace for each service

    def build(self, file: str) -> None:
        composition = yaml.safe_load((self.docker / file).read_text(encoding="utf-8"))
        services: Mapping[str, Service] = composition["services"]
        self._ip("netns", "add", self._space("switch"))
        for network in composition["networks"]:
            self._in("switch", "link", "add", network, "type", "bridge")
            self._in("switch", "link", "set", network, "up")
        hosts: dict[str, list[str]] = {}
        for number, (name, service) in enumerate(services.items(), 2):
            self._ip("netns", "add", self._space(name))
            self._in(name, "link", "set", "lo", "up")
            for place, network in enumerate(composition["networks"]):
                if network in service["networks"]:
                    port, address = f"{network[:6]}{number}", f"10.88.{place}.{number}"
                    peer = ["peer", "name", network[:12], "netns", self._space(name)]
                    self._in("switch", "link", "add", port, "type", "veth", *peer)
                    self._in("switch", "link", "set", port, "master", network, "up")
                    self._in(name, "addr", "add", f"{address}/24", "dev", network[:12])
                    self._in(name, "link", "set", network[:12], "up")
                    hosts.setdefault(network, []).append(f"{address} {name}")
        for name, service in services.items():
            known = [line for network in service["networks"] for line in hosts[network]]
            (self.folder / f"{name}.hosts").write_text("\n".join(["127.0.0.1 localhost", *known, ""]), encoding="ascii")

    def _space(self, name: str) -> str:
        return f"otus-{self._run}-{name}"

    def _ip(self, *arguments: str) -> None:
        run(["ip", *arguments])

    def _in(self, name: str, *arguments: str) -> None:
        run([*enter(self._space(name)), "ip", *arguments])

    # -- processes

    def command(
        self, name: str, arguments: Sequence[str], files: Sequence[str], space: str = "", **environment: str
    ) -> list[str]:
        """Any program inside a service's container; `space` is whose network it has, where not its own."""
        service = self.service(name, files)
        image = self.image(service)
        settings = {**image.environment, **self._environment(service), **environment}
        lasting, given = service.get("tmpfs", []), self._mounts(name, service, image)
        before = [f"cp {self.folder}/{space or name}.hosts $root/etc/hosts"]
        before.append(f"printf %s {shlex.quote(PEOPLE)} >> $root/etc/passwd")
        before += [f"mkdir -p $root{at}; mount -t tmpfs -o mode=1777 tmpfs $root{at}" for at in lasting]
        # Where the programs stand may be closed to all but their owner: opened here, in the container's own layer.
        closed_to_others = {folder for place in (sys.base_prefix, sys.prefix, str(ROOT)) for folder in _above(place)}
        before += [f"chmod a+x $root{folder}" for folder in sorted(closed_to_others)]
        before.append("mkdir -p $root/run/secrets")
        for source, at, writable in given:
            made = f"mkdir -p $root{at}" if source.is_dir() else f"mkdir -p $root{Path(at).parent}; touch $root{at}"
            before.append(f"{made}; mount --bind {source} $root{at}")
            if not writable:
                before.append(f"mount -o remount,bind,ro $root{at}")
        closed = "mount -o remount,bind,ro $root" if service.get("read_only") else ":"
        work = self.folder / "work"
        work.mkdir(exist_ok=True)
        user = str(service.get("user", image.user))
        words = [f"--chdir={image.folder}", *(f"{key}={value}" for key, value in settings.items()), *arguments]
        return [
            *enter(self._space(space or name)),
            "unshare", "--mount", "--pid", "--fork", "--kill-child",
            "bash", "-c", INSIDE, "bash", str(work), "; ".join(before), closed, user, *words,
        ]  # fmt: skip

    def _environment(self, service: Service) -> dict[str, str]:
        return {name: str(value) for name, value in service.get("environment", {}).items() if "." not in name}

    def _mounts(self, name: str, service: Service, image: Image) -> list[tuple[Path, str, bool]]:
        found: list[tuple[Path, str, bool]] = []
        if str(service["image"]).startswith("elasticsearch"):
            found.append((self.folder / "elasticsearch", image.folder, True))
        for volume in service.get("volumes", []):
            source, at, *mode = str(volume).split(":")
            place = self.docker / source if source.startswith(".") else self.folder / "volumes" / source
            if not source.startswith(".") and not place.exists():
                place.mkdir(parents=True)
                user, group = image.owner.split(":")
                os.chown(place, int(user), int(group))
            found.append((place, at, mode != ["ro"]))
        for secret in service.get("secrets", []):
            source, target = (secret, secret) if isinstance(secret, str) else (secret["source"], secret["target"])
            found.append((self.docker / "secrets" / source, f"/run/secrets/{target}", False))
        return found

    def up(self, name: str, files: Sequence[str], timeout_s: float = 300) -> None:
        """Start a service and wait until its health check says so."""
        service = self.service(name, files)
        image = self.image(service)
        arguments = [*image.start, *map(str, service.get("command", []))]
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                self.command(name, arguments, files), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        kind, *test = service["healthcheck"]["test"] if "healthcheck" in service else ["CMD", *image.health]
        health = ["sh", "-c", *test] if kind == "CMD-SHELL" else test
        end = time.monotonic() + timeout_s
        while self.run(name, health, files).returncode != 0:
            assert self._processes[name].poll() is None, f"{name} ended: {self.said(name)[-3000:]}"
            assert time.monotonic() < end, f"{name} is not healthy: {self.said(name)[-3000:]}"
            time.sleep(0.5)

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def run(
        self, name: str, arguments: Sequence[str], files: Sequence[str], space: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Any program in a container of this service."""
        command = self.command(name, arguments, files, space, **environment)
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)

    def otus(
        self, name: str, arguments: Sequence[str], files: Sequence[str], space: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        start = self.image(self.service(name, files)).start
        return self.run(name, [*start, *arguments], files, space, **environment)

    def script(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A script of docker/, as an operator calls it."""
        program = self.folder / "bin" / "docker"
        if not program.exists():
            program.parent.mkdir()
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tests.shipping.composed "{self.folder}" "$@"\n')
            program.chmod(0o755)
        environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [self.docker / words[0], *words[1:]], env=environment, capture_output=True, text=True, check=False,
            timeout=300,
        )  # fmt: skip

    def key(self, tier: str) -> str:
        """What a tier's API key is encoded from: identifier and secret."""
        encoded = (self.docker / f"secrets/{tier}.key-of-store").read_text(encoding="ascii")
        return base64.b64decode(encoded).decode()

    def down(self) -> None:
        """The last that was begun first: nobody waits for a server that is gone, nor a server for who still asks it."""
        for process in reversed(self._processes.values()):
            if process.poll() is not None:
                continue
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
            for child in children:  # the first inside: `unshare` itself lets SIGTERM pass by
                os.kill(int(child), signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                for child in children:  # what changed its user does not end with `unshare`
                    os.kill(int(child), signal.SIGKILL)
                process.wait(30)
        for path in Path("/var/run/netns").glob(f"otus-{self._run}-*"):
            self._ip("netns", "del", path.name)


def _above(place: str) -> list[Path]:
    """The folders on the way that others may not pass."""
    return [path for path in (Path(place), *Path(place).parents) if not path.stat().st_mode & 0o001]


def main(folder: str, *words: str) -> int:
    """`docker compose -f FILE… run|exec …`, as far as the scripts of docker/ ask for it."""
    assert words[0] == "compose", words
    files: list[str] = []
    rest = list(words[1:])
    while rest[0] == "-f":
        files.append(rest[1])
        rest = rest[2:]
    what, *rest = rest
    while rest[0].startswith("-"):
        assert rest.pop(0) in ("--rm", "-T"), words
    name, *arguments = rest
    played = Composed(Path(folder), Path.cwd())
    if what == "run":
        arguments = [*played.image(played.service(name, files)).start, *arguments]
    else:
        assert what == "exec", what
    command = played.command(name, arguments, files)
    os.execvp(command[0], command)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
