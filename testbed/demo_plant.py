"""The plant as the demo sees it: build it, let it run, attack it, take it away.

```python
with Plant(run_id, workdir) as plant:      # builds the network; plant.capture_interface is there to listen on
    plant.start()                          # the stacks begin to poll
    plant.learn()                          # learn_s of ordinary traffic
    plant.run_attacks(lambda told: print(told.zh))
```
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from testbed import netns, state
from testbed.attacker import BY_ID, RESULT_MARK, Action
from testbed.commands import RangeError, missing_tools, run
from testbed.hosts import BY_NAME, HOSTS
from testbed.processes import Program

LEARN_S = 35.0
PAUSE_S = 0.4  # between two actions of the attacker
ACTION_TIMEOUT_S = 40.0
CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_RAW = 21, 12, 13

# host, module, role, the host it talks to. Servers stand before their clients.
STACKS = (
    ("boiler", "plant_modbus", "server", "boiler"),
    ("cooling", "plant_modbus", "server", "cooling"),
    ("turbine", "plant_s7", "server", "turbine"),
    ("gateway", "plant_opcua", "server", "gateway"),
    ("scada", "plant_modbus", "scada", "boiler"),
    ("historian", "plant_modbus", "historian", "cooling"),
    ("scada", "plant_s7", "scada", "turbine"),
    ("engineer", "plant_s7", "engineer", "turbine"),
    ("scada", "plant_opcua", "scada", "gateway"),
    ("historian", "plant_opcua", "historian", "gateway"),
)
PROTOCOLS = {"modbus": "plant_modbus", "s7comm": "plant_s7", "opcua": "plant_opcua"}

# The story of the demo, in order. What makes a PLC silent comes late, what needs time to show comes last.
STORY = (
    "modbus_function_scan",
    "modbus_coil_write",
    "modbus_register_write",
    "s7_szl_read",
    "s7_plc_stop",
    "s7_plc_start",
    "s7_download",
    "s7_download_refused",
    "opcua_anonymous_login",
    "opcua_method_call",
    "modbus_known_host_register_write",
    "rhythm_change",
)


@dataclass(frozen=True)
class Told:
    """What is happening, for the terminal. `phase`: "network", "stacks", "begin", "done"; `result` at "done" only."""

    phase: str
    zh: str
    en: str
    action: str = ""
    result: str = ""


Callback = Callable[[Told], None]


def say_nothing(told: Told) -> None:
    """The default callback."""


def available() -> str | None:
    """Why the plant cannot run here, in one line for a person (中文 / English); None when it can."""
    if not Path("/proc/self/ns/net").exists():
        return "此系统没有 Linux 网络命名空间 / no Linux network namespaces on this system"
    effective = _effective_capabilities()
    if any(not effective >> bit & 1 for bit in (CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_RAW)):
        return "需要 root 权限才能建立网络命名空间 / root is needed to make network namespaces (sudo make demo)"
    if missing := missing_tools():
        return f"缺少工具 / missing: {', '.join(missing)} (apt install iproute2 ethtool)"
    for stack in ("pymodbus", "snap7", "asyncua"):
        if not _installed(stack):
            return f"缺少 Python 包 / missing Python package: {stack} (pip install 'otus[range]')"
    try:
        run(["unshare", "--net", "true"])  # leaves nothing behind, whatever happens
    except RangeError as error:
        return f"无法建立网络命名空间 / cannot make a network namespace: {error}"
    return None


def new_run_id() -> str:
    return secrets.token_hex(3)


class Plant:
    """A living plant. Everything it makes carries its run id and stands in a state file; `stop` takes all of it away.

    `protocols` leaves stacks out (recording of one protocol); the network always has every host.
    """

    def __init__(
        self,
        run_id: str | None,
        workdir: Path,
        learn_s: float = LEARN_S,
        protocols: Iterable[str] = tuple(PROTOCOLS),
        callback: Callback = say_nothing,
    ) -> None:
        self.run_id = run_id or new_run_id()
        self.workdir = workdir
        self.learn_s = learn_s
        self.truth_path = workdir / "truth.ndjson"
        self.capture_interface = netns.capture_name(self.run_id)
        self._modules = {PROTOCOLS[protocol] for protocol in protocols}
        self._control_path = workdir / "historian.period"
        self._tell = callback
        self._state: state.RunState | None = None
        self._network: netns.Network | None = None
        self._programs: list[Program] = []

    def __enter__(self) -> Plant:
        self.build_network()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def build_network(self) -> None:
        """Clean up after killed runs, then build the network; a second call does nothing.

        Raises:
            RangeError: it cannot be built here; nothing is left behind.
        """
        if self._network is not None:
            return
        netns.cleanup_stale()
        self.workdir.mkdir(parents=True, exist_ok=True)
        for left_over in (self.truth_path, self._control_path):  # of an earlier run in the same folder
            left_over.unlink(missing_ok=True)
        self._state = state.RunState.begin(self.run_id)
        try:
            self._network = netns.build(self._state)
        except BaseException:
            self.stop()
            raise
        self._tell(Told("network", f"厂区网络已建立，镜像口 {self.capture_interface}",
                        f"plant network is up, mirror port {self.capture_interface}"))

    def start(self) -> None:
        """Start the stacks, servers first, and return when all of them serve and poll. Begin listening before this call
        to see the sessions begin.

        Raises:
            RangeError: a stack did not come up; nothing is left behind.
        """
        self.build_network()
        try:
            wanted = [row for row in STACKS if row[1] in self._modules]
            for clients in (False, True):
                begun = [self._start(*row) for row in wanted if (row[2] != "server") == clients]
                for program in begun:
                    program.wait_ready()
        except BaseException:
            self.stop()
            raise
        count = len(self._programs)
        self._tell(Told("stacks", f"{count} 个协议栈开始通信", f"{count} stacks are talking"))

    def learn(self, seconds: float | None = None) -> None:
        """Let the plant run ordinarily for `learn_s` (or `seconds`), watching that it does.

        Raises:
            RangeError: a stack ended meanwhile.
        """
        end_s = time.monotonic() + (self.learn_s if seconds is None else seconds)
        while (left_s := end_s - time.monotonic()) > 0:
            time.sleep(min(left_s, 0.5))
            if failed := self.failures():
                raise RangeError("; ".join(failed))

    def attack(self, action_id: str) -> str:
        """Perform one action and return what came of it.

        Raises:
            RangeError: it did not come off; the message says why.
        """
        action: Action = BY_ID[action_id]
        arguments = [action.id, "--truth", str(self.truth_path), "--control", str(self._control_path)]
        program = self._start_program(action.source, "attacker", arguments)
        self._tell(Told("begin", action.zh, action.en, action.id))
        try:
            code = program.wait(ACTION_TIMEOUT_S)
        finally:
            program.stop()
        if code != 0:
            raise RangeError(f"{action.id}: {program.log_tail()}")
        result = program.log_tail().rpartition(RESULT_MARK)[2]
        self._tell(Told("done", action.zh, action.en, action.id, result))
        return result

    def run_attacks(self, callback: Callback | None = None, story: Iterable[str] = STORY) -> None:
        """Play the whole story, telling each step as it begins and ends."""
        if callback is not None:
            self._tell = callback
        for action_id in story:
            self.attack(action_id)
            time.sleep(PAUSE_S)

    @property
    def run_state(self) -> state.RunState | None:
        """What this run has made; a program started beside the plant is entered here to be cleaned up with it."""
        return self._state

    def transmitted(self) -> int:
        """Frames that left through the capture port. 0, or the sensor is not passive."""
        if self._network is None:
            raise RangeError("the plant is not running")
        return self._network.transmitted()

    @property
    def mirror(self) -> str:
        """How the mirror works: "mirred", or "flood" where the kernel lacks the parts."""
        return self._network.mirror if self._network else ""

    def failures(self) -> list[str]:
        """Stacks that have ended although they should run, with the end of their logs."""
        return [f"{program.name}: {program.log_tail()}" for program in self._programs if not program.running()]

    def stop(self) -> None:
        """End all processes and remove the network. Leaves the logs and the truth in workdir. Twice is fine."""
        for program in reversed(self._programs):
            program.stop()
        self._programs.clear()
        self._network = None
        if self._state is not None:
            netns.cleanup(self.run_id)
            self._state = None

    def _start(self, host: str, module: str, role: str, server: str) -> Program:
        arguments = [role, "--address", BY_NAME[server].address]
        if module == "plant_modbus" and role == "historian":
            arguments += ["--control", str(self._control_path)]
        program = self._start_program(host, module, arguments)
        self._programs.append(program)
        return program

    def _start_program(self, host: str, module: str, arguments: list[str]) -> Program:
        if self._state is None or self._network is None:
            raise RangeError("the plant is not running: call start() first")
        return Program(self._state, self._network.namespace(host), f"testbed.{module}", arguments, self.workdir)


def benign_addresses(story: Iterable[str] = STORY) -> frozenset[str]:
    """Addresses of hosts that do nothing hostile in a story: as a client, none of them may cause an alert ≥ medium."""
    guilty = {BY_ID[action_id].source for action_id in story}
    return frozenset(host.address for host in HOSTS if host.name not in guilty and not host.hostile)


def _effective_capabilities() -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return -1 if os.geteuid() == 0 else 0


def _installed(package: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(package) is not None
