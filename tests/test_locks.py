"""No lock of the library is waited for by the thread that holds it.

A thread may call the library in the middle of a call: where the garbage collector ends an object whose end does so, or
something that is called by the holder of a lock. Each case here does that after each instruction of a change, and looks
at what is left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

import backprop as bp
from backprop.api import connection
from backprop.api.compiling import compiled
from backprop.graph import ownership
from backprop.ops.core import cache, stopping
from backprop.scheduler import events
from backprop.scheduler.executors.cluster import remote, runs
from backprop.scheduler.executors.cluster.data import places, store
from backprop.scheduler.executors.cluster.resident import told
from backprop.scheduler.learning import book
from backprop.scheduler.machine import blas
from backprop.scheduler.patience import waiting
from tests.steps import in_the_middle

ROOT = Path(__file__).parents[1] / "backprop"

PLAIN = {
    "scheduler/executors/replay.py": "of one run, and a run inside of it has another",
    "scheduler/executors/by_dask/threads.py": "of one run, and a run inside of it has another",
    "scheduler/learning/course.py": "never waited for",
}
"""Locks that no thread which holds them asks for again, and why."""


def test_all_other_locks_may_be_taken_again_by_the_thread_that_holds_them() -> None:
    found = {
        file.relative_to(ROOT).as_posix()
        for file in ROOT.rglob("*.py")
        if re.search(r"(?<!R)\bLock\(\)", file.read_text(encoding="utf-8"))
    }
    assert found == set(PLAIN)


class Case(NamedTuple):
    """A change, what comes in the middle of it, and what has to hold in the end."""

    file: str | None
    action: Callable[[], object]
    inner: Callable[[], object]
    is_right: Callable[[], bool]


def _locks(inner: Callable[[Any, Any], object], holds: int) -> Case:
    locks, array = ownership.Locks(), np.zeros(3)
    for _ in range(holds):
        locks.hold(array)

    def action() -> None:
        assert locks.hold(array)
        assert not array.flags.writeable
        locks.release(array)

    return Case(
        ownership.__file__,
        action,
        lambda: inner(locks, array),
        lambda: bool(array.flags.writeable) and not locks.holds(array),
    )


def _both(locks: Any, array: Any) -> None:
    if locks.hold(array):
        locks.release(array)


def _blas() -> Case:
    limiter = blas._Limiter()
    before = limiter._now()

    def action() -> None:
        holder = blas.blas_threads()
        limiter.enter(holder, 1)
        assert set(limiter._now()) <= {1}
        limiter.leave(holder)

    def inner() -> None:
        holder = blas.blas_threads()
        limiter.enter(holder, 1)
        assert set(limiter._now()) <= {1}
        limiter.leave(holder)

    return Case(blas.__file__, action, inner, lambda: limiter._now() == before and limiter._original is None)


def _stop() -> Case:
    stop, called = stopping.Stop(), []

    def waits() -> None:
        with stop.calling(lambda: called.append(1)):
            pass

    def action() -> None:
        waits()
        stop.stop(ValueError())
        waits()

    return Case(stopping.__file__, action, waits, lambda: len(called) >= 1 and not stop._actions)


def _waiting() -> Case:
    line = waiting.Told("work", None, listens=False)

    def action() -> None:
        with line.part(3) as part:
            part.advance()
        line.show()
        line.end()

    return Case(waiting.__file__, action, line.advance, lambda: line.done >= 0)


def _compiled() -> Case:
    f = bp.compile(bp.grad(lambda x: np.sum(x * x)))
    x = np.arange(3.0)
    answers: list[Any] = []

    def call() -> None:
        answers.append(f(x))

    return Case(compiled.__file__, call, call, lambda: all(np.array_equal(answer, 2 * x) for answer in answers))


def _cache() -> Case:
    kept = cache.Cache(10_000)
    owners = [cache.Kept(cache=kept)]
    owners[0].put("key", np.zeros(100))

    def change() -> None:
        kept.put("large", np.zeros(1_000))
        kept.put("larger", np.zeros(2_000))
        kept.drop("larger")

    return Case(cache.__file__, change, owners.clear, lambda: not kept._later and len(kept) <= 1)


def _recorder() -> Case:
    recorder = events.Recorder()
    event = events.TaskStarted(0, "task", "worker", 0.0)

    def record() -> None:
        recorder.record(event)
        assert recorder.events

    return Case(events.__file__, record, record, lambda: recorder.events == (event, event))


def _recording() -> Case:
    recording = remote._Recording()

    def both() -> None:
        recording.begin()
        recording.end()

    before = list(remote.warnings.filters)
    return Case(remote.__file__, both, both, lambda: remote.warnings.filters == before and recording._state[1] == 0)


def _runs() -> Case:
    stops, done = runs.Stops(), runs.Done()

    def count() -> None:
        assert stops.of("run") is not None
        done.add("run")

    return Case(runs.__file__, count, count, lambda: done.of("run") >= 1)


class Client:
    """A cluster that has everything on one worker."""

    def who_has(self, futures: Any) -> dict[Any, list[str]]:
        return {future.key: ["worker"] for future in futures}

    def scatter(self, values: Any, hash: bool) -> list[Any]:
        return [object() for _ in values]


def _places(monkeypatch: pytest.MonkeyPatch) -> Case:
    monkeypatch.setattr(places, "REMEMBERED", 1)
    monkeypatch.setattr(places, "_lies", lambda value: True)

    known = places.Places(Client())
    values = [SimpleNamespace(nbytes=1, key=SimpleNamespace(key=k)) for k in range(3)]

    def ask() -> None:
        assert known.held(values) == dict.fromkeys(range(3), "worker")
        known.forget()

    return Case(places.__file__, ask, ask, lambda: True)


def _store() -> Case:
    kept = store.Store(Client(), limit=100)
    arrays = {k: np.full(1_000, float(k)) for k in range(3)}

    def send() -> None:
        for k, array in 2 * list(arrays.items()):  # what comes again is kept on the workers
            assert set(kept.arrays({k: array})) == {k}
        kept.programs([(b"program", "name")])
        kept.forget()

    return Case(store.__file__, send, send, lambda: kept.nbytes == 0)


def _told(monkeypatch: pytest.MonkeyPatch) -> Case:
    monkeypatch.setattr(told, "LIMIT", 2)
    monkeypatch.setattr(told, "REMEMBERED", 1)
    known = told.Told()

    def tell() -> None:
        for name in "abc":
            known.tell("worker", name, 1)
            known.has("worker", name)
            known.was_seen(name, "run")
        known.forget("worker")

    return Case(told.__file__, tell, tell, lambda: not known.has("worker", "a"))


def _book(tmp_path: Path) -> Case:
    learned = book.Book(tmp_path / "learned.json", lambda: "machine")

    def learn() -> None:
        learned.learn({"sin d 10 10": 2.0})

    return Case(book.__file__, learn, learn, lambda: "sin d 10 10" in learned.factors)


def _cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], Case]]:
    return {
        "arrays": lambda: _locks(_both, 0),
        "an array released": lambda: _locks(lambda locks, array: locks.release(array), 1),
        "BLAS": _blas,
        "a stop": _stop,
        "a line": _waiting,
        "a compiled function": _compiled,
        "the cache": _cache,
        "a recorder": _recorder,
        "warnings": _recording,
        "runs": _runs,
        "places": lambda: _places(monkeypatch),
        "a store": _store,
        "runners": lambda: _told(monkeypatch),
        "a book": lambda: _book(tmp_path),
    }


NAMES = tuple(_cases(Path(), None))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NAMES)
def test_a_thread_may_come_back_in_the_middle_of_a_change(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = _cases(tmp_path, monkeypatch)[name]
    for after in _steps(make):
        assert after, "nothing was done in the middle of anything"


def _steps(make: Callable[[], Case]) -> Iterator[int]:
    """The counts of instructions after which something came in the middle, and all was right in the end."""
    after, reached = 0, True
    while reached:
        case = make()
        assert case.file is not None
        reached = in_the_middle(case.action, case.inner, case.file, after)
        if reached:
            assert case.is_right(), f"after {after} instructions"
            after += 1
    yield after


def test_who_hears_of_a_cancelled_future_may_cancel_it_again() -> None:
    stopped: list[str] = []
    future: Any = connection.ServiceFuture("key", stopped.append)
    again: list[bool] = []
    future.add_done_callback(lambda f: again.append(f.cancel()))
    assert future.cancel()
    assert again == [True]
    assert stopped == ["key"]
