"""`python -m tools.profile`: watch the core at work and keep for the compiler how often each branch was taken.

The core is built once more so that it counts, as a wheel, and that wheel does what `training.py` lists. The counts go
to `sensor/core/profile/`, where every build with the same compiler uses them (`tools/with-profile`). To be done again
when the core has changed much: what changed since is built as if there were no profile. Takes some ten minutes.
"""

from __future__ import annotations

import lzma
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tools.profile.training import ROOT, train

CORE = ROOT / "sensor" / "core"
KEPT = CORE / "profile"
MOST = 64 << 20
"""Bytes of a profile that are believed."""


def said(*command: str | Path) -> str:
    return subprocess.run([*map(str, command)], check=True, capture_output=True, text=True).stdout.strip()


def merger() -> Path:
    """The compiler's own `llvm-profdata`: another one does not know its format.

    Raises:
        SystemExit: it is not installed.
    """
    found = Path(said("rustc", "--print", "target-libdir")).parent / "bin" / "llvm-profdata"
    if not found.exists():
        sys.exit("profile: the compiler's llvm-profdata is missing: rustup component add llvm-tools")
    return found


def target() -> str:
    (host,) = (line.split()[1] for line in said("rustc", "-vV").splitlines() if line.startswith("host:"))
    return host


def counting_wheel(folder: Path) -> Path:
    """A wheel whose core counts its branches."""
    print("profile: building a core that counts", flush=True)
    flags = f"{os.environ.get('RUSTFLAGS', '')} -Cprofile-generate={folder / 'none'}".strip()
    command = [Path(sys.executable).with_name("maturin"), "build", "--quiet", "--release", "--locked"]
    command += ["--target", target(), "--compatibility", "linux", "--out", folder]
    command += ["--target-dir", CORE / "target" / "counting"]
    environment = {**os.environ, "VIRTUAL_ENV": sys.prefix, "RUSTFLAGS": flags}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    (wheel,) = folder.glob("otus-*.whl")
    return wheel


def main() -> int:
    llvm_profdata = merger()
    with tempfile.TemporaryDirectory(prefix="otus-profile-") as name:
        folder = Path(name)
        package, profiles, work = (folder / part for part in ("package", "profiles", "work"))
        for made in (package, profiles, work):
            made.mkdir()
        with zipfile.ZipFile(counting_wheel(folder)) as wheel:
            wheel.extractall(package)
        print("profile: watching it at work", flush=True)
        train(package, profiles, work)
        merged = folder / "core.profdata"
        subprocess.run([llvm_profdata, "merge", "-o", merged, *profiles.glob("*.profraw")], check=True)
        KEPT.mkdir(exist_ok=True)
        packed = lzma.compress(merged.read_bytes(), preset=9)
    if not 0 < len(packed) < MOST:
        sys.exit(f"profile: {len(packed)} bytes of profile cannot be right")
    (KEPT / "core.profdata.xz").write_bytes(packed)
    (KEPT / "compiler").write_text(said("rustc", "--version") + "\n", encoding="utf-8")
    print(f"profile: {len(packed):,} bytes for {said('rustc', '--version')} in {KEPT.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
