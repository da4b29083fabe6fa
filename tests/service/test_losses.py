"""Runs that lose their cluster: which are repeated, how often, and what ends the waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from backprop.errors import NoWorkersError, SchedulerLostError, StoppedError, WorkerLostError
from backprop.ops.core.stopping import Stop, stoppable
from backprop.service import losses
from backprop.service.losses import LONGEST, MOST, Losses, repeated

GONE, EMPTY, ENDED = SchedulerLostError("gone"), NoWorkersError("none"), WorkerLostError("ended")


def test_a_scheduler_that_is_gone_and_a_cluster_without_workers_are_waited_for_without_end() -> None:
    found = Losses()
    pauses = [found.pause(error, False) for error in (GONE, EMPTY) * 100]
    assert all(pause is not None and 0.0 < pause <= LONGEST for pause in pauses)
    assert pauses[0] != pauses[1]
    assert pauses[-1] == LONGEST


@pytest.mark.parametrize(("error", "has_workers"), [(ENDED, True), (ENDED, False), (EMPTY, True)])
def test_workers_that_end_or_are_paused_with_a_run_are_counted(error: Exception, has_workers: bool) -> None:
    found = Losses()
    assert [found.pause(error, has_workers) is not None for _ in range(MOST + 1)] == [True] * MOST + [False]


def test_what_an_op_has_raised_is_not_repeated() -> None:
    raised = WorkerLostError("a process of the op's own ended")
    raised.add_note("in the op solve")
    assert Losses().pause(raised, True) is None
    assert Losses().pause(ValueError("other"), True) is None


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "FIRST", 0.0)


def running(*outcomes: Any) -> Any:
    left: Iterator[Any] = iter(outcomes)

    def run() -> Any:
        found = next(left)
        if isinstance(found, Exception):
            raise found
        return found

    return run


@pytest.mark.usefixtures("at_once")
def test_a_run_is_repeated_until_it_has_an_answer_or_is_to_blame() -> None:
    assert repeated(running(GONE, ENDED, EMPTY, 3), lambda: False) == 3
    with pytest.raises(WorkerLostError, match="ended"):
        repeated(running(*[ENDED] * (MOST + 1), 3), lambda: True)
    with pytest.raises(ValueError, match="other"):
        repeated(running(GONE, ValueError("other"), 3), lambda: True)


def test_a_run_that_waits_is_stopped_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "FIRST", 1e6)
    monkeypatch.setattr(losses, "LONGEST", 1e6)
    stop, asked = Stop(), threading.Event()

    def is_asked() -> bool:
        asked.set()
        return False

    def stopping() -> None:
        asked.wait(60)
        stop.stop(StoppedError("enough"))

    thread = threading.Thread(target=stopping)
    thread.start()
    with stoppable(stop), pytest.raises(StoppedError, match="enough"):
        repeated(running(GONE), is_asked)
    thread.join()
