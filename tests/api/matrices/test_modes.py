"""Laws of Jacobians: both modes, and a loop over seeds, give the same matrix; executors give the same bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.api.matrices import sweeps as module
from backprop.api.matrices.dense import dense_graph, seeds, units
from backprop.api.matrices.sweeps import Mode, arguments, results, sweeps
from backprop.errors import ArgumentError, NotDifferentiableError
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import bodies
from backprop.graph.tracing.trace import trace
from backprop.scheduler.executors.base import AbstractExecutor

RNG = np.random.default_rng(3)
W = RNG.normal(size=(4, 3))
X = RNG.normal(size=3)
ROWS = np.array([2, 0, 0, 1])


def network(x: Any) -> Any:
    return np.tanh(W @ x)


def recurrent(x: Any) -> Any:
    last, rows = bp.scan(lambda h, w: (np.tanh(h * w[0] + x), np.sum(h * x)), x, W)
    return np.concatenate([last, rows])


def chosen(x: Any) -> Any:
    return bp.switch(1, (lambda x: x * 2, lambda x: np.outer(x, x) * x), x)


def chosen_by_value(x: Any) -> Any:
    rows = [bp.switch(np.sum(v) > 0, (lambda x: x * 2, lambda x: x**3), x) for v in (x, -x)]
    return np.concatenate(rows)


def equations(x: Any) -> Any:
    return np.linalg.solve(W.T @ W + np.outer(x, x), np.stack([x, 2 * x], 1))


@bp.op
def squared(x: Any) -> Any:
    return x**2


squared.defvjp(lambda g, out, x: 2 * g * x)

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "a number": lambda x: np.sum(x**3) * np.prod(x),
    "a network": network,
    "rows": lambda x: x[ROWS] * np.sin(x[0]),
    "steps": recurrent,
    "a choice": chosen,
    "a choice by value": chosen_by_value,
    "a checkpoint": lambda x: bp.checkpoint(network)(x) * 2,
    "equations": equations,
    "a convolution": lambda x: np.convolve(x, x),
    "sorted": lambda x: np.cumsum(np.sort(x) ** 2),
    "a mask": lambda x: np.where(x > 0, np.sqrt(np.abs(x)), x),
    "an op of the user's": lambda x: squared(x) * x,
    "a question": lambda x: x * 2 if np.sum(x) > 0 else x**2,
    "eigenvalues": lambda x: np.linalg.eigh(np.outer(x, x) + np.diag(x))[0],
    "a container": lambda x: {"a": x * 2, "b": [np.sum(x), 3]},
}


def by_a_loop(f: Callable[[Any], Any], x: Any) -> list[Any]:
    """The matrix of all results by x, a pullback at a time."""
    value, pullback = bp.vjp(flat(f), x)
    return [pullback(row)[0] for row in np.eye(len(value))]


def flat(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: bp.ravel(f(x))[0]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_modes_and_a_loop_over_seeds_agree(name: str) -> None:
    f = flat(FUNCTIONS[name])
    expected = np.array(by_a_loop(FUNCTIONS[name], X))
    for mode in ("auto", "forward", "reverse"):
        np.testing.assert_allclose(bp.jacobian(f, mode=mode)(X), expected, rtol=1e-10, atol=1e-13)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a network", "steps", "a choice by value", "a convolution", "a container"])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_compiled_jacobian_is_the_same(name: str, mode: Any) -> None:
    matrix = bp.jacobian(flat(FUNCTIONS[name]), mode=mode)
    compiled = bp.compile(matrix)
    for x in (X, 2 * X, X):
        assert compiled(x).tobytes() == matrix(x).tobytes()


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_executors_give_the_same_bits(executor: AbstractExecutor, mode: Any) -> None:
    for name in ("a network", "steps", "equations"):
        expected = bp.jacobian(FUNCTIONS[name], mode=mode, executor=bp.Serial())(X)
        assert bp.jacobian(FUNCTIONS[name], mode=mode, executor=executor)(X).tobytes() == expected.tobytes()


@pytest.mark.parametrize("mode", [Mode.FORWARD, Mode.REVERSE])
@pytest.mark.parametrize("at_once", [1, 3 * 24, 1 << 27])
def test_sweeps_in_turns_are_the_sweeps_at_once(mode: Mode, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", at_once)
    for name in ("a network", "steps", "equations", "a choice by value", "a container"):
        found = trace(flat(FUNCTIONS[name]), [X], {}, evaluate)
        outs, ins = results(found.graph), arguments(found.graph, (0,))
        total = units(outs, ins, mode).total
        graph = sweeps(found.graph, (0,), (), mode, total)
        one_by_one = evaluate(graph, [*found.values, *seeds(outs, ins, mode)])
        expected = np.array(by_a_loop(FUNCTIONS[name], X))
        np.testing.assert_allclose(
            one_by_one[0], expected if mode is Mode.REVERSE else expected.T, rtol=1e-10, atol=1e-13
        )
        assert any(bodies(node) for node in graph.nodes) or at_once > 1


@pytest.mark.parametrize("mode", [Mode.FORWARD, Mode.REVERSE])
def test_the_graph_does_not_grow_with_the_number_of_sweeps(mode: Mode) -> None:
    def size(n: int) -> int:
        found = trace(lambda x: np.convolve(np.sin(x) * x, x), [np.ones(n)], {}, None)
        return len(dense_graph(found.graph, (0,), (), mode))

    assert abs(size(5) - size(50)) < 5


Z = np.array([1 + 2j, -0.5j, 2.0])


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (lambda z: z**2 * np.sum(z), (Z,)),
        (lambda z: np.abs(z) ** 2 * np.real(z[0]), (Z,)),
        (lambda x: np.exp(1j * x) * x[0], (X,)),
        (lambda z, x: z * x * 1j, (Z, X)),
        (lambda z, x: np.real(z) * x, (Z, X)),
        (lambda z: np.conj(z) * 1j * np.sum(z), (Z,)),
    ],
)
def test_modes_agree_on_complex_numbers(f: Callable[..., Any], args: tuple[Any, ...]) -> None:
    argnums = tuple(range(len(args)))
    forward = bp.jacobian(f, argnums, "forward")(*args)
    reverse = bp.jacobian(f, argnums, "reverse")(*args)
    for a, b in zip(forward, reverse, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
        assert a.dtype == b.dtype


def test_forward_mode_keeps_scalars_and_dtypes() -> None:
    assert type(bp.jacobian(lambda x: x * x, mode="forward")(3.0)) is float
    assert type(bp.jacobian(lambda x: x * x, mode="forward")(np.float32(3))) is np.float32
    assert bp.jacobian(lambda x: x * x, mode="forward")(X.astype("float32")).dtype == "float32"


def test_fewer_columns_than_rows_are_computed_forward() -> None:
    found = trace(lambda x: np.outer(x, np.arange(5.0)), [X], {}, None)
    forward, reverse = (dense_graph(found.graph, (0,), (), mode) for mode in (Mode.FORWARD, Mode.REVERSE))
    assert max(t.size for t in _arrays(forward)) < max(t.size for t in _arrays(reverse))


def _arrays(graph: Any) -> list[Any]:
    return [node.type for node in graph.nodes if hasattr(node.type, "size")]


def test_an_op_whose_reverse_is_opaque_is_taken_in_reverse() -> None:
    half = bp.op(lambda x: (x / 2, None), lambda residuals, g: (g / 2,))
    found = bp.jacobian(lambda x: np.outer(half(x), np.ones(4)))(X)
    np.testing.assert_allclose(np.sum(found), 6.0)
    with pytest.raises(NotDifferentiableError):
        bp.jacobian(half, mode="forward")(X)


def test_forward_mode_runs_no_op_twice() -> None:
    @bp.op(pure=False)
    def noisy(x: Any) -> Any:
        return x * 2

    noisy.defvjp(lambda g, out, x: g * 2)
    np.testing.assert_allclose(bp.jacobian(lambda x: np.outer(noisy(x), np.ones(4)))(X).sum(), 24.0)
    with pytest.raises(NotDifferentiableError, match="noisy is not pure"):
        bp.jacobian(noisy, mode="forward")(X)


def test_there_is_no_such_mode() -> None:
    with pytest.raises(ArgumentError, match="there is no mode 'backwards'"):
        bp.jacobian(np.sin, mode="backwards")  # type: ignore[arg-type]


def test_the_hessian_in_both_modes() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.tanh(W @ x) ** 3)

    forward, reverse = (bp.hessian(f, mode=mode)(X) for mode in ("forward", "reverse"))  # type: ignore[arg-type]
    np.testing.assert_allclose(forward, reverse, rtol=1e-12)
    np.testing.assert_allclose(forward, forward.T, rtol=1e-12)
