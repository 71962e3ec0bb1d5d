"""A process in an image as an engine would start it with the compositions' settings, without an engine: read-only
root, `/tmp` and the volume apart, no capability but those named, nothing to be gained, the image's own user."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.captures import ROOT

BUILDAH = ROOT / "tools/buildah"
INSIDE = """
set -eu
root=$1 volume=$2 secrets=$3 user=$4 bounds=$5 net=$6; shift 6
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
mount --bind "$volume" "$root/var/lib/otus"
mount -t tmpfs tmpfs "$root/run"
mkdir "$root/run/secrets" && mount --bind "$secrets" "$root/run/secrets"
mount -o remount,bind,ro "$root"
[ "$net" = host ] || ip link set lo up
cd "$root"
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin setpriv --bounding-set "-all,+sys_chroot,+setuid,+setgid$bounds" \
  chroot --userspec "$user" "$root" /usr/bin/env --chdir=/var/lib/otus "$@"
"""
"""The three that `chroot` needs are gone with its change of user; no file of the image has them."""


def buildah(*arguments: str) -> str:
    ran = subprocess.run([BUILDAH, *arguments], capture_output=True, text=True, check=False, timeout=600)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def end(process: subprocess.Popen[str]) -> None:
    """Say SIGTERM to the first process inside, as an engine does: `unshare` itself lets that pass by."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
    for child in children:
        os.kill(int(child), signal.SIGTERM)
    try:
        process.wait(30)
    finally:
        process.kill()


class Container:
    """One image, unpacked, with an empty volume."""

    def __init__(self, image: str, volume: Path, secrets: Path) -> None:
        self._secrets = secrets
        self._name = buildah("from", "--pull-never", f"localhost/otus-{image}")
        self.root = Path(buildah("mount", self._name))
        self.config: Mapping[str, Any] = json.loads(buildah("inspect", self._name))["Docker"]["config"]
        self._volume = volume
        volume.mkdir()
        stat = (self.root / "var/lib/otus").stat()
        subprocess.run(["chown", f"{stat.st_uid}:{stat.st_gid}", volume], check=True)
        volume.chmod(stat.st_mode & 0o777)

    def remove(self) -> None:
        buildah("rm", self._name)

    def command(
        self, arguments: Sequence[str], capability: str = "", net: str = "host", **environment: str
    ) -> list[str]:
        """Run as root on the host; `arguments` are the whole command inside."""
        settings = [*self.config["Env"], *(f"{name}={value}" for name, value in environment.items())]
        unshared = ["--mount", "--pid", "--fork", "--kill-child", *([] if net == "host" else ["--net"])]
        bounds = f",+{capability}" if capability else ""
        places = [str(self.root), str(self._volume), str(self._secrets), self.config["User"], bounds, net]
        return ["unshare", *unshared, "bash", "-c", INSIDE, "bash", *places, *settings, *arguments]

    def run(
        self, *arguments: str, capability: str = "", net: str = "host", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        command = self.command(arguments, capability, net, **environment)
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
