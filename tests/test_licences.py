"""Every locked package is under a licence that `docs/licences.md` allows, or is named in one of its tables."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path

import pytest

pytestmark = pytest.mark.drift

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = re.compile(
    r"MIT(-0)?|0BSD|BSD|BSD-[23]-Clause|Apache( Software License|[- ]2\.0( WITH LLVM-exception)?)|ISC|Zlib"
    r"|Unlicense|CC0-1\.0|PSF-2\.0|Unicode-3\.0|MPL-2\.0|(MIT|BSD) License|Mozilla Public License 2\.0 \(MPL 2\.0\)"
)


def allowed(expression: str) -> bool:
    """An SPDX expression of which one alternative is allowed in all its parts; Cargo's old `/` is an OR."""
    # "(A OR B) AND C" is the deepest that occurs: with its brackets gone every name must be allowed, which is stricter.
    if "(" in expression and " AND " in expression:
        return all(ALLOWED.fullmatch(name) for name in re.split(r" AND | OR ", re.sub(r"[()]", "", expression)))
    return any(
        all(ALLOWED.fullmatch(name) for name in choice.split(" AND ")) for choice in re.split(r" OR |/", expression)
    )


def python_licences(of: PackageMetadata) -> list[str]:
    """Its SPDX expression, or what its classifiers or its free text say."""
    if of["License-Expression"]:
        return [of["License-Expression"]]
    lines = [line for line in of.get_all("Classifier") or [] if line.startswith("License ::")]
    names = [line.rpartition(" :: ")[2] for line in lines]
    return [name for name in names if name != "DFSG approved"] or [(of["License"] or "nothing").splitlines()[0]]


def named_in_the_document() -> set[str]:
    text = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    firsts = re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)
    return {name.strip() for first in firsts for name in first.split(",")}


def test_python() -> None:
    lines = (ROOT / "tools" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    wrong, read = [], 0
    for name in (line.partition("==")[0] for line in lines if not line.startswith("#")):
        if name in named_in_the_document():
            continue
        try:
            licences = python_licences(metadata(name))
        except PackageNotFoundError:
            continue  # Node's, where the machine has Node
        read += 1
        if not all(allowed(licence) for licence in licences):
            wrong.append(f"{name}: {', '.join(licences)}")
    assert read > 30
    assert not wrong, "\n".join(wrong)


def test_rust() -> None:
    command = ["cargo", "metadata", "--locked", "--offline", "--format-version", "1"]
    # Offline all that the tool chain fetched for this system is known; what only other systems use is left out.
    version = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    host = re.search(r"host: (\S+)", version)
    assert host is not None
    command += ["--filter-platform", host[1]]
    ran = subprocess.run(command, cwd=ROOT / "sensor/core", capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    packages = json.loads(ran.stdout)["packages"]
    assert len(packages) > 30
    wrong = [f"{of['name']}: {of['license']}" for of in packages if not allowed(of["license"] or "nothing")]
    assert not wrong, "\n".join(wrong)


def test_browser() -> None:
    packages = json.loads((ROOT / "console" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    wrong = [f"{name}: {of.get('license')}" for name, of in packages.items() if not allowed(of.get("license", ""))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", True),
        ("(MIT OR Apache-2.0) AND GPL-2.0", False),
        ("MIT/Apache-2.0", True),
        ("GNU Lesser General Public License v3 or later (LGPLv3+)", False),
        ("", False),
    ],
)
def test_what_is_allowed(expression: str, answer: bool) -> None:
    assert allowed(expression) is answer
