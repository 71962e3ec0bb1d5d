"""What the figures were measured on: machine, versions, commit."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

PACKAGES = ("numpy", "scikit-learn", "scapy", "pyshark")


def facts() -> dict[str, str]:
    """By name, in the order in which they are printed; load is that of the last minute."""
    return {
        "processor": _line("/proc/cpuinfo", "model name"),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / (1 << 30):.1f} GiB",
        "kernel": platform.release(),
        "system": _release(),
        "python": platform.python_version(),
        "rustc": said("rustc", "--version"),
        **{name: version(name) for name in PACKAGES if version(name)},
        "commit": commit(),
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


def commit() -> str:
    number = said("git", "rev-parse", "--short=12", "HEAD")
    if number.startswith("fatal"):
        return "unknown (no git here)"
    changed = said("git", "status", "--porcelain", "--untracked-files=no")
    return f"{number} with changes" if changed else number


def version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def said(*command: str) -> str:
    """The first line a program prints, or nothing."""
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return next((line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()), "")


def _line(path: str, name: str) -> str:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "unknown")


def _release() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return sys.platform
