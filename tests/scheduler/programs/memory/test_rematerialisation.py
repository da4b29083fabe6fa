"""Memory: the prediction by liveness, and what is computed again to stay below a bound."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import backprop as bp
from backprop.errors import MemoryLimitError
from backprop.graph.autodiff.control_flow import after
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph
from backprop.graph.passes import run_passes
from backprop.ops.arrays.views import permute
from backprop.ops.core.types import ArrayType
from backprop.ops.elementwise.arithmetic import add
from backprop.ops.elementwise.exponential import exp
from backprop.ops.elementwise.trigonometric import sin
from backprop.scheduler.machine.blas_architecture import libraries
from backprop.scheduler.machine.cost import Machine
from backprop.scheduler.machine.profile import Profile, key, save, this_file, this_machine
from backprop.scheduler.programs.memory.peak import peak
from backprop.scheduler.programs.memory.rematerialisation import within
from tests.scheduler.graphs import Hand
from tests.strategies import Program, programs

MACHINE = Machine()
N = 1000
WIDE = np.linspace(0.1, 1.0, N)


def gradient_graph(f: Any, *args: Any) -> Graph:
    return bp.compile(bp.grad(f)).graph(*args)


def chain(x: Any, length: int = 100) -> Any:
    for _ in range(length):
        x = np.sin(x) + x
    return np.sum(x)


# The prediction


def test_a_value_is_held_from_its_node_to_its_last_reader() -> None:
    hand = Hand(ArrayType(N))
    a = hand(sin, 0)
    b = hand(exp, a)
    c = hand(sin, b)
    d = hand(add, c, a)
    assert peak(hand.graph(d)) == (8 * N * 3, b + 1)


def test_inputs_views_and_literals_are_not_counted() -> None:
    hand = Hand(ArrayType((N, 2)))
    turned = hand(permute, 0, axes=(1, 0))
    constant = hand.literal(np.ones(N))
    assert peak(hand.graph(turned, constant)).nbytes == 0
    assert peak(hand.graph(hand(add, turned, constant))).nbytes == 8 * 2 * N


def test_a_view_keeps_what_it_views() -> None:
    hand = Hand(ArrayType((N, 1)))
    a = hand(sin, 0)
    view = hand(permute, a, axes=(1, 0))
    b = hand(exp, 0)
    c = hand(exp, b)
    hand.graph(c)
    kept = hand.graph(c, view)
    assert peak(kept).nbytes == peak(hand.graph(c)).nbytes + 8 * N


def test_a_node_with_bodies_holds_what_a_body_does() -> None:
    graph = bp.compile(lambda i, x: bp.switch(i, [lambda v: v, lambda v: np.sum(np.sin(v) * np.exp(v)) + v], x)).graph(
        np.array(0), WIDE
    )
    assert peak(graph).nbytes >= 3 * 8 * N


# The bound


def test_a_graph_that_fits_stays_as_it_is() -> None:
    graph = gradient_graph(chain, WIDE)
    assert within(graph, peak(graph).nbytes, MACHINE) is graph


@pytest.mark.parametrize("share", [0.9, 0.6, 0.4, 0.3])
def test_the_bound_is_kept_with_the_same_bits(share: float) -> None:
    graph = gradient_graph(chain, WIDE)
    limit = int(peak(graph).nbytes * share)
    smaller = within(graph, limit, MACHINE)
    assert peak(smaller).nbytes <= limit
    assert len(smaller) > len(graph)
    (expected,), (found,) = evaluate(graph, [WIDE]), evaluate(smaller, [WIDE])
    assert expected.tobytes() == found.tobytes()


def test_a_tighter_bound_computes_more_again() -> None:
    graph = gradient_graph(chain, WIDE)
    sizes = [len(within(graph, int(peak(graph).nbytes * share), MACHINE)) for share in (0.9, 0.6, 0.3)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2] <= 2 * len(graph)


def test_the_least_is_near_the_square_root() -> None:
    graph = gradient_graph(lambda x: chain(x, 400), WIDE)
    smaller = within(graph, peak(graph).nbytes // 7, MACHINE)
    assert peak(smaller).nbytes < 3 * 20 * 8 * N  # of 400 residuals: 20 between segments, 20 in one


def test_what_is_computed_again_waits_for_the_reverse_pass() -> None:
    graph = gradient_graph(chain, WIDE)
    smaller = within(graph, peak(graph).nbytes // 3, MACHINE)
    turn = peak(graph).at
    waits = [i for i, node in enumerate(smaller.nodes, smaller.first) if node.op is after]
    assert waits
    assert all(i > turn and smaller.node(i).inputs[1] >= turn for i in waits)


def test_a_bound_that_cannot_be_kept_is_an_error() -> None:
    f = bp.compile(bp.grad(chain), memory_limit=8 * N)
    with pytest.raises(MemoryLimitError, match="the memory limit is 8000 bytes, and the computation takes") as caught:
        f(WIDE)
    assert isinstance(caught.value, MemoryError)
    assert "minibatch" in caught.value.fix or "smaller batches" in caught.value.fix


def halves(x: Any) -> Any:
    """Functions, and then arithmetic; either half holds as much, and can be computed again."""
    for _ in range(40):
        x = np.sin(x)
    for _ in range(40):
        x = x * x
    return np.sum(x)


SLOW_FUNCTIONS = replace(MACHINE, functions_per_s=1e6, elements_per_s=1e12)
SLOW_ARITHMETIC = replace(MACHINE, functions_per_s=1e12, elements_per_s=1e6)


def sines(graph: Graph) -> int:
    return sum(node.op is sin for node in graph.nodes)


def test_what_is_quick_on_the_machine_is_computed_again() -> None:
    graph = gradient_graph(halves, WIDE)
    limit = int(peak(graph).nbytes * 0.8)
    assert sines(within(graph, limit, SLOW_FUNCTIONS)) == sines(graph) == 40
    assert sines(within(graph, limit, SLOW_ARITHMETIC)) > 40


@pytest.fixture
def fresh() -> Iterator[None]:
    this_machine.cache_clear()
    yield
    this_machine.cache_clear()


@pytest.mark.usefixtures("fresh")
def test_compile_takes_the_measured_rates_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    limit = int(peak(gradient_graph(halves, WIDE)).nbytes * 0.8)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = []
    for machine in (SLOW_FUNCTIONS, SLOW_ARITHMETIC):
        save(this_file(), key(libraries()), Profile(machine, "2026-11-23T12:00:00+00:00"))
        this_machine.cache_clear()
        found.append(sines(bp.compile(bp.grad(halves), memory_limit=limit).graph(WIDE)))
    assert found[0] == 40
    assert found[1] > 40


@given(programs(most=60))
def test_random_gradients_keep_their_bits(program: Program) -> None:
    graph = run_passes(differentiate(program.graph, range(program.graph.first)))
    limit = max(1, peak(graph).nbytes * 3 // 4)
    try:
        smaller = within(graph, limit, MACHINE)
    except MemoryLimitError:
        return
    assert peak(smaller).nbytes <= limit
    for one, other in zip(evaluate(graph, program.values), evaluate(smaller, program.values), strict=True):
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()


# The whole way


def test_memory_is_measured_below_the_limit() -> None:
    x = np.linspace(0.1, 1.0, 51_000)

    def measured(limit: str | None) -> tuple[Any, int]:
        f = bp.compile(bp.grad(chain), executor=bp.Serial(), memory_limit=limit)
        f.graph(x)
        tracemalloc.start()
        try:
            return f(x), tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    free, most = measured(None)
    bound, least = measured("15 MB")
    assert free.tobytes() == bound.tobytes()
    assert most > 40e6
    assert least < 16e6


@pytest.mark.parametrize("executor", [bp.Serial(), bp.Threads(2), bp.Auto(2)])
def test_every_executor_gives_the_same_bits(executor: bp.AbstractExecutor) -> None:
    free = bp.compile(bp.grad(chain), executor=bp.Serial())(WIDE)
    bound = bp.compile(bp.grad(chain), executor=executor, memory_limit="0.3 MB")(WIDE)
    assert free.tobytes() == bound.tobytes()


def test_a_checkpoint_takes_less_memory() -> None:
    x = np.linspace(0.1, 1.0, 20_000)

    def part(x: Any) -> Any:
        for _ in range(20):
            x = np.sin(x) + x
        return x

    def in_parts(x: Any, wrap: Any) -> Any:
        for _ in range(15):
            x = wrap(part)(x)
        return np.sum(x)

    graphs = [gradient_graph(lambda x, wrap=wrap: in_parts(x, wrap), x) for wrap in (lambda f: f, bp.checkpoint)]
    plain, kept = (peak(graph).nbytes for graph in graphs)
    assert kept < plain / 4
    (expected,), (found,) = (evaluate(graph, [x]) for graph in graphs)
    assert expected.tobytes() == found.tobytes()
