"""`python -m tests.second_opinion`: write into the list where its reasons hold now. Read the difference."""

from __future__ import annotations

import shutil
import sys
from collections import Counter

import yaml

from tests.captures import bundled_captures, shared_captures
from tests.second_opinion.compare import Evidence
from tests.second_opinion.differences import LIST, explain, name_of
from tests.second_opinion.run import CACHE


def main() -> None:
    tshark = shutil.which("tshark")
    if tshark is None:
        sys.exit("tshark is not installed")
    found: dict[str, Counter[str]] = {}
    for capture in [*bundled_captures(), *shared_captures()]:
        for difference, reason in explain(Evidence(tshark, capture, CACHE)):
            if reason is None:
                print(f"{name_of(capture)}: no reason for {difference}")
            else:
                found.setdefault(reason, Counter())[name_of(capture)] += 1
    text = LIST.read_text(encoding="utf-8")
    head = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    entries = [
        {**entry, "captures": dict(sorted(found.get(entry["reason"], {}).items()))} for entry in yaml.safe_load(text)
    ]
    body = yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=118)
    LIST.write_text(head + body, encoding="utf-8")


if __name__ == "__main__":
    main()
