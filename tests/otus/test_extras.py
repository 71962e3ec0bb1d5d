"""What was left out at the installation is named in one line, with the way to get it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from otus.extras import EXTRA_OF, missing

ROOT = Path(__file__).resolve().parents[2]
FOR_BUILDING = {"dev", "wheels"}
WITHOUT = "import sys; sys.modules[{module!r}] = None; from otus.cli import main; sys.exit(main())"


def test_every_package_of_every_extra_is_known() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    modules: dict[str, set[str]] = {}
    for module, packages in packages_distributions().items():
        for package in packages:
            modules.setdefault(canonicalize_name(package), set()).add(module)
    names = {extra: {canonicalize_name(Requirement(text).name) for text in texts} for extra, texts in extras.items()}
    for extra in extras.keys() - FOR_BUILDING:
        for name in names[extra] & modules.keys():  # the others are not installed here
            told = {EXTRA_OF[module] for module in modules[name] if module in EXTRA_OF}
            assert any(name in names[each] for each in told), name


@pytest.mark.parametrize(
    ("module", "arguments", "extra"),
    [
        ("numpy", ["baseline", "learn", "pcaps/modbus/reader.pcap", "-o", "{folder}/baseline"], "anomaly"),
        ("flask", ["console", "run", "--data-dir", "{folder}/data", "--port", "0"], "console"),
        (
            "argon2",
            ["console", "user", "add", "--data-dir", "{folder}/data", "--password", "Long-1-Word", "me"],
            "console",
        ),
    ],
)
def test_a_command_without_its_packages(module: str, arguments: list[str], extra: str, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        WITHOUT.format(module=module),
        *(text.format(folder=tmp_path) for text in arguments),
    ]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == f"otus: this needs {module}, which is not installed: pip install 'otus[{extra}]'\n"


def test_a_broken_installation_is_not_called_one_with_something_left_out() -> None:
    assert missing(ModuleNotFoundError("No module named 'federation.spool'", name="federation.spool")) is None
