from __future__ import annotations

from threadpoolctl import threadpool_info

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
