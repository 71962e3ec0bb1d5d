"""How the tests are spread over workers (`pytest -n 2`): what belongs together stays together, the longest comes first.

A worker is a process with session fixtures of its own (servers, browsers). A file's tests run on one worker, in
their order, so that its module fixtures are made once.
"""

from __future__ import annotations

from typing import Any

import pytest

LONGEST = (
    "tests/e2e/test_demo.py",
    "tests/federation/test_kills.py",
)
"""Begun first, so that no worker is left alone with one of them at the end."""

TOGETHER = ("tests/shipping/",)
"""Folders whose files share what is dear to make (a wheel, and where it is installed) or would build it at once."""

APART = {"tests/test_second_opinion.py"}
"""Each of their tests stands for itself: so many small ones, begun last, let all workers end at the same time."""


def file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def scope_of(nodeid: str) -> str:
    """What a test stays together with."""
    file = file_of(nodeid)
    return nodeid if file in APART else next((folder for folder in TOGETHER if file.startswith(folder)), file)


def place_of(nodeid: str) -> int:
    file = file_of(nodeid)
    return LONGEST.index(file) if file in LONGEST else len(LONGEST) + (file in APART)


def scheduler(config: pytest.Config, log: Any) -> Any:
    """pytest-xdist's own, but for what stays together and the order; None where another `--dist` is asked for."""
    if config.getvalue("dist") != "load":  # what `-n` alone means
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Spread(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return scope_of(nodeid)

    config.option.loadscopereorder = False  # the order is `place_of`
    return Spread(config, log)
