"""Leases: one holder at a time, taken over when they end, numbers that grow."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from console.registry import Registry, RegistryUnreachable
from console.registry.leases import Leases, this_process
from console.turn import FileTurn, LeaseTurn


class Clock:
    now = 1_000_000

    def __call__(self, _: object) -> int:
        return self.now


@pytest.fixture
def clock(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(registry, "now_ms", made)
    return made


def test_one_holds_and_the_other_waits(registry: Registry, clock: Clock) -> None:
    one, two = Leases(registry, "one"), Leases(registry, "two")
    held = one.acquire("relay", 30)
    assert held is not None and (held.holder, held.fence, held.until_ms) == ("one", 1, clock.now + 30_000)
    assert two.acquire("relay", 30) is None
    assert two.acquire("another", 30) is not None
    again = one.acquire("relay", 60)
    assert again is not None and (again.fence, again.until_ms) == (1, clock.now + 60_000)


def test_a_lease_that_ended_is_taken_over_under_a_higher_number(registry: Registry, clock: Clock) -> None:
    one, two = Leases(registry, "one"), Leases(registry, "two")
    held = one.acquire("relay", 30)
    clock.now += 29_999
    assert held is not None and two.acquire("relay", 30) is None
    clock.now += 1
    taken = two.acquire("relay", 30)
    assert taken is not None and (taken.holder, taken.fence) == ("two", 2)
    assert one.renew(held, 30) is None
    one.release(held)
    assert one.acquire("relay", 30) is None, "one that was taken for dead frees nothing"


def test_renewing_and_giving_back(registry: Registry, clock: Clock) -> None:
    one, two = Leases(registry, "one"), Leases(registry, "two")
    held = one.acquire("relay", 30)
    assert held is not None
    for _ in range(3):
        clock.now += 20_000
        held = one.renew(held, 30)
        assert held is not None and held.fence == 1
    one.release(held)
    assert one.renew(held, 30) is None
    taken = two.acquire("relay", 30)
    assert taken is not None and taken.fence == 2


def test_a_holder_that_slept_too_long_notices_though_nobody_came(registry: Registry, clock: Clock) -> None:
    one = Leases(registry, "one")
    held = one.acquire("relay", 30)
    clock.now += 40_000
    assert held is not None and one.renew(held, 30) is None
    again = one.acquire("relay", 30)
    assert again is not None and again.fence == 2


def test_a_turn_goes_on_through_a_short_absence_of_the_registry(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, other = (LeaseTurn(Leases(registry, name), "relay", 4.0) for name in ("one", "two"))
    assert turn.take() and not other.take()

    def away() -> None:
        raise RegistryUnreachable("no connection")

    started = time.monotonic()
    with monkeypatch.context() as gone:
        gone.setattr(registry, "transaction", away)
        assert turn.take(), "nobody else can have it yet"
        assert not other.take()
        gone.setattr("console.turn.time.monotonic", lambda: started + 3.5)
        assert not turn.take(), "before somebody else can have it, it rests"
    turn.give_back()


def test_a_turn_given_back_is_the_others(registry: Registry) -> None:
    turn, other = (LeaseTurn(Leases(registry, name), "relay") for name in ("one", "two"))
    assert turn.take() and turn.take() and not other.take()
    turn.give_back()
    assert other.take() and not turn.take()


def test_a_lock_on_a_file_is_a_turn_too(tmp_path: Path) -> None:
    turn, other = FileTurn(tmp_path / "lock"), FileTurn(tmp_path / "lock")
    assert turn.take() and turn.take() and not other.take()
    turn.give_back()
    assert other.take() and not turn.take()
    other.give_back()


def test_every_process_has_a_name_of_its_own() -> None:
    assert this_process() != this_process()
