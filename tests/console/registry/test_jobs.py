"""Scheduled jobs: done when due, by one process, and again after a failure or a death."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from console.registry import Registry, RegistryUnreachable
from console.registry.jobs import Job, Jobs, job_states
from console.registry.leases import Lease


class Clock:
    now_s = 1_000_000

    def ms(self, _: object) -> int:
        return self.now_s * 1000

    def s(self, _: object) -> int:
        return self.now_s


@pytest.fixture
def clock(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(registry, "now_ms", made.ms)
    monkeypatch.setattr(registry, "now_s", made.s)
    return made


def runner(registry: Registry, job: Job) -> Callable[[], bool]:
    jobs = Jobs(registry, [job])
    return lambda: jobs.run_if_due(job)


def test_a_job_is_done_when_it_is_due_by_whoever_comes_first(registry: Registry, clock: Clock) -> None:
    done: list[int] = []
    job = Job("tidy", 600, lambda: done.append(clock.now_s))
    one, two = runner(registry, job), runner(registry, job)
    assert [one(), one(), two()] == [True, False, False]
    clock.now_s += 599
    assert not two()
    clock.now_s += 1
    assert [two(), one()] == [True, False]
    assert done == [1_000_000, 1_000_600]
    state = job_states(registry)[0]
    assert (state.name, state.every_s, state.started_s, state.finished_s, state.error) == (
        "tidy", 600, clock.now_s, clock.now_s, None,
    )  # fmt: skip


def test_while_it_is_done_nobody_else_begins(registry: Registry, clock: Clock) -> None:
    others: list[bool] = []
    job = Job("tidy", 600, lambda: others.append(other()))
    other = runner(registry, job)
    assert runner(registry, job)()
    assert others == [False]


def test_what_another_did_between_the_look_and_the_lease_is_not_done_again(
    registry: Registry, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []
    job = Job("tidy", 600, lambda: done.append(1))
    other, late = runner(registry, job), Jobs(registry, [job])
    acquire = late._leases.acquire

    def slowly(name: str, seconds: float) -> Lease | None:
        assert other()
        return acquire(name, seconds)

    monkeypatch.setattr(late._leases, "acquire", slowly)
    assert not late.run_if_due(job)
    assert done == [1]
    clock.now_s += 600
    assert other(), "what was not done holds no lease"


def test_what_a_dead_process_began_is_done_by_another_when_its_lease_ends(registry: Registry, clock: Clock) -> None:
    class Killed(BaseException):
        pass

    def die() -> None:
        raise Killed

    with pytest.raises(Killed):
        runner(registry, Job("tidy", 600, die, longest_s=60))()
    done: list[int] = []
    heir = runner(registry, Job("tidy", 600, lambda: done.append(1), longest_s=60))
    assert not heir()
    clock.now_s += 60
    assert heir() and done == [1]


def test_a_failure_is_written_down_and_tried_again(registry: Registry, clock: Clock) -> None:
    failures = [RuntimeError("no room " + "x" * 1000)]

    def sometimes() -> None:
        if failures:
            raise failures.pop()

    run = runner(registry, Job("tidy", 600, sometimes, retry_s=60))
    assert run()
    error = job_states(registry)[0].error
    assert error is not None and error.startswith("RuntimeError: no room") and len(error) == 500
    clock.now_s += 59
    assert not run()
    clock.now_s += 1
    assert run() and job_states(registry)[0].error is None
    clock.now_s += 60
    assert not run(), "what succeeded is not tried again"


def test_the_thread_does_what_is_due_and_goes_on_when_the_registry_was_away(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done = threading.Event()
    jobs = Jobs(registry, [Job("tidy", 600, done.set)], look_s=0.05)

    def away() -> None:
        raise RegistryUnreachable("registry h: no connection")

    with monkeypatch.context() as gone:
        gone.setattr(registry, "reading", away)
        jobs.start()
        time.sleep(0.3)
        assert not done.is_set()
    assert done.wait(10)
    assert jobs.stop()
    assert [record.message for record in caplog.records] == ["scheduled jobs wait: registry h: no connection"]
