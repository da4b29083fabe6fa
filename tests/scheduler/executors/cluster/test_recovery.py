"""What is done with what Dask raises, on exceptions that are made up."""

from __future__ import annotations

from typing import Any

import distributed
import numpy as np
import pytest
from distributed.client import FutureCancelledError
from distributed.comm.core import CommClosedError

from backprop.errors import ClusterError, NoWorkersError, Source, WorkerLostError
from backprop.ops.core.op import Op
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.trigonometric import sin
from backprop.scheduler.executors.cluster.recovery import TRIES, decide, was_by_chance
from backprop.scheduler.planning.plan import Plan
from backprop.scheduler.planning.planner import make_plan
from tests.scheduler.graphs import Hand

DARK = Op("dark", lambda t: t, lambda x: x)


def plan() -> Plan:
    hand = Hand(array_type((4,), np.dtype(float)))
    a = hand(sin, 0, source=Source("user.py", 3, "loss"))
    b = hand(DARK, a, source=Source("user.py", 4, "loss"))
    return make_plan(hand.graph(b), ((a,), (b,)))


def ended(worker: str, key: Any) -> dict[str, Any]:
    """An event of Dask's scheduler."""
    return {"action": "remove-worker", "worker": worker, "expected": False, "processing-tasks": {key}}


def noted(error: Exception) -> Exception:
    error.add_note("while backprop ran dark")
    return error


@pytest.mark.parametrize(
    "error",
    [
        FutureCancelledError("k", "lost"),
        CommClosedError("gone"),
        TimeoutError(),
        OSError("timed out"),
        KeyError("bp-x"),
        KeyError("tls://10.0.0.1:1"),
    ],
    ids=repr,
)
def test_what_is_lost_is_sent_again_until_it_was_tried_often(error: Exception) -> None:
    for tries in range(1, TRIES):
        assert decide(error, plan(), tries, True) is None
    last = decide(error, plan(), TRIES, True)
    assert isinstance(last, WorkerLostError)
    assert f"ended while it ran dark; in each of {TRIES} runs" in str(last)
    assert "user.py:4" in str(last.where)
    gone = decide(error, plan(), 1, False)
    assert isinstance(gone, WorkerLostError)
    assert "scheduler" in str(gone)


@pytest.mark.parametrize(
    "error", [noted(OSError("of an op")), noted(KeyError("bp-")), ValueError("other"), NoWorkersError("none")], ids=repr
)
def test_what_an_op_or_this_package_raised_is_raised(error: Exception) -> None:
    assert decide(error, plan(), 1, True) is error


@pytest.mark.parametrize(
    ("key", "names"),
    [(("bp-fwd-0", 0), "sin"), (("bp-bwd-0", 1), "dark"), ("other", "dark"), (("bp-const-0", 0), "dark")],
)
def test_a_killed_worker_names_the_ops_of_its_task(key: Any, names: str) -> None:
    error = distributed.KilledWorker(key, "tcp://10.0.0.1:1", 3)  # type: ignore[no-untyped-call]
    raised = decide(error, plan(), TRIES, True)
    assert isinstance(raised, WorkerLostError)
    assert f"ran {names}; the last was tcp://10.0.0.1:1" in str(raised)


@pytest.mark.parametrize("key", [("bp-const-0", 0), ("bp-pick-0", 0, 1)])
def test_workers_that_are_killed_while_data_is_on_its_way_are_no_ops_fault(key: Any) -> None:
    data = distributed.KilledWorker(key, "tcp://10.0.0.1:1", 3)  # type: ignore[no-untyped-call]
    task = distributed.KilledWorker(("bp-fwd-0", 0), "tcp://10.0.0.1:1", 3)  # type: ignore[no-untyped-call]
    other = distributed.KilledWorker("chunk-of-the-users", "tcp://10.0.0.1:1", 3)  # type: ignore[no-untyped-call]
    assert decide(data, plan(), 1, True) is None
    for blamed in (task, other):
        assert isinstance(decide(blamed, plan(), 1, True), WorkerLostError)


KEY = ("bp-fwd-0", 0)
REFUSED = {"action": "retire-workers", "retired": (), "could-not-retire": ("tcp://a",)}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([REFUSED, ended("tcp://a", KEY)], True),
        ([REFUSED, ended("tcp://b", KEY)], False),
        ([REFUSED, ended("tcp://a", ("bp-fwd-0", 1))], False),
        ([REFUSED, ended("tcp://a", KEY) | {"expected": True}], False),
        ([ended("tcp://a", KEY), ended("tcp://b", KEY)], False),
        (["a word of a user's own", {}, REFUSED, ended("tcp://a", KEY), ended("tcp://b", KEY)], True),
    ],
)
def test_workers_that_had_announced_their_end_did_not_end_by_the_task(events: list[Any], expected: bool) -> None:
    assert was_by_chance(KEY, [(0.0, event) for event in events]) is expected
    error = distributed.KilledWorker(KEY, "tcp://10.0.0.1:1", 3)  # type: ignore[no-untyped-call]
    assert (decide(error, plan(), 1, True, expected) is None) is expected
    assert isinstance(decide(error, plan(), TRIES, True, expected), WorkerLostError)


def test_a_worker_without_the_package_is_said() -> None:
    error = RuntimeError("deserialisation")
    error.__cause__ = ModuleNotFoundError("No module named 'backprop'", name="backprop.graph")
    raised = decide(error, plan(), 1, True)
    assert isinstance(raised, ClusterError)
    assert "install backprop-dask" in raised.fix
