"""The directions of `docs/architecture.md`, held against every import; and lists against what stands in the tree."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("sensor", "detectors", "federation", "console", "otus", "testbed", "rules", "pcaps", "tools")
ALLOWED = {
    "sensor": {"sensor"},
    "detectors": {"detectors", "sensor.schema", "rules"},
    "federation": {"federation", "sensor.schema"},
    "console": {"console", "detectors", "federation", "sensor.schema"},
    "otus": set(ROOMS),
    "testbed": set(ROOMS) - {"otus"},
}
# A sensor box is installed without these; only the rooms named may import them.
HEAVY = {
    "flask": {"console"},
    "sklearn": {"detectors"},
    "scapy": {"testbed"},
    "gunicorn": {"console"},
    "sqlalchemy": {"console"},
    "alembic": {"console"},
    "psycopg": set[str](),  # LGPL: SQLAlchemy loads it where a registry is on PostgreSQL
}


def modules(room: str) -> list[Path]:
    return [path for path in sorted((ROOT / room).rglob("*.py")) if "node_modules" not in path.parts]


def imports(path: Path) -> list[tuple[int, str]]:
    """(line, dotted module) of each import, relative ones resolved."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) + "." if node.level else ""
            found.append((node.lineno, f"{base}{node.module or ''}".rstrip(".")))
    return found


@pytest.mark.drift
@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_imports_go_one_way(room: str) -> None:
    wrong = []
    for path in modules(room):
        for line, module in imports(path):
            top = module.partition(".")[0]
            if top in ROOMS and not any(module == ok or module.startswith(f"{ok}.") for ok in ALLOWED[room]):
                wrong.append(f"{path.relative_to(ROOT)}:{line} may not import {module}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.drift
def test_heavy_libraries_stay_in_their_rooms() -> None:
    wrong = []
    for room in ALLOWED:
        for path in modules(room):
            for line, module in imports(path):
                rooms = HEAVY.get(module.partition(".")[0])
                if rooms is not None and room not in rooms:
                    wrong.append(f"{path.relative_to(ROOT)}:{line} may not import {module}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.drift
def test_no_pickle_is_ever_loaded() -> None:
    rooms = ("sensor", "detectors", "federation", "console", "otus")
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for room in rooms
        for path in modules(room)
        for line, module in imports(path)
        if module.partition(".")[0] in {"pickle", "joblib", "dill", "cloudpickle", "marshal", "shelve"}
    ]
    assert not found


@pytest.mark.drift
def test_the_rooms_up_to_the_alert_read_no_clock() -> None:
    """Rule of the road 1: time is the packet's."""
    clocks = ("time.time", "time.monotonic", "datetime.now", "utcnow", "SystemTime", "Instant::now")
    core = (ROOT / "sensor" / "core" / "wire" / "src").rglob("*.rs")
    paths = [*modules("detectors"), *core, ROOT / "sensor/pipeline.py"]
    found = [
        f"{path.relative_to(ROOT)}: {clock}"
        for path in paths
        for clock in clocks
        if clock in path.read_text(encoding="utf-8")
    ]
    assert not found
