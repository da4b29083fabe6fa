from __future__ import annotations

from typing import Any

import pytest
from threadpoolctl import threadpool_info

from backprop.scheduler.machine import blas
from backprop.scheduler.machine.blas import blas_threads


def threads() -> list[int]:
    return [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"]


def test_one_thread_inside_and_as_before_outside() -> None:
    with blas_threads(None):
        before = threads()
    with blas_threads(1):
        assert set(threads()) == {1}
        with blas_threads(1):
            assert set(threads()) == {1}
        assert set(threads()) == {1}
    assert threads() == before


def test_the_first_run_decides_and_the_last_one_restores() -> None:
    before = threads()
    one, two = blas_threads(1), blas_threads(2)
    one.__enter__()
    two.__enter__()
    assert set(threads()) == {1}
    one.__exit__(None, None, None)
    assert set(threads()) == {1}
    two.__exit__(None, None, None)
    assert threads() == before


class Interrupted:
    """Sets the number of threads of a library, but is interrupted at one of the calls."""

    def __init__(self, at: int, set_threads: Any) -> None:
        self.left = at
        self.set_threads = set_threads

    def __call__(self, library: Any, number: int) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        self.set_threads(library, number)


@pytest.mark.parametrize("at", range(1, 7))
def test_after_an_interrupt_at_any_call_the_next_run_has_one_thread(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with blas_threads(2):  # so that there is something to change, also on a machine with one core
        before = threads()
    original = [library.get_threads() for library in blas._limiter()._libraries]
    for library in blas._limiter()._libraries:
        blas._set_threads(library, 2)
    monkeypatch.setattr(blas, "_set_threads", Interrupted(at, blas._set_threads))
    for _ in range(2):
        try:
            with blas_threads(1):
                assert set(threads()) == {1}
        except KeyboardInterrupt:
            pass
    monkeypatch.undo()
    with blas_threads(1):
        assert set(threads()) == {1}
    assert threads() == before
    for library, number in zip(blas._limiter()._libraries, original, strict=True):
        blas._set_threads(library, number)


def test_a_run_that_could_not_leave_holds_nothing_when_it_is_gone() -> None:
    before, lost = threads(), blas_threads(2)
    lost.__enter__()
    del lost
    with blas_threads(1):
        assert set(threads()) == {1}
    assert threads() == before
