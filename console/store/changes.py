"""What was committed lately: whether what was read before the writer's place was taken still holds inside it.

A batch asks the store for what it has about its records while others write. Only a commit about the same origins in
between makes the answer old; then it is asked again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Set
from itertools import islice

REMEMBERED = 64
"""commits: more than there are batches under way at once"""


class Changes:
    """`note` and `touched` are called by who has the writer's place, `moment` by anybody."""

    def __init__(self) -> None:
        self._number = 0
        self._latest: deque[Set[str] | None] = deque(maxlen=REMEMBERED)

    def moment(self) -> int:
        """Before a picture of the store is taken: what it lacks is noted later."""
        return self._number

    def note(self, origins: Set[str] | None) -> None:
        """A commit was about records of these origins and about nothing else; None: about anything."""
        self._latest.append(origins)
        self._number += 1

    def touched(self, origins: Set[str], since: int) -> bool:
        """Whether anything about these may have changed."""
        commits = self._number - since
        return commits > len(self._latest) or any(
            others is None or not others.isdisjoint(origins) for others in islice(reversed(self._latest), commits)
        )
