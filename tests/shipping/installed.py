"""Otus as it is delivered: a wheel, installed where there is no compiler, no Rust, no Node and no source tree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLIENT_SETTING = re.compile(r"^(PIP_|SSL_CERT|REQUESTS_CA|CURL_CA|https?_proxy|no_proxy)", re.IGNORECASE)
"""What a machine sets for its package clients; nothing else of the environment is handed on."""


def _host() -> str:
    said = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    return re.search(r"^host: (\S+)$", said, re.MULTILINE)[1]  # type: ignore[index]


def build_wheel(folder: Path) -> Path:
    """The wheel for this machine alone, from the core that the set-up compiled: a matter of seconds."""
    command: list[str | Path] = [ROOT / "tools/with-profile", Path(sys.executable).with_name("maturin"), "build"]
    command += ["--quiet", "--release", "--locked", "--target", _host(), "--compatibility", "linux", "--out", folder]
    environment = {**os.environ, "VIRTUAL_ENV": sys.prefix}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    (wheel,) = folder.glob("otus-*.whl")
    return wheel


class Installed:
    """A virtual environment that holds the wheel, its dependencies and no pip; programs see nothing but its folder."""

    def __init__(self, folder: Path, wheel: Path, extras: str = "") -> None:
        self.folder = folder
        environment = folder / "environment"
        self.bin = environment / "bin"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
        settings = {name: value for name, value in os.environ.items() if CLIENT_SETTING.match(name)}
        command: list[str | Path] = [sys.executable, "-m", "pip", "--python", self.bin / "python", "install", "--quiet"]
        # No package is built from source: what needed a compiler here would need one at the user's.
        command += ["--disable-pip-version-check", "--only-binary", ":all:", "-c", ROOT / "tools/constraints.txt"]
        ran = subprocess.run(
            [*command, f"otus{extras} @ {wheel.as_uri()}"],
            cwd=folder, env={**self._environment, **settings}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr

    @property
    def _environment(self) -> dict[str, str]:
        return {"PATH": str(self.bin), "HOME": str(self.folder), "LANG": "C.UTF-8"}

    def otus(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.bin / "otus"), *arguments]
        environment = {**self._environment, **environment}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [str(self.bin / "otus"), *arguments]
        return subprocess.Popen(command, cwd=self.folder, env=self._environment, stderr=subprocess.PIPE, text=True)
