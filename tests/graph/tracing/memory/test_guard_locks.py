"""Of several open traces of one large array, the last one to end makes it writable again."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

import backprop as bp
from backprop.errors import MutationError
from backprop.graph.ownership import LOCKS, is_writable
from backprop.graph.tracing.memory.guard import LARGE, Guard


def large() -> Any:
    return np.zeros(LARGE)


def test_the_last_guard_releases() -> None:
    x, one, other = large(), Guard(), Guard()
    assert one.take(x) is x
    assert other.take(x) is x
    one.release()
    assert not x.flags.writeable
    assert LOCKS.holds(x)
    other.release()
    assert x.flags.writeable
    assert not LOCKS.holds(x)


def test_what_is_read_only_for_another_reason_stays_so() -> None:
    x, guard = large(), Guard()
    x.setflags(write=False)
    assert guard.take(x) is x
    guard.release()
    assert not x.flags.writeable


def test_a_view_that_was_made_while_its_base_is_locked_is_copied() -> None:
    x, one, other = large(), Guard(), Guard()
    one.take(x)
    view = x[1:]
    assert is_writable(view)
    taken = other.take(view)
    one.release()
    x[1] = 1.0
    assert taken[0] == 0.0


def test_a_trace_that_ends_does_not_unlock_the_array_of_another_thread() -> None:
    x, second_reads, first_ended = large(), threading.Event(), threading.Event()
    raised: list[BaseException] = []

    def second(v: Any) -> Any:
        total = np.sum(v)
        second_reads.set()
        assert first_ended.wait(60)
        x[0] = 1.0  # after v was read
        return total

    def run() -> None:
        try:
            bp.evaluate(second, bp.Serial())(x)
        except MutationError as error:
            raised.append(error)

    thread = threading.Thread(target=run)

    def first(v: Any) -> Any:
        thread.start()
        assert second_reads.wait(60)
        return np.sum(v)

    bp.evaluate(first, bp.Serial())(x)
    first_ended.set()
    thread.join(60)
    assert len(raised) == 1
    assert x[0] == 0.0
    x[0] = 2.0  # all traces have ended


def test_a_pullback_keeps_a_copy_of_what_another_trace_has_locked() -> None:
    x, guard = large(), Guard()
    guard.take(x)
    _, pullback = bp.vjp(lambda v: np.sum(v * v), x)
    guard.release()
    x[:] = 3.0
    assert not pullback(1.0)[0].any()
