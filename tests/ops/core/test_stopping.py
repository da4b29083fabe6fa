"""A Stop: the first error counts, and whoever waits is called once."""

from __future__ import annotations

import pytest

from backprop.ops.core.stopping import Stop, check_stop, current_stop, stoppable


def test_the_first_error_counts() -> None:
    stop = Stop()
    stop.stop(ValueError("first"))
    stop.stop(ValueError("second"))
    with stoppable(stop), pytest.raises(ValueError, match="first"):
        check_stop()
    check_stop()  # outside of the block nothing is stopped


def test_what_is_called() -> None:
    stop, calls = Stop(), []
    with stop.calling(lambda: calls.append("early")):
        stop.stop(ValueError())
        stop.stop(ValueError())
    with stop.calling(lambda: calls.append("late")):
        pass
    assert calls == ["early", "late"]


def test_a_block_that_has_been_left_is_not_called() -> None:
    stop, calls = Stop(), []
    with stop.calling(lambda: calls.append("left")):
        pass
    stop.stop(ValueError())
    assert calls == []


def test_blocks_in_blocks() -> None:
    outer, inner = Stop(), Stop()
    with stoppable(outer):
        with stoppable(inner):
            assert current_stop() is inner
        with stoppable(None):
            assert current_stop() is None
        assert current_stop() is outer
