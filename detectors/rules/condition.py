"""The `condition` line: how a rule's selections are joined.

`selection and not 1 of filter_*`, with `and`, `or`, `not`, parentheses, `1 of PATTERN` (also `any of`),
`all of PATTERN`, and `them` for every selection. `not` binds before `and`, `and` before `or`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase

from detectors.rules.model import And, Expression, Not, Or
from detectors.rules.vocabulary import suggestion

MAX_DEPTH = 16
_TOKEN = re.compile(r"\s*([()]|[^\s()]+)")
_WORDS = frozenset({"and", "or", "not", "of", "(", ")"})


class ConditionError(ValueError):
    """The message says what stands where something else was expected."""


def parse(text: str, selections: Mapping[str, Expression]) -> tuple[Expression, frozenset[str]]:
    """The expression, and the names of the selections it uses.

    Raises:
        ConditionError: not a condition, or it names a selection that is not there.
    """
    parser = _Parser(_TOKEN.findall(text), selections)
    expression = parser.any(0)
    if parser.peek() is not None:
        raise ConditionError(f"condition: expected and, or, or the end, found {parser.peek()!r}")
    return expression, frozenset(parser.used)


class _Parser:
    def __init__(self, tokens: list[str], selections: Mapping[str, Expression]) -> None:
        self._tokens, self._selections = tokens, selections
        self._next = 0
        self.used: set[str] = set()

    def peek(self, ahead: int = 0) -> str | None:
        at = self._next + ahead
        return self._tokens[at] if at < len(self._tokens) else None

    def _take(self, *words: str) -> bool:
        here = self.peek() in words
        self._next += here
        return here

    def any(self, depth: int) -> Expression:
        parts = [self._all(depth)]
        while self._take("or"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all(self, depth: int) -> Expression:
        parts = [self._one(depth)]
        while self._take("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise ConditionError(f"condition: more than {MAX_DEPTH} levels of parentheses and not")
        if self._take("not"):
            return Not(self._one(depth + 1))
        if self._take("("):
            inner = self.any(depth + 1)
            if not self._take(")"):
                raise ConditionError("condition: a ( is not closed")
            return inner
        word = self.peek()
        if word is None:
            raise ConditionError("condition: ends where a selection was expected")
        if self.peek(1) == "of":
            return self._of(word)
        if word in _WORDS:
            raise ConditionError(f"condition: expected a selection, not or (, found {word!r}")
        self._next += 1
        return self._selection(word)

    def _selection(self, name: str) -> Expression:
        found = self._selections.get(name)
        if found is None:
            hint = suggestion(name, self._selections)
            raise ConditionError(f"condition: unknown selection {name}{hint or '; add it under detection'}")
        self.used.add(name)
        return found

    def _of(self, quantity: str) -> Expression:
        self._next += 2
        pattern = self.peek()
        if quantity not in ("1", "any", "all"):
            raise ConditionError(f"condition: {quantity} of is not known; use 1 of or all of")
        if pattern is None or pattern in _WORDS:
            raise ConditionError(f"condition: {quantity} of needs a selection, a pattern like filter_*, or them")
        self._next += 1
        # As in Sigma, what begins with an underscore is not one of them.
        every = [name for name in self._selections if pattern != "them" or not name.startswith("_")]
        names = [name for name in every if pattern == "them" or fnmatchcase(name, pattern)]
        if not names:
            raise ConditionError(f"condition: no selection fits {pattern}")
        parts = tuple(self._selection(name) for name in names)
        if len(parts) == 1:
            return parts[0]
        return And(parts) if quantity == "all" else Or(parts)
