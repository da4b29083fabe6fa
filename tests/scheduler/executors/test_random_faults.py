"""Random plans with a failure, an interrupt and slow tasks anywhere: by replay, on `dask.threaded`, on a cluster.

After each the call ends, no op of it runs on in this process's own threads, and the next call is right. A few dozen
plans by default, thousands with `--hypothesis-profile=deep` (`make chaos`), counts printed. The ops of a plan look up
what they are to do by its number, so that they can be sent to a cluster, whose workers are threads of this process.
"""

from __future__ import annotations

import faulthandler
import itertools
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop.ops.core.op import Op
from backprop.ops.core.types import array_type
from backprop.scheduler.executors.base import AbstractExecutor
from backprop.scheduler.executors.serial import Serial
from backprop.scheduler.executors.threads import Threads
from backprop.scheduler.planning.plan import Plan
from backprop.scheduler.planning.planner import make_plan
from tests.executors import FURTHER, IN_THREADS
from tests.scheduler.graphs import Hand

LARGE = 10_000
"""Elements with which a cluster does not run a plan where it is asked for."""

pytestmark = [
    pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals cannot be sent to a thread"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # dropped by destructors
]


@pytest.fixture(autouse=True)
def watchdog() -> Iterator[None]:
    faulthandler.dump_traceback_later(3000.0 if is_deep() else 300.0, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def is_deep() -> bool:
    return settings().max_examples >= 2_000


@dataclass
class State:
    """What the nodes of a plan do while it is armed.

    Arguments:
        failing: the nodes that fail.
        interrupting: those that interrupt the thread that asked.
        slow: those that end only when a node has failed or interrupted, or after some milliseconds.
    """

    failing: frozenset[int]
    interrupting: frozenset[int]
    slow: frozenset[int]
    armed: bool = False
    call: int = 0
    running: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    struck: threading.Event = field(default_factory=threading.Event)

    def strike(self, node: int) -> None:
        call, struck = self.call, self.struck
        if node in self.slow:
            struck.wait(0.01)
        if node in self.interrupting:
            struck.set()
            with self.lock:
                if call == self.call:  # on a cluster an op may still run when its call has ended
                    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        if node in self.failing:
            struck.set()
            raise ZeroDivisionError("on purpose")

    def next_call(self, armed: bool) -> None:
        with self.lock:
            self.call += 1
            self.armed, self.struck = armed, threading.Event()


STATES: dict[int, State] = {}
NUMBERS = itertools.count()


def compute(number: int, node: int, *xs: Any) -> Any:
    state = STATES[number]
    with state.lock:
        state.running += 1
    try:
        if state.armed:
            state.strike(node)
        return sum(xs) + 1.0
    finally:
        with state.lock:
            state.running -= 1


def first_type(*types: Any) -> Any:
    return types[0]


def plan_of(number: int, waits: Sequence[Sequence[int]], size: int) -> Plan:
    hand = Hand(array_type((size,), np.dtype("float64")))
    ids: list[int] = []
    for node, earlier in enumerate(waits):
        op = Op(f"node{node}", first_type, partial(compute, number, node))
        ids.append(hand(op, *([ids[t] for t in earlier] or [0])))
    graph = hand.graph(*ids)
    return make_plan(graph, tuple((i,) for i in range(graph.first, graph.first + len(graph.nodes))))


Case: TypeAlias = tuple[tuple[tuple[int, ...], ...], State]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    count = draw(st.integers(2, 10))
    waits = tuple(tuple(sorted(draw(st.sets(st.integers(0, k - 1), max_size=2)))) if k else () for k in range(count))
    nodes = st.frozensets(st.integers(0, count - 1), max_size=2)
    failing, interrupting = draw(nodes), draw(nodes)
    return waits, State(failing, interrupting, draw(nodes))


GATE = threading.Event()
"""Set while a call is under way, which is when an interrupt is let through."""


def interrupt(number: int, frame: Any) -> None:
    if GATE.is_set():
        GATE.clear()
        raise KeyboardInterrupt


@pytest.fixture
def gate() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, interrupt)
    yield
    signal.signal(signal.SIGINT, before)


def outcome(call: Callable[[], Any]) -> tuple[str, Any]:
    """How a call ended, and its results."""
    try:
        try:
            GATE.set()
            return "right", call()
        finally:
            GATE.clear()
    except ZeroDivisionError:
        return "failed", None
    except KeyboardInterrupt:
        return "interrupted", None


def caller(way: str, plan: Plan, workers: int, clusters: dict[str, AbstractExecutor]) -> Callable[[Any], Any]:
    if way == "cluster":
        if IN_THREADS not in clusters:
            clusters[IN_THREADS] = FURTHER[IN_THREADS]()
        return partial(clusters[IN_THREADS].run, plan)
    executor = Threads(workers)
    return executor.bound(plan) if way == "replay" else partial(executor.run, plan)


def check(way: str, case: Case, workers: int, clusters: dict[str, AbstractExecutor]) -> Iterator[str]:
    waits, state = case
    number, size = next(NUMBERS), LARGE if way == "cluster" else 4
    STATES[number] = state
    try:
        plan = plan_of(number, waits, size)
        want = Serial().run(plan, [np.ones(size)])
        call = caller(way, plan, workers, clusters)
        for armed in (True, False, True, False):
            state.next_call(armed)
            x = np.ones(size)
            how, found = outcome(partial(call, [x]))
            if way != "cluster":
                assert not state.running, "an op runs on"
            yield how if armed else f"then {how}"
            assert armed or how == "right"
            assert how != "right" or not (armed and state.failing)
            x[:] = np.nan  # what still read it would show
            if how == "right":
                for a, b in zip(found, want, strict=True):
                    np.testing.assert_array_equal(a, b)
    finally:
        state.next_call(False)
        del STATES[number]


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize("way", ["replay", "dask", pytest.param("cluster", marks=pytest.mark.cluster)])
def test_whatever_happens_anywhere_the_call_ends_and_the_next_one_is_right(
    way: str, clusters: dict[str, AbstractExecutor]
) -> None:
    counts: Counter[str] = Counter()
    few, many = (15, 400) if way == "cluster" else (60, 3000)

    @settings(max_examples=many if is_deep() else few, deadline=None)
    @given(cases(), st.integers(2, 4))
    def every(case: Case, workers: int) -> None:
        counts["plans"] += 1
        counts.update(check(way, case, workers, clusters))
        if counts["plans"] % 100 == 0:
            print(f"\n{way}: {dict(sorted(counts.items()))}", flush=True)

    every()
    print(f"\n{way}, all: {dict(sorted(counts.items()))}")
    assert counts["failed"]
    assert counts["interrupted"]
    assert counts["then right"] == 2 * counts["plans"]
