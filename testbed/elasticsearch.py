"""A real Elasticsearch for the demo and for tests: one node on loopback, in a temporary folder, ended by who began it.

The small distribution that Elasticsearch publishes for integration tests comes through Maven, once, into `build/`.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
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

from testbed.commands import RangeError

VERSION = "8.19.4"
ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
_TREE = Path(__file__).resolve().parent.parent
KEPT = (_TREE / "build" if (_TREE / "pyproject.toml").exists() else Path.home() / ".cache" / "otus") / "elasticsearch"
HEAP_MB = 512
START_S, FETCH_S = 120.0, 600.0
NOBODY = 65534
"""It refuses to run as root; everybody else runs it as himself."""


PR_SET_PDEATHSIG = 1


def missing() -> str:
    """What this machine lacks to bring a server up, or nothing."""
    lacking = [name for name in ("java", "mvn") if shutil.which(name) is None]
    if lacking == ["mvn"] and (KEPT / f"elasticsearch-{VERSION}.zip").exists():
        return ""
    return " and ".join(lacking)


def distribution() -> Path:
    """The unpacked distribution, fetched at the first call.

    Raises:
        RangeError: it could not be fetched.
    """
    home = KEPT / f"elasticsearch-{VERSION}"
    if home.is_dir():
        return home
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # whoever comes second finds what the first has fetched
        if not home.is_dir():
            _fetch(home)
    return home


def _fetch(home: Path) -> None:
    archive = KEPT / f"elasticsearch-{VERSION}.zip"
    if not archive.exists():
        plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
        command = ["mvn", "-q", "-B", plugin, f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={KEPT}"]
        try:
            fetched = subprocess.run(command, capture_output=True, text=True, check=False, timeout=FETCH_S)
            said = " ".join((fetched.stdout + fetched.stderr).split())[:300]
        except subprocess.TimeoutExpired:
            said = f"no answer within {FETCH_S:.0f} s"
        if not archive.exists():
            raise RangeError(f"Elasticsearch cannot be fetched through Maven / 无法下载: {said}")
    with tempfile.TemporaryDirectory(dir=KEPT) as folder:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
        (unpacked,) = Path(folder).iterdir()
        for path in unpacked.rglob("*"):
            path.chmod(0o755 if path.is_dir() or "bin" in path.parts else 0o644)
        unpacked.chmod(0o755)
        unpacked.rename(home)


def _all_may_enter(folder: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))


def _end_with_who_began_it() -> None:
    """Have the kernel end the launcher, and it the server, when whoever started it is killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ElasticsearchServer:
    """One node. `start` and `kill` may be repeated: data and port stay."""

    start_s = START_S

    def __init__(self, heap_mb: int = HEAP_MB, kept: Path | None = None, brief: bool = False) -> None:
        """`kept` is a folder that stays, and in which a later server goes on; without it there is a temporary one.
        `brief`: it does not live long enough for Java's second compiler to pay; without that it takes two thirds of the
        processor time."""
        home = self._home = distribution()
        self._java = f"-Xms{heap_mb}m -Xmx{heap_mb}m" + (" -XX:TieredStopAtLevel=1" if brief else "")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._stays = kept is not None
        self.folder = kept or Path(tempfile.mkdtemp(prefix="otus-elasticsearch-"))
        self.snapshots = self.folder / "snapshots"
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0 and not _all_may_enter(home):
            self._home = self.folder / "home"  # nobody must reach it: a home folder of root's is closed to all others
            shutil.copytree(home, self._home, dirs_exist_ok=True)
        settings = self.folder / "config"
        # The server refuses a temporary folder that holds its settings.
        for part in (settings, self.snapshots, self.folder / "temporary"):
            part.mkdir(parents=True, exist_ok=True)
        shutil.copy(home / "config" / "jvm.options", settings)
        shutil.copy(home / "config" / "log4j2.properties", settings)
        lines = {
            "cluster.name": "otus-test",
            "network.host": "127.0.0.1",
            "http.port": self.port,
            **self.discovery(),
            "path.data": self.folder / "data",
            "path.logs": self.folder / "logs",
            "path.repo": f"[{self.snapshots}]",
            # The machine's own disk may be nearly full; tests of the flood stage set the block by hand.
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            **self.security(settings),
        }
        text = "".join(f"{key}: {value}\n" for key, value in lines.items())
        (settings / "elasticsearch.yml").write_text(text, encoding="utf-8")
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        self.folder.chmod(0o755)

    def discovery(self) -> dict[str, object]:
        """Settings of how it finds the others of its cluster: there are none."""
        return {"transport.port": free_port(), "discovery.type": "single-node"}

    def security(self, config: Path) -> dict[str, object]:
        """Settings of who may do what; files of it belong into `config`."""
        return {"xpack.security.enabled": "false"}

    def answers(self) -> bool:
        # `GET /` answers 405 here: the health of the cluster is asked instead.
        try:
            return httpx.get(f"{self.url}/_cluster/health", timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def start(self) -> None:
        """Begin it and wait until it answers.

        Raises:
            RangeError: it ended, or does not answer within `start_s`.
        """
        self.begin()
        self.wait()

    def begin(self) -> None:
        """It ends with the thread that begins it, not only with the process: the kernel looks at threads."""
        as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        java = Path(str(shutil.which("java"))).resolve()
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(self.folder),
            "ES_JAVA_HOME": str(java.parent.parent),
            "ES_JAVA_OPTS": self._java,
            "ES_PATH_CONF": str(self.folder / "config"),
            "ES_TMPDIR": str(self.folder / "temporary"),
        }
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [self._home / "bin" / "elasticsearch"],
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_who_began_it,
                **as_nobody,  # type: ignore[call-overload]
            )

    def wait(self) -> None:
        end = time.monotonic() + self.start_s
        while time.monotonic() < end:
            if self._process is None or self._process.poll() is not None:
                break
            if self.answers():
                return
            time.sleep(0.25)
        lines = (self.folder / "output").read_text(encoding="utf-8", errors="replace").splitlines()
        tail = " | ".join(lines[-8:])[-1000:]
        self.stop()
        raise RangeError(f"Elasticsearch did not start / 未能启动: {tail}")

    def processes(self) -> list[int]:
        """The launcher and the server, while they run."""
        if self._process is None:
            return []
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(ProcessLookupError):
                if os.getpgid(int(folder.name)) == self._process.pid:
                    found.append(int(folder.name))
        return found

    def kill(self) -> None:
        """SIGKILL to the whole group that was started: launcher and server, as a power cut ends them."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it and remove all it wrote, but for a folder that stays."""
        self._end(signal.SIGKILL)
        if not self._stays:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, how)
        self._process.wait(30)
        self._process = None
