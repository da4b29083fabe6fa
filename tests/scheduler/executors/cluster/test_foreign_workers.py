"""Schedulers and workers that somebody else has started: one is lost and comes back, others lack packages, memory."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import ClusterError, SchedulerLostError, UnlikeWorkersError, WorkerLostError
from backprop.scheduler.executors.cluster import waiting
from tests.processes import free_port, process

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore")]

SCHEDULER, WORKER = "distributed.cli.dask_scheduler", "distributed.cli.dask_worker"
SMALL, LARGE = np.linspace(0.0, 1.0, 30), np.linspace(0.0, 1.0, 100_000)  # LARGE is sent ahead


def worked(x: Any) -> Any:
    return np.tanh(x)


slow = bp.op(worked, vjp=lambda g, out, x: g * (1 - out * out), like=0, name="slow", seconds=0.5)


def loss(w: Any) -> Any:
    return np.sum(slow(w) * slow(w + 1.0))


def module(name: str, *options: str, ready: str, before: str = "") -> Any:
    """A process of a module that has said that it is ready.

    Arguments:
        name: of the module.
        options: its words.
        ready: a pattern of the line that says so.
        before: code that runs first.
    """
    run = f"import runpy, sys; sys.argv = {[name, *options]}; runpy.run_module({name!r}, run_name='__main__')"
    return process("-c", f"{before}\n{run}", ready=ready)


def scheduler(port: int) -> Any:
    words = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    return module(SCHEDULER, *words, ready="Scheduler at")


def worker(port: int, before: str = "", *options: str) -> Any:
    words = (f"tcp://127.0.0.1:{port}", "--no-dashboard", "--nthreads", "1", *(options or ("--no-nanny",)))
    return module(WORKER, *words, ready="Registered to", before=before)


@pytest.fixture
def port() -> int:
    return free_port()


def test_a_worker_that_lacks_the_package_is_one_error(port: int) -> None:
    with scheduler(port), worker(port, "import sys; sys.modules['backprop'] = None"):
        for x in (SMALL, LARGE):  # which would wait for ever, and be forgotten
            with pytest.raises(ClusterError, match=r"the worker tcp://\S+ cannot load backprop") as caught:
                bp.grad(loss, executor=f"tcp://127.0.0.1:{port}")(x)
            assert "install backprop-dask" in caught.value.fix


OTHER = """
import importlib.metadata
import numpy as np
exp, version = np.exp, importlib.metadata.version
np.exp = lambda *a, **k: np.nextafter(exp(*a, **k), np.inf)
importlib.metadata.version = lambda name: "9.9" if name == "numpy" else version(name)
"""


def test_workers_of_other_versions_that_give_other_bits_are_named(port: int) -> None:
    with (
        scheduler(port),
        worker(port),
        worker(port, OTHER),
        pytest.raises(UnlikeWorkersError, match=r"numpy 9\.9"),
    ):
        bp.grad(loss, executor=f"tcp://127.0.0.1:{port}")(LARGE)


def test_a_scheduler_that_is_lost_and_comes_back_and_one_that_does_not(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [bp.grad(loss, executor=bp.Serial())(v).tobytes() for v in (SMALL, LARGE)]
    with scheduler(port) as first, worker(port):
        cluster = bp.Cluster(f"tcp://127.0.0.1:{port}", patience=60.0)
        gradient = bp.grad(loss, executor=cluster)
        compiled = bp.compile(gradient, executor=cluster)
        for call in (gradient, compiled, compiled):
            assert [call(v).tobytes() for v in (SMALL, LARGE)] == expected
        os.kill(first.pid, signal.SIGKILL)
        first.wait(30)
    with scheduler(port) as second, worker(port):
        for call in (gradient, compiled, compiled):
            assert [call(v).tobytes() for v in (SMALL, LARGE)] == expected
        os.kill(second.pid, signal.SIGKILL)
        second.wait(30)
    monkeypatch.setattr(waiting, "RECONNECTION", 0.5)
    width = cluster.workers  # what is planned meanwhile is planned for the workers there were
    with pytest.raises(SchedulerLostError, match="the scheduler of the cluster is gone"):
        gradient(LARGE)
    cluster.client.close()  # as Dask does where it has looked for the scheduler for long
    with pytest.raises(SchedulerLostError, match="the scheduler of the cluster is gone"):
        gradient(LARGE)
    assert cluster.workers == width
    monkeypatch.undo()
    with scheduler(port), worker(port):
        for call in (gradient, compiled, compiled):
            assert [call(v).tobytes() for v in (SMALL, LARGE)] == expected
    cluster.close()
    with pytest.raises(SchedulerLostError):
        gradient(LARGE)


def filled(x: Any) -> Any:
    held = np.ones(60_000_000)  # 480 MB
    threading.Event().wait(20.0)  # until Dask ends the worker
    return x * held[0]


fills = bp.op(filled, vjp=lambda g, out, x: g, like=0, name="fills", seconds=1.0)


def test_an_op_that_takes_more_memory_than_a_worker_has_is_named(port: int) -> None:
    with (
        module(
            SCHEDULER,
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--no-dashboard",
            ready="Scheduler at",
            before="import dask; dask.config.set({'distributed.scheduler.allowed-failures': 0})",
        ),
        worker(port, "", "--nanny", "--memory-limit", "400MB"),
        bp.Cluster(f"tcp://127.0.0.1:{port}", patience=60.0) as cluster,
    ):
        with pytest.raises(WorkerLostError, match="ran fills") as caught:
            bp.grad(lambda w: np.sum(fills(w)), executor=cluster)(LARGE)
        assert "memory" in caught.value.fix
        assert "test_foreign_workers.py" in str(caught.value.where)
        assert bp.grad(loss, executor=cluster)(LARGE).tobytes() == bp.grad(loss, executor=bp.Serial())(LARGE).tobytes()
