"""Run `ip`, `tc` and `ethtool`, and say clearly what went wrong when one of them did."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

# tool → Debian package
NEEDED_TOOLS = {
    "ip": "iproute2",
    "tc": "iproute2",
    "ethtool": "ethtool",
    "unshare": "util-linux",
    "nsenter": "util-linux",
}
COMMAND_TIMEOUT_S = 20.0


class RangeError(RuntimeError):
    """The range cannot be built or played here; the message is one line for a person and says the way out."""


def run(command: Sequence[str], *, check: bool = True) -> str:
    """Run one command and return what it printed.

    Raises:
        RangeError: the tool is missing, took longer than COMMAND_TIMEOUT_S, or (with check) answered non-zero.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, check=False)
    except FileNotFoundError:
        package = NEEDED_TOOLS.get(command[0], command[0])
        raise RangeError(f"{command[0]} 未找到 / not found; 请安装 / install it: apt install {package}") from None
    except subprocess.TimeoutExpired:
        raise RangeError(f"no answer within {COMMAND_TIMEOUT_S:.0f} s: {' '.join(command)}") from None
    if check and done.returncode != 0:
        said = " ".join((done.stderr or done.stdout).split())
        raise RangeError(f"{' '.join(command)}: {said or f'exit code {done.returncode}'}")
    return done.stdout


def missing_tools() -> list[str]:
    """Names of the tools the range needs and this machine lacks."""
    return [tool for tool in NEEDED_TOOLS if shutil.which(tool) is None]
