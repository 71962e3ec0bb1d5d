"""A real Elasticsearch for tests: one node on loopback, in a temporary folder, stopped by the process that was started.

The small distribution that Elasticsearch publishes for integration tests comes through Maven, once, into `build/`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path

import httpx

VERSION = "8.19.4"
ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
KEPT = Path(__file__).resolve().parent.parent / "build" / "elasticsearch"
HEAP_MB = 512
START_S = 120.0
NOBODY = 65534
"""It refuses to run as root; everybody else runs it as himself."""


def missing() -> str:
    """What this machine lacks to bring a server up, or nothing."""
    lacking = [name for name in ("java", "mvn") if shutil.which(name) is None]
    if lacking == ["mvn"] and (KEPT / f"elasticsearch-{VERSION}.zip").exists():
        return ""
    return " and ".join(lacking)


def distribution() -> Path:
    """The unpacked distribution, fetched at the first call."""
    home = KEPT / f"elasticsearch-{VERSION}"
    if home.is_dir():
        return home
    archive = KEPT / f"elasticsearch-{VERSION}.zip"
    if not archive.exists():
        plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
        subprocess.run(
            ["mvn", "-q", "-B", plugin, f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={KEPT}"], check=True, timeout=600
        )
    with tempfile.TemporaryDirectory(dir=KEPT) as folder:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
        (unpacked,) = Path(folder).iterdir()
        for path in unpacked.rglob("*"):
            path.chmod(0o755 if path.is_dir() or "bin" in path.parts else 0o644)
        with contextlib.suppress(OSError):  # another session was first
            unpacked.rename(home)
    home.chmod(0o755)
    return home


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ElasticsearchServer:
    """One node. `start` and `kill` may be repeated: data and port stay."""

    def __init__(self, heap_mb: int = HEAP_MB, below: Path | None = None) -> None:
        """`below` is the folder that holds its data, the system's temporary one if None."""
        self._heap = f"-Xms{heap_mb}m -Xmx{heap_mb}m"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = Path(tempfile.mkdtemp(prefix="otus-elasticsearch-", dir=below))
        self.snapshots = self.folder / "snapshots"
        self._process: subprocess.Popen[bytes] | None = None
        home = distribution()
        settings = self.folder / "config"
        settings.mkdir()
        self.snapshots.mkdir()
        (self.folder / "temporary").mkdir()  # the server refuses one that holds its settings
        shutil.copy(home / "config" / "jvm.options", settings)
        shutil.copy(home / "config" / "log4j2.properties", settings)
        lines = {
            "cluster.name": "otus-test",
            "network.host": "127.0.0.1",
            "http.port": self.port,
            "transport.port": free_port(),
            "discovery.type": "single-node",
            "path.data": self.folder / "data",
            "path.logs": self.folder / "logs",
            "path.repo": f"[{self.snapshots}]",
            # The machine's own disk may be nearly full; tests of the flood stage set the block by hand.
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            "xpack.security.enabled": "false",
        }
        text = "".join(f"{key}: {value}\n" for key, value in lines.items())
        (settings / "elasticsearch.yml").write_text(text, encoding="utf-8")
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        self.folder.chmod(0o755)

    def start(self) -> None:
        as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        java = Path(str(shutil.which("java"))).resolve()
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(self.folder),
            "ES_JAVA_HOME": str(java.parent.parent),
            "ES_JAVA_OPTS": self._heap,
            "ES_PATH_CONF": str(self.folder / "config"),
            "ES_TMPDIR": str(self.folder / "temporary"),
        }
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [distribution() / "bin" / "elasticsearch"],
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **as_nobody,  # type: ignore[call-overload]
            )
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if self._process is None or self._process.poll() is not None:
                break
            # `GET /` answers 405 here: the health of the cluster is asked instead.
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/_cluster/health", timeout=5).status_code == 200:
                    return
            time.sleep(0.25)
        tail = (self.folder / "output").read_text(encoding="utf-8", errors="replace")[-2000:]
        self.stop()
        raise RuntimeError(f"Elasticsearch did not start:\n{tail}")

    def kill(self) -> None:
        """SIGKILL to the whole group that was started: launcher and server, as a power cut ends them."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it and remove all it wrote."""
        self._end(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, how)
        self._process.wait(30)
        self._process = None
