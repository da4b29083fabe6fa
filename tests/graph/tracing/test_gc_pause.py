"""The collector is paused for a block, and is then as it was."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from backprop.graph.tracing.gc_pause import gc_paused


@pytest.fixture(autouse=True)
def enabled() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_the_collector_is_paused_and_goes_on() -> None:
    with gc_paused():
        assert not gc.isenabled()
        with gc_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_after_an_exception() -> None:
    with pytest.raises(ZeroDivisionError), gc_paused():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    with gc_paused():
        pass
    assert not gc.isenabled()


def test_a_function_can_be_decorated() -> None:
    @gc_paused()
    def function() -> bool:
        return gc.isenabled()

    assert not function()
    assert not function()
    assert gc.isenabled()
