"""Pages for people, made from the list of fields: `docs/protocols/`, one for each protocol, and an index.

`python -m sensor.schema.pages` writes them; a test compares.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from sensor.schema.fields import FOLDER, SHARED, Field, Listed, load

PAGES = Path(__file__).parents[2] / "docs" / "protocols"


def pages(folder: Path = FOLDER) -> dict[str, str]:
    """Name of each page and its text."""
    listed = load(folder)
    stems = sorted(path.stem for path in folder.glob("*.yml") if path.stem not in SHARED)
    made = {f"{stem}.md": _page(stem, folder / f"{stem}.yml", listed) for stem in stems}
    rows = [
        f"| [{stem}]({stem}.md) | {listed.protocols[stem].label.zh} | {_described(folder / f'{stem}.yml', stem)[1]} |"
        for stem in stems
    ]
    head = ["# Protocols 协议字段", "", _MADE, "", "| `network.protocol` | 中文 | what it is |", "|---|---|---|"]
    made["README.md"] = "\n".join([*head, *rows, ""])
    return made


_MADE = "Made from `sensor/schema/fields/` by `python -m sensor.schema.pages`; do not edit."


def _page(stem: str, path: Path, listed: Listed) -> str:
    head = [line.removeprefix("# ") for line in path.read_text("utf-8").splitlines() if line.startswith("#")]
    zh, en = _described(path, stem)
    inside = listed.protocols[stem].inside
    lines = [f"# {listed.protocols[stem].label.en}", "", _MADE, "", " ".join(head), "", f"{zh} {en}"]
    if inside:
        lines += ["", f"Found inside conversations of [{inside}]({inside}.md), whose flaws it may have."]
    fields = [field for field in listed.fields.values() if field.protocol == stem]
    if fields:
        lines += ["", "| field | type | 中文 | meaning | level, upward |", "|---|---|---|---|---|"]
        lines += [_row(field) for field in fields]
    flaws = [(name, flaw) for name, flaw in listed.flaws.items() if flaw.protocol == stem]
    if flaws:
        lines += ["", "| flaw | 中文 | |", "|---|---|---|"]
        lines += [f"| `{name}` | {_cell(flaw.label.zh)} | {_cell(flaw.label.en)} |" for name, flaw in flaws]
    return "\n".join([*lines, ""])


def _row(field: Field) -> str:
    kind = f"{field.type}{', several' if field.many else ''}"
    words = f"{_cell(field.label.zh)}：{_cell(field.description.zh)}"
    return f"| `{field.name}` | {kind} | {words} | {_cell(field.description.en)} | {field.level}, {field.upward} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _described(path: Path, stem: str) -> tuple[str, str]:
    entries = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    described = next(entry["description"] for entry in entries if entry.get("protocol") == stem)
    return _cell(described["zh"]), _cell(described["en"])


def main() -> None:
    PAGES.mkdir(parents=True, exist_ok=True)
    made = pages()
    for stale in PAGES.glob("*.md"):
        if stale.name not in made:
            stale.unlink()
    for name, text in made.items():
        (PAGES / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
