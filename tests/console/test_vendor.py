"""Browser libraries: locked, from the registry, and never from another place at run time."""

from __future__ import annotations

import json
from pathlib import Path

import console

ROOT = Path(console.__file__).parent


def test_lock_file_names_no_download_address() -> None:
    """A mirror of the registry must do, and a private one must not be written down."""
    text = (ROOT / "package-lock.json").read_text("utf-8")
    assert '"resolved"' not in text and "http" not in text
    packages = json.loads(text)["packages"]
    assert all(entry["integrity"].startswith("sha512-") for name, entry in packages.items() if name)
    major = {name: packages[f"node_modules/{name}"]["version"].split(".")[0] for name in ("echarts", "htmx.org")}
    assert major == {"echarts": "6", "htmx.org": "2"}


def test_lock_and_package_agree() -> None:
    wanted = json.loads((ROOT / "package.json").read_text("utf-8"))["dependencies"]
    locked = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"][""]["dependencies"]
    assert wanted == locked


def test_scripts_and_pages_load_nothing_from_elsewhere() -> None:
    for path in [
        *(ROOT / "static" / "js").glob("*.js"),
        *(ROOT / "templates").glob("*.html"),
        ROOT / "static" / "otus.css",
    ]:
        source = path.read_text("utf-8")
        assert "http://" not in source and "https://" not in source, path.name
        assert "eval(" not in source and "innerHTML" not in source, path.name
