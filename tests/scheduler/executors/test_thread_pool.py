from __future__ import annotations

import gc
import os
import pickle
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, wait
from contextvars import ContextVar
from typing import Any

import dask
import numpy as np
import pytest

import backprop as bp
from backprop.scheduler.events import Recorder
from backprop.scheduler.executors.thread_pool import PoolOfEachThread, ThreadPool

NAME: ContextVar[str] = ContextVar("name", default="none")


def until(condition: Callable[[], bool]) -> bool:
    """Whether something comes true within five seconds."""
    end = time.monotonic() + 5.0
    while not condition() and time.monotonic() < end:
        threading.Event().wait(0.005)
    return condition()


def pool_threads() -> int:
    return sum(thread.name.startswith("backprop-") for thread in threading.enumerate())


def test_jobs_give_results_and_exceptions() -> None:
    pool = ThreadPool(2)
    assert pool.submit(pow, 2, 5).result() == 32
    assert pool.submit(int, "11", base=2).result() == 3
    with pytest.raises(ZeroDivisionError):
        pool.submit(divmod, 1, 0).result()
    assert list(pool.map(abs, [-1, -2, -3])) == [1, 2, 3]


def test_as_many_jobs_run_at_once_as_there_are_threads() -> None:
    pool, barrier = ThreadPool(3), threading.Barrier(3)
    jobs = [pool.submit(barrier.wait, 5.0) for _ in range(3)]
    assert sorted(job.result() for job in jobs) == [0, 1, 2]


def test_more_jobs_than_threads_wait_for_their_turn() -> None:
    pool, names = ThreadPool(2), set()
    jobs = [pool.submit(lambda: names.add(threading.current_thread().name)) for _ in range(200)]
    wait(jobs, 5.0)
    assert all(job.done() for job in jobs)
    assert 1 <= len(names) <= 2


def test_jobs_from_many_threads() -> None:
    pool, total = ThreadPool(2), []
    callers = [
        threading.Thread(target=lambda k=k: total.extend(pool.submit(pow, k, 1).result() for _ in range(50)))
        for k in range(8)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(10.0)
    assert sorted(total) == sorted(list(range(8)) * 50)


def test_a_cancelled_job_does_not_run() -> None:
    pool, gate, ran = ThreadPool(1), threading.Event(), []
    first = pool.submit(gate.wait, 5.0)
    second = pool.submit(ran.append, 1)
    assert second.cancel()
    gate.set()
    assert first.result()
    assert pool.submit(len, ran).result() == 0


def test_a_job_sees_the_context_of_its_caller() -> None:
    token = NAME.set("mine")
    assert ThreadPool(1).submit(NAME.get).result() == "mine"
    NAME.reset(token)


def test_threads_end_with_the_pool() -> None:
    before = pool_threads()
    pool = ThreadPool(2)
    wait([pool.submit(pow, 1, 1) for _ in range(4)])
    assert pool_threads() > before
    del pool
    gc.collect()
    assert until(lambda: pool_threads() <= before)


def test_a_closed_pool_takes_no_jobs() -> None:
    pool = ThreadPool(1)
    pool.shutdown()
    with pytest.raises(RuntimeError):
        pool.submit(pow, 1, 1)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system does not tell cores")
def test_the_garbage_collector_may_close_a_pool_in_a_thread_that_takes_a_job() -> None:
    state = ThreadPool(1)._state

    def end() -> None:
        with state._lock:
            state.close()

    thread = threading.Thread(target=end, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


def test_a_thread_that_is_awake_may_run_on_any_core() -> None:
    cores = os.sched_getaffinity(0)
    pool = ThreadPool(len(cores))
    jobs = [pool.submit(os.sched_getaffinity, 0) for _ in range(4 * len(cores))]
    assert all(job.result() == cores for job in jobs)
    assert os.sched_getaffinity(0) == cores


def test_each_thread_that_asks_has_a_pool() -> None:
    pools, found = PoolOfEachThread(), []
    caller = threading.Thread(target=lambda: found.append(pools.of_this_thread(1)))
    caller.start()
    caller.join(5.0)
    mine = pools.of_this_thread(1)
    assert pools.of_this_thread(1) is mine
    assert found[0] is not mine


def test_a_forked_process_gets_threads_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    pools = PoolOfEachThread()
    mine = pools.of_this_thread(1)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert pools.of_this_thread(1) is not mine


def heavy(x: Any) -> Any:
    return sum(np.sum(np.tanh(x[k] @ x[k])) for k in range(4))


def test_a_task_may_run_a_plan_of_its_own() -> None:
    executor = bp.Threads(2)
    x = np.ones((4, 200, 200)) / 200
    inner = bp.op(lambda a: np.asarray(bp.grad(heavy, executor=executor)(x)[0] + 0 * a), like=0)

    def f(a: Any) -> Any:
        return sum(np.sum(inner(np.tanh(a[k] @ a[k]))) for k in range(4))

    got = bp.evaluate(f, executor=executor)(x)
    assert got == bp.evaluate(f, executor=bp.Serial())(x)


def test_an_executor_pickles_without_its_threads() -> None:
    again = pickle.loads(pickle.dumps(bp.Threads(3)))
    assert again.workers == 3


@pytest.mark.parametrize("kind", [bp.Serial, bp.Threads], ids=lambda kind: kind.__name__)
def test_an_executor_pickles_with_a_copy_of_its_recorder(kind: Any) -> None:
    executor = kind(recorder=Recorder())
    bp.grad(np.sum, executor=executor)(np.ones(3))
    again = pickle.loads(pickle.dumps(executor))
    assert again.recorder.events == executor.recorder.events != ()
    bp.grad(np.sum, executor=again)(np.ones(3))
    assert len(again.recorder.events) == 2 * len(executor.recorder.events)


def test_the_threads_of_a_pool_that_is_forgotten_end_even_where_something_holds_it() -> None:
    pools = PoolOfEachThread()
    held = pools.of_this_thread(2)
    thread = held.submit(threading.current_thread).result(30)
    pools.forget()
    thread.join(30)
    assert not thread.is_alive()
    assert pools.of_this_thread(2) is not held


def test_a_pool_of_processes_in_dasks_settings_is_not_used() -> None:
    """Tasks of threads are no pickles; threads of our own run them instead."""
    with ProcessPoolExecutor(1) as processes, dask.config.set(pool=processes):
        found = bp.grad(lambda x: np.sum(np.sin(x) * np.cos(x)), executor=bp.Threads(2))(np.ones(4))
    np.testing.assert_allclose(found, np.cos(2.0 * np.ones(4)))
