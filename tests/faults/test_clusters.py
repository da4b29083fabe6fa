"""Reports of users of clusters: data that went round by the client, what was stuck, kept or wrong, errors of Dask's.

As in all of this folder, only public names are used, so that the version that was reported on can be tried as well.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dask.array
import distributed
import numpy as np
import psutil
import pytest

import backprop as bp
from backprop.errors import BackpropError
from tests.traffic import sent_by

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore")]

MB = 1 << 20
W = np.linspace(-1.0, 1.0, 200_000)  # 1.6 MB, and so sent ahead of the tasks
SIDE = 1_400


def loss(w: Any) -> Any:
    return np.sum(np.tanh(w) ** 2)


GRADIENT = bp.grad(loss)(W)


@contextlib.contextmanager
def deployed(**options: Any) -> Iterator[distributed.Client]:
    """A client of a cluster that Dask starts, of one process unless the options say otherwise."""
    given = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": None, **options}
    with (
        distributed.LocalCluster(**given) as local,  # type: ignore[no-untyped-call]
        distributed.Client(local, set_as_default=False) as client,  # type: ignore[no-untyped-call]
    ):
        yield client


@pytest.fixture(scope="module")
def fragile() -> Iterator[distributed.Client]:
    """A client of a cluster whose only worker may be killed, and is started again."""
    with deployed(processes=True, memory_limit="900MB") as client:
        yield client


@pytest.fixture(scope="module")
def threads() -> Iterator[distributed.Client]:
    """A client of a cluster whose worker is a thread, and that is reached over TLS."""
    security = distributed.Security.temporary()  # type: ignore[no-untyped-call]
    with deployed(processes=False, protocol="tls://", security=security) as client:
        yield client


# The data goes round by the client.


def squares(w: Any, x: Any) -> Any:
    return np.mean((x @ w) ** 2)


def least(cluster: bp.Cluster, call: Callable[[], Any]) -> int:
    """The fewest bytes of some calls: Dask may copy a part, once, to a worker that has nothing to do."""
    return min([sent_by(cluster, call) for _ in range(4)])


@pytest.mark.parametrize("held", ["futures", "chunks"])
def test_data_on_the_workers_does_not_travel(processes: bp.Cluster, held: str) -> None:
    rows = dask.array.random.default_rng(0).normal(size=(20_000, 100), chunks=(5_000, 100))  # 16 MB
    whole = processes.client.compute(rows).result()
    given = distributed.futures_of(processes.client.persist(rows)) if held == "futures" else rows
    gradient, w = bp.grad(bp.minibatch(squares, 1), executor=processes), np.ones(100)
    np.testing.assert_allclose(gradient(w, given), bp.grad(squares)(w, whole), rtol=1e-9)
    assert least(processes, lambda: gradient(w, given)) < 2 * MB


@pytest.mark.parametrize("way", [bp.grad, lambda f, executor: bp.compile(bp.grad(f), executor=executor)])
def test_a_captured_array_travels_once(processes: bp.Cluster, way: Any) -> None:
    table = np.random.default_rng(1).normal(size=(SIDE, SIDE))  # 16 MB
    gradient, w = way(lambda w: np.sum((table @ w) ** 2), executor=processes), np.ones(SIDE)
    np.testing.assert_allclose(gradient(w), 2.0 * table.T @ (table @ w), rtol=1e-9)
    assert least(processes, lambda: gradient(w)) < 2 * MB


def test_an_array_inside_an_op_travels_once_and_without_a_warning(processes: bp.Cluster) -> None:
    table = np.random.default_rng(2).normal(size=(SIDE, SIDE))
    op = bp.op(lambda w: table @ w, vjp=lambda g, out, w: table.T @ g, like=0)
    gradient, w = bp.grad(lambda w: np.sum(op(w) ** 2), executor=processes), np.ones(SIDE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Dask warns of large graphs
        gradient(w)
    assert least(processes, lambda: gradient(w)) < 2 * MB


def transitions(client: distributed.Client) -> Any:
    """How often a task has changed its state in the scheduler."""
    return client.run_on_scheduler(_transitions)  # type: ignore[no-untyped-call]


def _transitions(dask_scheduler: Any) -> int:
    return int(dask_scheduler.transition_counter)


def steered(x: Any) -> Any:
    for _ in range(50):
        if x > 1.0:
            x = x / 2
    return x * x


@pytest.mark.parametrize("f", [steered, lambda x: x * np.sin(x)], ids=["questions", "a tiny plan"])
def test_what_is_tiny_is_no_task_of_dask(processes: bp.Cluster, f: Any) -> None:
    gradient = bp.grad(f, executor=processes)
    assert gradient(100.0) == bp.grad(f)(100.0)
    before = transitions(processes.client)
    gradient(100.0)
    assert transitions(processes.client) == before


# Stuck.


def test_a_function_with_its_executor_is_submitted(processes: bp.Cluster) -> None:
    client = processes.client
    there = client.submit(bp.grad(loss, executor=bp.Cluster(client)), W)
    assert there.result(timeout=100).tobytes() == GRADIENT.tobytes()


def test_an_executor_is_pickled_with_the_threads_of_blas(processes: bp.Cluster) -> None:
    assert pickle.loads(pickle.dumps(bp.Cluster(processes.client, blas_threads=2))).blas_threads == 2


def test_an_executor_over_tls_is_pickled_with_its_certificates(threads: distributed.Client) -> None:
    there = pickle.loads(pickle.dumps(bp.Cluster(threads)))
    with there:
        assert bp.grad(loss, executor=there)(W).tobytes() == GRADIENT.tobytes()


WITHOUT = "import sys; sys.modules.update(dict.fromkeys([m for m in sys.modules if m.startswith('backprop')], None))"


@pytest.mark.parametrize("w", [W[:10], W], ids=["small", "large"])
def test_workers_that_lack_the_package_are_one_error(w: Any) -> None:
    with deployed(processes=True) as client:
        client.run(exec, WITHOUT + "; sys.modules['backprop'] = None")
        with pytest.raises(BackpropError, match="cannot load backprop"):
            bp.grad(loss, executor=bp.Cluster(client))(w)


def test_a_scheduler_without_workers_is_an_error() -> None:
    with deployed(n_workers=0, processes=False) as client, pytest.raises(BackpropError, match="no worker has joined"):
        bp.grad(loss, executor=bp.Cluster(client, patience=0.2))(W)


@pytest.mark.parametrize("n", [0, -1])
def test_numbers_of_workers_that_cannot_be(n: int) -> None:
    with pytest.raises(BackpropError, match=f"cannot have {n} workers"):
        bp.Cluster(n_workers=n, processes=False).close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_a_forked_child_is_told_that_it_has_no_cluster(processes: bp.Cluster) -> None:
    gradient = bp.grad(loss, executor=processes)
    assert gradient(W).tobytes() == GRADIENT.tobytes()
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        os._exit(0 if is_refused(gradient) else 3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert gradient(W).tobytes() == GRADIENT.tobytes()


def is_refused(gradient: Any) -> bool:
    """Whether a gradient is an error of ours that speaks of a fork."""
    try:
        gradient(W)
    except BackpropError as error:
        return "forked" in str(error)
    return False


# Kept, on every executor.


class Table:
    """Data of 40 MB inside an op, which is made again where it is unpickled."""

    def __init__(self, k: int) -> None:
        self.values = np.full(5_000_000, float(k))
        TABLES.add(self)

    def __reduce__(self) -> Any:
        return Table, (int(self.values[0]),)


TABLES: weakref.WeakSet[Table] = weakref.WeakSet()


def count() -> int:
    """How many tables are alive in this process."""
    gc.collect()
    return len(TABLES)


def steps(executor: Any) -> None:
    """Twenty gradients, each of an op that is made for it, with a table."""

    def step(k: int) -> None:
        table = Table(k)
        op = bp.op(lambda w: table.values[0] * w, vjp=lambda g, out, w: table.values[0] * g, like=0, seconds=1.0)
        assert bp.grad(lambda w: np.sum(op(w)), executor=executor)(W)[0] == k

    for k in range(20):
        step(k)


def test_ops_that_are_made_anew_with_data_are_let_go_of(executor: Any) -> None:
    steps(executor)
    assert count() < 12  # of twenty: 256 MB are kept
    if isinstance(executor, bp.Cluster):
        assert max(executor.client.run(count).values()) < 12


def test_ops_that_are_made_anew_with_data_fill_no_worker(fragile: distributed.Client) -> None:
    steps(bp.Cluster(fragile))  # Dask pauses it at 720 MB, for good


TRACKER = "multiprocessing.resource_tracker"
"""A process that Python itself keeps for as long as it runs."""


def test_a_dropped_cluster_ends_its_processes() -> None:
    before = set(psutil.Process().children(recursive=True))
    cluster = bp.Cluster(n_workers=1)
    started = set(psutil.Process().children(recursive=True)) - before
    workers = [process for process in started if TRACKER not in " ".join(process.cmdline())]
    assert workers
    del cluster
    gc.collect()
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive


# Wrong.


def logs(x: Any) -> Any:
    return np.sum(np.log(x))


def test_the_error_state_and_warnings_hold_on_workers(processes: bp.Cluster) -> None:
    value = bp.evaluate(logs, executor=processes)
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        value(W)
    with pytest.warns(RuntimeWarning, match="invalid value"):
        value(W)


OTHER = "import numpy as np; f = np.linalg.cholesky; np.linalg.cholesky = lambda a: np.nextafter(f(a), np.inf)"


def often(gradient: Any) -> None:
    for _ in range(1_000):  # workers are asked who they are once a second
        gradient(W)


def test_a_worker_that_joins_later_with_other_bits_is_named() -> None:
    with deployed(processes=True) as client:
        gradient = bp.grad(loss, executor=bp.Cluster(client))
        assert gradient(W).tobytes() == GRADIENT.tobytes()
        first = set(client.nthreads())
        client.cluster.scale(2)
        client.wait_for_workers(2, timeout=100)
        (other,) = set(client.nthreads()) - first
        client.run(exec, OTHER, {}, workers=[other])
        with pytest.raises(BackpropError, match="give different bits"):
            often(gradient)


# Errors.


def once(path: Path) -> Any:
    """An op that kills the process of its worker when it first runs."""

    def compute(x: Any) -> Any:
        with contextlib.suppress(FileExistsError):
            path.touch(exist_ok=False)
            os.kill(os.getpid(), signal.SIGKILL)
        return x

    return bp.op(compute, vjp=lambda g, out, x: g, like=0, name="once", seconds=1.0)


def test_arguments_that_are_lost_with_a_worker_are_sent_again(fragile: distributed.Client, tmp_path: Path) -> None:
    op = once(tmp_path / "killed")
    found = bp.grad(lambda w: loss(op(w)), executor=bp.Cluster(fragile))(W)
    assert found.tobytes() == GRADIENT.tobytes()


def fill(x: Any) -> Any:
    held = np.ones(100_000_000)  # 800 MB
    threading.Event().wait(20.0)  # until Dask ends the worker
    return x * held[0]


def end(x: Any) -> Any:
    os._exit(3)


@pytest.mark.parametrize("fatal", [fill, end])
def test_an_op_that_ends_its_worker_is_named(fragile: distributed.Client, fatal: Any) -> None:
    fragile.run_on_scheduler(_forgive_nothing)  # type: ignore[no-untyped-call]
    op = bp.op(fatal, vjp=lambda g, out, x: g, like=0, name="fatal", seconds=1.0)
    with pytest.raises(BackpropError, match="fatal"):
        bp.grad(lambda w: np.sum(op(w)), executor=bp.Cluster(fragile))(W)


def _forgive_nothing(dask_scheduler: Any) -> None:
    dask_scheduler.allowed_failures = 0


def test_a_client_is_an_executor(threads: distributed.Client) -> None:
    assert bp.grad(loss, executor=threads)(W).tobytes() == GRADIENT.tobytes()


def test_a_closed_client_is_named(threads: distributed.Client) -> None:
    closed = distributed.Client(threads.cluster, set_as_default=False)  # type: ignore[no-untyped-call]
    closed.close()  # type: ignore[no-untyped-call]
    with pytest.raises(BackpropError, match="closed"):
        bp.Cluster(closed)


def test_an_asynchronous_client_is_named(threads: distributed.Client) -> None:
    waiting = distributed.Client(threads.cluster, asynchronous=True, set_as_default=False)  # type: ignore[no-untyped-call]
    try:
        with pytest.raises(BackpropError, match="asynchronous"):
            bp.Cluster(waiting)
    finally:
        threads.sync(waiting.close)  # type: ignore[no-untyped-call]


def test_workers_of_somebody_elses_cluster_are_not_ours_to_count(threads: distributed.Client) -> None:
    with pytest.raises(BackpropError, match="n_workers"):
        bp.Cluster(threads, n_workers=2)


SCRIPT = """
import backprop as bp
cluster = bp.Cluster(n_workers=1)
"""


def test_a_script_without_a_guard_is_told_so(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environ = {**os.environ, "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, env=environ)
    assert done.returncode != 0
    assert "__main__" in done.stderr.splitlines()[-1]
    assert len(done.stderr.splitlines()) < 120
