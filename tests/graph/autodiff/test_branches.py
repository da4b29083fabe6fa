"""Equal terms of a sum: which there are, and that their joint graph computes what the whole one does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import backprop as bp
from backprop.api.preparing import joint
from backprop.graph.autodiff import branches
from backprop.graph.autodiff.branches import equal_branches, joined
from backprop.graph.autodiff.control_flow import branch
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph, bodies
from backprop.graph.passes.inlining import inline_branches
from backprop.graph.tracing.trace import trace
from backprop.graph.verify import verify
from tests.singular_programs import Program, programs

RNG = np.random.default_rng(3)
STEPS = 40
X = RNG.normal(size=(3, 4))
WEIGHTS = tuple(RNG.normal(size=(4, 4)) / 2 for _ in range(4))


def net(w: Any, x: Any, steps: int = STEPS) -> Any:
    """A term of some 2.5 * steps nodes, with a number of its own."""
    for _ in range(steps):
        x = np.tanh(x @ w) + 0.5
    return np.mean(x**2)


def ensemble(weights: Sequence[Any], x: Any) -> Any:
    return sum(net(w, x) for w in weights)


def in_twos(weights: Sequence[Any], x: Any) -> Any:
    return (net(weights[0], x) + net(weights[1], x)) + (net(weights[2], x) + net(weights[3], x))


def of_two_kinds(weights: Sequence[Any], x: Any) -> Any:
    return sum(net(w, x, STEPS + 10 * (k % 2)) for k, w in enumerate(weights))


def of_prepared_data(weights: Sequence[Any], x: Any) -> Any:
    return ensemble(weights, np.tanh(x - np.mean(x)))


def of_sums(weights: Sequence[Any], x: Any) -> Any:
    """Each term is a sum itself, whose parts share their parameter."""
    return sum(np.sum(w) + net(w, x) + net(w, x[::-1]) for w in weights)


def with_choices(weights: Sequence[Any], x: Any) -> Any:
    """Values of a parameter decide, which have no derivative themselves."""

    def term(w: Any) -> Any:
        y = x @ w
        for _ in range(STEPS):
            y = np.where(y > 0.1, np.tanh(y @ w), bp.stop_gradient(y) * 0.5)
        return np.max(y) + y[np.argmax(y[:, 0]), 1]

    return sum(term(w) for w in weights)


def with_a_shared_number(weights: Sequence[Any], x: Any) -> Any:
    return np.float64(0.5) + ensemble(weights, x) + 0.0


SUMS = (ensemble, in_twos, of_two_kinds, of_prepared_data, of_sums, with_choices, with_a_shared_number)


def traced(f: Callable[..., Any], weights: Sequence[Any] = WEIGHTS) -> tuple[Graph, tuple[int, ...]]:
    """The graph of a function of some weights and of data, and the ids of the weights."""
    return trace(f, (weights, X), {}, None).graph, tuple(range(len(weights)))


@pytest.mark.parametrize("f", SUMS)
def test_each_term_of_a_sum_is_a_branch(f: Callable[..., Any]) -> None:
    graph, wrt = traced(f)
    found = equal_branches(graph, wrt)
    assert sorted(b.inputs[k] for b in found for k in b.wrt) == list(wrt)
    assert len({b.graph for b in found}) == (2 if f is of_two_kinds else 1)


@pytest.mark.parametrize("f", SUMS)
def test_the_joint_graph_of_branches_gives_the_bits_of_the_whole(f: Callable[..., Any]) -> None:
    graph, wrt = traced(f)
    found = equal_branches(graph, wrt)
    made = verify(joined(graph, wrt, found, [differentiate(b.graph, b.wrt) for b in found]))
    values = (*WEIGHTS, X)
    expected = evaluate(differentiate(graph, wrt), values)
    for results in (evaluate(made, values), evaluate(verify(inline_branches(made)), values)):
        assert all(map(np.array_equal, results, expected))


@pytest.mark.parametrize("f", SUMS)
def test_one_by_one_gives_the_same_bits(f: Callable[..., Any]) -> None:
    gradient = bp.grad(f)(WEIGHTS, X)
    for k, found in enumerate(gradient):
        rest = (*WEIGHTS[:k], *WEIGHTS[k + 1 :])
        alone = bp.grad(lambda w, k=k, rest=rest: f((*rest[:k], w, *rest[k:]), X))(WEIGHTS[k])
        assert np.array_equal(found, alone)


@given(programs())
def test_any_program_may_be_a_term(program: Program) -> None:
    x = np.array(program.point)
    values = (x, 0.5 * x + 0.3, -x)
    with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
        patch.setattr(branches, "LEAST", 1)
        graph = trace(lambda *terms: sum(program(term) for term in terms), values, {}, None).graph
        found = equal_branches(graph, (0, 1, 2))
        made = verify(joined(graph, (0, 1, 2), found, [differentiate(b.graph, b.wrt) for b in found]))
        expected = evaluate(differentiate(graph, (0, 1, 2)), values)
        assert len(found) == 3
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(evaluate(made, values), expected, strict=True))


def test_equal_terms_hold_one_graph() -> None:
    graph, wrt = traced(ensemble)
    held = [bodies(node)[0] for node in joint(graph, wrt).nodes if node.op is branch]
    assert len(held) == len(WEIGHTS)
    assert len({id(body) for body in held}) == 1


def test_terms_that_share_a_parameter_are_none() -> None:
    graph, wrt = traced(lambda weights, x: ensemble(weights[:3], x) + np.sum(weights[0] * weights[3]))
    assert equal_branches(graph, wrt) == ()


def test_terms_of_which_no_two_are_equal_are_none() -> None:
    graph, wrt = traced(lambda weights, x: sum(net(w, x, STEPS + 5 * k) for k, w in enumerate(weights)))
    assert equal_branches(graph, wrt) == ()


def test_short_terms_are_none() -> None:
    graph, wrt = traced(lambda weights, x: sum(net(w, x, 3) for w in weights))
    assert equal_branches(graph, wrt) == ()


def test_a_parameter_that_nothing_depends_on_leaves_none() -> None:
    graph, wrt = traced(lambda weights, x: ensemble(weights[:3], x))
    assert equal_branches(graph, wrt) == ()


def test_a_parameter_that_is_a_term_itself_leaves_none() -> None:
    graph = trace(lambda w, weights: w + ensemble(weights, X), (np.float64(2.0), WEIGHTS), {}, None).graph
    assert equal_branches(graph, tuple(range(5))) == ()


def test_terms_at_other_lines_are_other_kinds() -> None:
    def other(w: Any, x: Any) -> Any:
        for _ in range(STEPS):
            x = np.tanh(x @ w) + 0.5
        return np.mean(x**2)

    graph, wrt = traced(lambda weights, x: net(weights[0], x) + other(weights[1], x), WEIGHTS[:2])
    assert equal_branches(graph, wrt) == ()


def test_ops_that_run_once_leave_none() -> None:
    counted = bp.op(lambda x: (x * 2.0, None), lambda residuals, g: (g * 2.0,), pure=False)
    graph, wrt = traced(lambda weights, x: sum(net(counted(w), x) for w in weights))
    assert equal_branches(graph, wrt) == ()


def test_second_derivatives_and_batches_look_into_branches() -> None:
    def squares(weights: Any) -> Any:
        return sum(np.sum(g**2) for g in bp.grad(ensemble)(weights, X))

    direction = tuple(RNG.normal(size=(4, 4)) for _ in WEIGHTS)
    slope = sum(np.sum(g * d) for g, d in zip(bp.grad(squares)(WEIGHTS), direction, strict=True))

    def moved(h: float) -> Any:
        return squares(tuple(w + h * d for w, d in zip(WEIGHTS, direction, strict=True)))

    np.testing.assert_allclose(slope, (moved(1e-6) - moved(-1e-6)) / 2e-6, rtol=1e-6)
    several = np.stack([X, 2 * X])
    batched = bp.vmap(bp.grad(ensemble), in_axes=(None, 0))(WEIGHTS, several)
    for k, data in enumerate(several):
        for found, alone in zip(batched, bp.grad(ensemble)(WEIGHTS, data), strict=True):
            np.testing.assert_allclose(found[k], alone, rtol=1e-12)


def test_a_gradient_within_a_loop() -> None:
    def step(weights: Any, _: Any) -> Any:
        return tuple(w - 0.1 * g for w, g in zip(weights, bp.grad(ensemble)(weights, X), strict=True)), None

    def descended(weights: Any) -> Any:
        return ensemble(bp.scan(step, weights, None, 2)[0], X)

    direction = tuple(RNG.normal(size=(4, 4)) for _ in WEIGHTS)
    slope = sum(np.sum(g * d) for g, d in zip(bp.grad(descended)(WEIGHTS), direction, strict=True))

    def moved(h: float) -> Any:
        return descended(tuple(w + h * d for w, d in zip(WEIGHTS, direction, strict=True)))

    np.testing.assert_allclose(slope, (moved(1e-6) - moved(-1e-6)) / 2e-6, rtol=1e-5)


def test_a_memory_limit_looks_into_branches() -> None:
    found = bp.compile(bp.grad(ensemble), memory_limit="14 kB")(WEIGHTS, X)
    assert all(map(np.array_equal, found, bp.grad(ensemble)(WEIGHTS, X)))
