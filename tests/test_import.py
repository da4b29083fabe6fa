"""What is imported when: nothing that a function does not need, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

import backprop as bp

HEAVY = ("dask", "dask.array", "distributed", "urllib3", "cryptography", "rich", "asyncio")
OURS = ("backprop.testing", "backprop.service", "backprop.api.connection", "backprop.scheduler.executors.cluster")
LOSS = "import backprop as bp, numpy as np; f = lambda x: np.sum(np.sin(x)); x = np.ones(3); "


def imported(script: str) -> set[str]:
    """The modules that are there after a script, in a fresh process."""
    code = f"{script}\nimport sys; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_import_backprop_waits_for_nothing() -> None:
    found = imported("import backprop")
    assert not found.intersection((*HEAVY, *OURS, "numpy", "scipy"))


@pytest.mark.parametrize(
    "script",
    [
        "bp.grad(f, executor='serial')(x)",
        "bp.grad(f)(x); bp.compile(bp.grad(f))(x)",
        "bp.grad(f, executor='threads:2')(x)",
        "bp.compile(f, executor=bp.Serial())(x)",
        "bp.jacobian(lambda x: np.sin(x) * x, executor='serial')(x)",
    ],
)
def test_a_gradient_in_this_thread_needs_no_dask(script: str) -> None:
    assert not imported(LOSS + script).intersection((*HEAVY, *OURS))


def test_a_gradient_on_threads_needs_no_dask_array_and_no_cluster() -> None:
    found = imported(f"{LOSS}bp.grad(f, executor='threads:2')(x); bp.compile(bp.grad(f))(x)")
    assert not found.intersection(("dask.array", "distributed", "urllib3", "cryptography", *OURS))


def test_names_are_listed_before_they_are_loaded() -> None:
    script = "import backprop; print(*dir(backprop)); assert 'numpy' not in __import__('sys').modules"
    listed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert set(bp.__all__) <= set(listed)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="gradient"):
        bp.gradient  # type: ignore[attr-defined]  # noqa: B018
    script = "from backprop import *; grad; Cluster"
    assert "distributed" in imported(script)


@pytest.mark.parametrize(
    ("name", "instead"),
    [("jit", "backprop.compile"), ("jacfwd", 'mode="forward"'), ("jacrev", 'mode="reverse"'), ("pmap", "minibatch")],
)
def test_what_others_call_something_says_what_it_is_called_here(name: str, instead: str) -> None:
    with pytest.raises(AttributeError, match=instead):
        getattr(bp, name)


def test_a_graph_becomes_bytes_whatever_was_imported() -> None:
    script = "import backprop as bp; g = bp.Graph((bp.ArrayType(3),), (), (0,)); assert g.from_bytes(g.to_bytes()) == g"
    assert "backprop.graph.wire.graphs" in imported(script)


def test_what_a_first_gradient_does_not_need_is_not_loaded() -> None:
    found = imported(f"{LOSS}bp.grad(f)(x)") - imported("import scipy.special")
    unused = {"scipy.linalg", "scipy.sparse", "backprop.graph.wire.graphs", "backprop.scheduler.learning.node_clock"}
    assert not found.intersection(unused)
    assert not found.intersection({"backprop.graph.passes", "backprop.graph.passes.tiling.tile"})
    assert not found.intersection({"backprop.scheduler.planning.partition", "backprop.scheduler.learning.course"})
    assert "backprop.scheduler.programs.memory.workspace" not in found


def test_the_collector_is_as_it_was_after_a_name_was_loaded() -> None:
    script = (
        "import gc, backprop as bp; bp.grad; assert gc.isenabled(); gc.disable(); bp.jvp; assert not gc.isenabled()"
    )
    assert "backprop.api.verbs.forward" in imported(script)


def test_sparse_matrices_are_known_whenever_they_come() -> None:
    later = "import scipy.sparse as sp; A = sp.csr_array(np.eye(3)); bp.grad(lambda A: np.sum(A @ x))(A).toarray()"
    assert "scipy.sparse" in imported(f"{LOSS}bp.grad(f)(x); {later}")


def test_several_tasks_on_threads_need_no_dask_where_nobody_else_has_it() -> None:
    script = """
    f = bp.grad(lambda xs: sum(np.sum(np.sin(x) * np.exp(x)) for x in xs))
    xs = [np.linspace(0.0, 1.0 + k, 200_000) for k in range(4)]
    threads = bp.Threads(2)
    assert len(bp.compile(f, executor=threads).plan(xs).tasks) > 1
    with bp.use(threads):
        found = f(xs)
    with bp.use("serial"):
        assert all(np.array_equal(one, other) for one, other in zip(found, f(xs)))
    """
    assert not imported(LOSS + "\n" + textwrap.dedent(script)).intersection(HEAVY)
