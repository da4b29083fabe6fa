"""A failure, Ctrl-C or a slow task at any step: the call ends, all is quiet, and the next call is right.

On threads, by replay and through `dask.threaded`, and on a cluster. Nothing here sleeps: threads meet at barriers and
events. Where a call did not end, the test would not either; so a watchdog ends the whole run and prints what each
thread is doing.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backprop as bp
from backprop.graph.graph import Graph
from backprop.ops.core.op import Op
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.arithmetic import add
from backprop.ops.elementwise.trigonometric import sin
from backprop.scheduler.executors.base import AbstractExecutor
from backprop.scheduler.executors.serial import Serial
from backprop.scheduler.executors.threads import Threads
from backprop.scheduler.planning.plan import Plan
from backprop.scheduler.planning.planner import make_plan
from tests.executors import FURTHER, IN_THREADS
from tests.scheduler.graphs import Hand

X = array_type((4,), np.dtype("float64"))
WAYS = ["replay", "dask"]
posix = pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals cannot be sent to a thread")


@pytest.fixture(autouse=True)
def watchdog() -> Iterator[None]:
    faulthandler.dump_traceback_later(120.0, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def caller(way: str, executor: Threads, plan: Plan) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """A plan on threads, as a replay or through `dask.threaded`."""
    return executor.bound(plan) if way == "replay" else lambda values: executor.run(plan, values)


def node_a_task(graph: Graph) -> Plan:
    return make_plan(graph, tuple((i,) for i in range(graph.first, graph.first + len(graph.nodes))))


class Faulty:
    """A random graph of which chosen nodes fail or are slow, while it is armed.

    Arguments:
        waits: for each node, the nodes it reads.
        failing: the nodes that fail.
        slow: the nodes that end only after one has failed.
    """

    def __init__(self, waits: Sequence[Sequence[int]], failing: frozenset[int], slow: frozenset[int]) -> None:
        self.armed = False
        self.running = 0
        self.lock = threading.Lock()
        self.failed = threading.Event()
        hand = Hand(X)
        ids: list[int] = []
        for node, earlier in enumerate(waits):
            op = Op(f"node{node}", lambda *types: types[0], self.computed(node in failing, node in slow))
            ids.append(hand(op, *([ids[t] for t in earlier] or [0])))
        self.plan = node_a_task(hand.graph(*ids))

    def computed(self, fails: bool, slow: bool) -> Callable[..., Any]:
        def compute(*xs: Any) -> Any:
            with self.lock:
                self.running += 1
            try:
                if self.armed and slow:
                    self.failed.wait(0.02)
                if self.armed and fails:
                    self.failed.set()
                    raise ZeroDivisionError("on purpose")
                return sum(xs) + 1.0
            finally:
                with self.lock:
                    self.running -= 1

        return compute


@st.composite
def faulty(draw: st.DrawFn) -> Faulty:
    count = draw(st.integers(2, 10))
    waits = [sorted(draw(st.sets(st.integers(0, k - 1), max_size=2))) if k else [] for k in range(count)]
    nodes = st.sets(st.integers(0, count - 1), min_size=1, max_size=3)
    return Faulty(waits, frozenset(draw(nodes)), frozenset(draw(nodes)))


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=100)
@given(faulty(), st.integers(1, 4))
def test_a_failure_anywhere_ends_the_call_and_leaves_all_quiet(way: str, case: Faulty, workers: int) -> None:
    want = Serial().run(case.plan, [np.ones(4)])
    call = caller(way, Threads(workers), case.plan)
    for armed in (True, False, True, False):
        case.armed = armed
        case.failed.clear()
        if armed:
            with pytest.raises(ZeroDivisionError, match="on purpose"):
                call([np.ones(4)])
            assert case.running == 0
        else:
            for a, b in zip(call([np.ones(4)]), want, strict=True):
                np.testing.assert_array_equal(a, b)


@pytest.mark.cluster
def test_a_failure_on_a_cluster_ends_the_call_and_the_next_one_is_right(clusters: dict[str, AbstractExecutor]) -> None:
    if IN_THREADS not in clusters:
        clusters[IN_THREADS] = FURTHER[IN_THREADS]()
    cluster = clusters[IN_THREADS]

    def fail(x: Any) -> Any:
        if np.any(x > 5):
            raise ZeroDivisionError("on purpose")
        return x + 1

    op = Op("fail", lambda t: t, fail)
    for at in range(4):
        hand = Hand(X)
        ids = [hand(sin, 0) if k != at else hand(op, 0) for k in range(4)]
        plan = node_a_task(hand.graph(*[hand(add, i, 0) for i in ids]))
        with pytest.raises(ZeroDivisionError):
            cluster.run(plan, [np.full(4, 9.0)])
        for a, b in zip(cluster.run(plan, [np.ones(4)]), Serial().run(plan, [np.ones(4)]), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_compiled_function_one_of_whose_branches_raises() -> None:
    """The thread that asked used to spin with the lock held, and the helper waited for it for ever."""
    wrong = threading.Event()

    def compute(x: Any) -> Any:
        if wrong.is_set():
            raise FloatingPointError("on purpose")
        return x + 1

    risky = bp.op(compute, vjp=lambda g, out, x: g, like=0)

    def loss(x: Any) -> Any:
        return sum(np.sum(np.tanh(risky(x[k] @ x[k])) @ x[k]) for k in range(4))

    x = np.random.default_rng(0).normal(size=(4, 200, 200)) / 200
    compiled = bp.compile(bp.grad(loss), executor=Threads(2))
    want = compiled(x)
    assert len(compiled.plan(x).tasks) > 2
    np.testing.assert_array_equal(compiled(x), want)
    for _ in range(20):
        wrong.set()
        with pytest.raises(FloatingPointError, match="on purpose"):
            compiled(x)
        wrong.clear()
        np.testing.assert_array_equal(compiled(x), want)


@posix
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a callback of the collector drops one
@pytest.mark.parametrize("way", WAYS)
def test_an_interrupt_while_a_helper_works_waits_for_that_one_and_starts_no_other(way: str) -> None:
    armed, begun, ended, later = [True], threading.Event(), threading.Event(), []

    def slow(x: Any) -> Any:
        if armed[0] and threading.current_thread() is not threading.main_thread():
            begun.set()
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            threading.Event().wait(0.05)  # long enough for the asker to go, were it not to wait
            ended.set()
        return x + 1

    def until_begun(x: Any) -> Any:
        if armed[0] and threading.current_thread() is threading.main_thread():
            begun.wait(30.0)
        return x

    def count(x: Any) -> Any:
        later.append(1)
        return x + 1

    hand = Hand(X)
    first = Op("first", lambda t: t, lambda x: slow(until_begun(x)))
    ends = [hand(Op("later", lambda t: t, count), hand(first, 0)) for _ in range(2)]
    plan = node_a_task(hand.graph(*ends))
    call = caller(way, Threads(2), plan)
    with pytest.raises(KeyboardInterrupt):
        call([np.ones(4)])
    assert ended.is_set()
    assert not later
    armed[0] = False
    for a in call([np.ones(4)]):
        np.testing.assert_array_equal(a, np.full(4, 3.0))


class Counted:
    """An op that counts how many of its calls are under way."""

    def __init__(self) -> None:
        self.inside = 0
        self.lock = threading.Lock()
        self.op = Op("counted", lambda t: t, self.compute)

    def compute(self, x: Any) -> Any:
        with self.lock:
            self.inside += 1
        try:
            return np.sin(x)
        finally:
            with self.lock:
                self.inside -= 1


def is_in_an_executor(frame: FrameType | None) -> bool:
    """Whether a thread is in the code under test, and not in the test around it or in its op."""
    if frame is None or frame.f_code is Counted.compute.__code__:
        return False
    while frame is not None and "backprop/scheduler/executors" not in frame.f_code.co_filename.replace("\\", "/"):
        frame = frame.f_back
    return frame is not None


def interrupt(number: int, frame: FrameType | None) -> None:
    if is_in_an_executor(frame):
        raise KeyboardInterrupt


@pytest.fixture
def alarm() -> Iterator[Callable[[float], None]]:
    """Sets the seconds after which this thread is interrupted, if it is in an executor then; 0 for never."""
    before = signal.signal(signal.SIGALRM, interrupt)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    signal.signal(signal.SIGALRM, before)


@posix
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Python drops what a destructor raises
@pytest.mark.parametrize("way", WAYS)
def test_an_interrupt_at_any_moment_ends_the_call_and_the_next_one_is_right(way: str, alarm: Any) -> None:
    counted, hand = Counted(), Hand(X)
    plan = node_a_task(hand.graph(*[hand(counted.op, hand(counted.op, 0)) for _ in range(6)]))
    call = caller(way, Threads(3), plan)
    want, interrupts = Serial().run(plan, [np.ones(4)]), 0
    for k in range(300):
        try:
            alarm(5e-6 + 4e-6 * k)
            call([np.ones(4)])
        except KeyboardInterrupt:
            interrupts += 1
            assert counted.inside == 0
        alarm(0.0)
        for a, b in zip(call([np.ones(4)]), want, strict=True):
            np.testing.assert_array_equal(a, b)
    assert interrupts > 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("way", WAYS)
def test_a_child_that_was_forked_while_an_executor_existed(way: str) -> None:
    hand = Hand(X)
    plan = node_a_task(hand.graph(*[hand(sin, hand(sin, 0)) for _ in range(4)]))
    call = caller(way, Threads(2), plan)
    want = call([np.ones(4)])
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # the watchdog's thread was not copied, and cannot be asked for another time
        same = all(np.array_equal(a, b) for a, b in zip(call([np.ones(4)]), want, strict=True))
        os._exit(0 if same else 3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
