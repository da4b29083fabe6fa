"""Copies in threads: on workers that are made up, one of which is slow or wrong, and on a cluster."""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import distributed
import numpy as np
import pytest

import backprop as bp
from backprop.api.verbs.call import called
from backprop.errors import StoppedError, UnlikeWorkersError
from backprop.ops.core.stopping import Stop, check_stop, stoppable
from backprop.scheduler.events import Recorder
from backprop.scheduler.executors.serial import Serial
from backprop.service.copies.race import Policy
from backprop.service.copies.racing import Racing
from tests.executors import IN_THREADS

X = np.linspace(0.0, 1.0, 50)
DIGEST = "0" * 64
VOTED = Racing(Policy(vote=1.0))


class Workers(Serial):
    """Workers in this process: some that lie, and some that wait until they are stopped."""

    def __init__(self, count: int, liars: Sequence[str] = (), slow: Sequence[str] = ()) -> None:
        super().__init__()
        self.names = [f"w{k}" for k in range(count)]
        self.liars, self.slow, self.place = set(liars), set(slow), ()
        self.runs: list[tuple[str, ...]] = []
        self.stopped: list[tuple[str, ...]] = []

    @property
    def members(self) -> Workers:
        return self

    @property
    def used(self) -> tuple[str, ...]:
        return tuple(self.names)

    @property
    def idle(self) -> tuple[str, ...]:
        return tuple(self.names[1:])

    def on(self, addresses: Sequence[str], recorder: Recorder) -> Workers:
        found = copy.copy(self)
        found.place, found.recorder = tuple(addresses), recorder
        return found

    def leave_out(self, address: str) -> None:
        self.names.remove(address)

    def run(self, plan: Any, values: Sequence[Any]) -> tuple[Any, ...]:
        self.runs.append(self.place)
        while self.slow and (self.place or self.names)[0] in self.slow:
            try:
                check_stop()
            except StoppedError:
                self.stopped.append(self.place)
                raise
            threading.Event().wait(0.01)
        results = super().run(plan, values)
        return tuple(r + 1e-9 for r in results) if self.liars & set(self.place) else results


def plan_of(f: Any) -> Any:
    call = called(f, (X,))
    return Serial().prepare(call.plain), call.traced.inputs


PLAN = plan_of(lambda x: np.sin(x) * x)
RIGHT = np.sin(X) * X


def test_a_vote_that_agrees() -> None:
    workers = Workers(4)
    (found,) = VOTED.run(workers, *PLAN, DIGEST)
    assert found.tobytes() == RIGHT.tobytes()
    assert sorted(workers.runs) == [("w0",), ("w1",)]


def test_a_worker_that_lies_is_named_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, logger="backprop.service")  # a LocalCluster that is silent silences all handlers
    workers = Workers(4, liars=["w1"])
    (found,) = VOTED.run(workers, *PLAN, DIGEST)
    assert found.tobytes() == RIGHT.tobytes()
    assert workers.names == ["w0", "w2", "w3"]
    assert "w1" in caplog.text
    assert "left out" in caplog.text


def test_two_workers_that_disagree() -> None:
    with pytest.raises(UnlikeWorkersError, match="w0 and w1"):
        VOTED.run(Workers(2, liars=["w1"]), *PLAN, DIGEST)


def test_an_exception_on_which_workers_agree_is_the_runs() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        VOTED.run(Workers(3), *plan_of(lambda x: np.linalg.inv(np.outer(x, x) * 0.0)), DIGEST)


def test_a_straggler_gets_a_second_copy_and_is_stopped() -> None:
    workers = Workers(3, slow=["w0"])
    workers.recorder = Recorder()
    racing = Racing(Policy(late=1.0, least=0.05))
    (found,) = racing.run(workers, *PLAN, DIGEST)
    assert found.tobytes() == RIGHT.tobytes()
    assert workers.runs == [(), ("w1", "w2")]
    assert len(workers.recorder.finished) == 1
    for _ in range(3000):
        if workers.stopped:
            break
        threading.Event().wait(0.01)
    assert workers.stopped == [()]


def test_a_run_that_is_stopped_stops_its_copies() -> None:
    workers, stop = Workers(3, slow=["w0"]), Stop()

    def run() -> Any:
        with stoppable(stop):
            return Racing(Policy(late=1e9, least=1e9)).run(workers, *PLAN, DIGEST)

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(run)
        while not workers.runs:
            threading.Event().wait(0.01)
        stop.stop(StoppedError("enough"))
        with pytest.raises(StoppedError, match="enough"):
            future.result(30)


@pytest.mark.parametrize("vote", [0.0, 1.0])
def test_a_run_that_begins_when_there_are_no_workers_runs_where_some_come(vote: float) -> None:
    workers = Workers(0)
    (found,) = Racing(Policy(vote=vote)).run(workers, *PLAN, DIGEST)
    assert found.tobytes() == RIGHT.tobytes()
    assert workers.runs == [()]


@pytest.mark.cluster
@pytest.mark.parametrize("executor", [IN_THREADS], indirect=True)
def test_on_a_cluster(executor: bp.Cluster) -> None:
    @bp.op(like=0, seconds=1.0)
    def different(x: Any) -> Any:
        return x + float(distributed.get_worker().address.rpartition(":")[2])  # no two workers have the same port

    @bp.op(like=0, seconds=1.0)
    def alike(x: Any) -> Any:
        return x + 1.0

    plan, values = plan_of(alike)
    assert len(executor.members.used) == 2
    assert set(executor.members.idle) <= set(executor.members.used)
    (found,) = VOTED.run(executor, plan, values, DIGEST)
    assert found.tobytes() == (X + 1.0).tobytes()
    with pytest.raises(UnlikeWorkersError, match="different results"):
        VOTED.run(executor, *plan_of(different), DIGEST)
