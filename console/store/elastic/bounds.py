"""Where lists began to be old when they were last asked for, so that months that can hold none of their first rows are
not looked into.

It is only a guess that as many rows are still beyond that moment. Whoever asks for the newest of them asks for what is
beyond it; where that is less than a page, the whole is asked.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from typing import Any

MOST = 1000
"""lists; what people look at"""


class Bounds:
    """Safe to use from many threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._bounds: OrderedDict[str, int] = OrderedDict()

    def get(self, *asked: Any) -> int | None:
        """When the last row was, by its list's own time."""
        with self._lock:
            return self._bounds.get(json.dumps(asked))

    def note(self, bound: int | None, *asked: Any) -> None:
        """None: this list is shorter than a page, so nothing can be left out."""
        key = json.dumps(asked)
        with self._lock:
            self._bounds.pop(key, None)
            if bound is not None:
                self._bounds[key] = bound
            while len(self._bounds) > self._most:
                self._bounds.popitem(last=False)
