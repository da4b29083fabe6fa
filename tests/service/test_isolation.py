"""Ops of the operator's own in processes that can be ended: the same bits, the same errors, an end when it is asked."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.api.verbs.call import called
from backprop.errors import DeadlineError, StoppedError, WorkerLostError
from backprop.ops.core.stopping import Stop, stoppable
from backprop.scheduler.executors.serial import Serial
from backprop.service.entries import Name
from backprop.service.isolation import Processes, isolated
from backprop.service.queue import Bounds
from tests.service.conftest import serving
from tests.service.test_client import same, until

X = np.linspace(0.5, 1.5, 50)


@bp.op(like=0)
def cube(x: Any) -> Any:
    return x**3


cube.defvjp(lambda g, out, x: 3.0 * g * x**2)
solve = bp.op(lambda x: (np.sqrt(x), np.sqrt(x)), lambda r, g: g / (2.0 * r), name="solve", like=0)


@bp.op(like=0)
def stuck(x: Any, path: str) -> Any:
    """Never ends."""
    Path(path).touch()
    threading.Event().wait(3600)
    return x


@bp.op(like=0)
def fragile(x: Any, how: str) -> Any:
    if how == "raise":
        raise FloatingPointError("no convergence")
    os._exit(7)


def loss(x: Any) -> Any:
    return np.sum(solve(cube(x)))


def plan_of(f: Any, *args: Any) -> Any:
    call = called(f, args)
    plan = Serial().prepare(call.plain)
    return plan, call.traced.inputs


def test_the_bits_are_those_of_this_process() -> None:
    plan, values = plan_of(bp.value_and_grad(loss), X)
    changed = isolated(plan)
    assert changed is not plan
    for mine, theirs in zip(Serial().run(plan, values), Serial().run(changed, values), strict=True):
        assert same(mine, theirs)


def test_a_plan_of_the_packages_ops_stays_as_it_is() -> None:
    plan, _ = plan_of(bp.grad(lambda x: np.sum(np.sin(x))), X)
    assert isolated(plan) is plan


def test_ops_in_loops_and_branches_are_changed_too() -> None:
    plan, values = plan_of(lambda x: bp.scan(lambda c, r: (cube(c), r), x, np.ones(2))[0], X)
    assert isolated(plan) is not plan
    assert same(Serial().run(isolated(plan), values)[0], (X**3) ** 3)


def test_exceptions_have_their_class_and_the_line() -> None:
    plan, values = plan_of(lambda x: fragile(x, "raise"), X)
    with pytest.raises(FloatingPointError, match="no convergence") as caught:
        Serial().run(isolated(plan), values)
    assert "test_isolation.py" in caught.value.__notes__[0]


def test_a_child_that_ends_is_an_error_and_the_next_one_works() -> None:
    plan, values = plan_of(lambda x: fragile(x, "exit"), X)
    with pytest.raises(WorkerLostError, match="fragile"):
        Serial().run(isolated(plan), values)
    plan, values = plan_of(cube, X)
    assert same(Serial().run(isolated(plan), values)[0], X**3)


def test_an_op_is_ended_in_the_middle(tmp_path: Path) -> None:
    stop, path = Stop(), tmp_path / "running"
    plan, values = plan_of(lambda x: stuck(x, str(path)), X)
    waiter = threading.Thread(target=lambda: (until(path.exists), stop.stop(StoppedError("enough"))))
    waiter.start()
    with stoppable(stop), pytest.raises(StoppedError, match="enough"):
        Serial().run(isolated(plan), values)
    waiter.join()


def test_what_is_stopped_before_it_starts_does_not_start(tmp_path: Path) -> None:
    stop = Stop()
    stop.stop(StoppedError("before"))
    processes = Processes()
    with stoppable(stop), pytest.raises(StoppedError, match="before"):
        processes.call(stuck, [X], {})
    processes.close()


@pytest.mark.parametrize("how", ["cancel", "deadline"])
def test_a_service_ends_them_and_the_slot_is_free(tmp_path: Path, how: str) -> None:
    path = tmp_path / "running"
    options: dict[str, Any] = {"bounds": Bounds(slots=1), "isolate": True}
    with serving(tmp_path, ops={"stuck": stuck}, **options) as service, bp.connect(service.url) as connection:
        future = connection.submit(lambda x: stuck(x, str(path)), X, deadline=3600.0)
        until(path.exists)
        if how == "cancel":
            assert future.cancel()
        else:
            service.desk.clock = lambda: time.time() + 7200.0
            with pytest.raises(DeadlineError):
                future.result(60)
        assert same(connection.submit(lambda x: np.sum(x), X).result(60), np.sum(X))
        assert service.desk.entry(Name("local", future.key)).state in ("cancelled", "expired")
        until(lambda: service.desk.queue.running == 0)
