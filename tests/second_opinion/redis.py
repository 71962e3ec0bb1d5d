"""Redis: how many elements each side says that are in no other, and of a command how many words it has."""

from __future__ import annotations

from collections.abc import Iterator

from tests.second_opinion.message import Comparable, Event, Row, Said, side

SCALARS = ("resp.string", "resp.error", "resp.integer", "resp.bulk_string.length")


def theirs(row: Row, servers: frozenset[int]) -> Iterator[Said]:
    if "resp" not in row.layers:
        return
    arrays = [max(int(length), 0) for length in row.all("resp.array.length")]
    if side(row, servers) == "request":
        # A command is an array of bulk strings, and those hold nothing.
        yield from (Said(f"{length} words", "request") for length in arrays)
        return
    everything = len(arrays) + sum(len(row.all(field)) for field in SCALARS)
    yield from (Said("reply", "response") for _ in range(everything - sum(arrays)))


def ours(event: Event) -> Said | None:
    if "redis.command" in event:
        return Said(f"{event.get('redis.argument_count', 0) + 1} words", "request")
    return Said("reply", "response") if "redis.reply_type" in event else None


REDIS = Comparable(
    name="redis",
    fields=(*SCALARS, "resp.array.length"),
    theirs=theirs,
    ours=ours,
    ports=frozenset({6379}),
    decode_as="tcp.port=={port},resp",
    by_front=True,
)
