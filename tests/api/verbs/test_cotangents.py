"""Cotangents and tangents as users give them: cast to the right dtype, or an error that names their path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.api.verbs.cotangents import first_difference
from backprop.errors import BadCotangentError, EscapedVarError, IntegerInputError
from backprop.graph.tracing.structures.structure import typed

X = np.array([0.5, -1.5, 2.0])


@dataclass
class Pair:
    a: Any
    b: Any
    name: str = "pair"


def pairs(x: Any) -> Any:
    return {"pair": Pair(x * 2, [np.sum(x), x]), "n": 3, "where": np.argmax(x)}


FORM = {"pair": Pair(X, [1.0, X]), "n": 1, "where": 2}
GOOD = {"pair": Pair(X, [1.0, X]), "n": None, "where": None}


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-12)


# Seeds of a pullback.


@pytest.mark.parametrize(
    ("x", "seed"),
    [
        (3.0, 1),
        (3.0, np.float32(1)),
        (np.array(3.0), 1),
        (np.array(3.0), np.array(1)),
        (np.float32(3), 1.0),
        (3 + 0j, 1),
    ],
)
def test_seeds_of_scalars(x: Any, seed: Any) -> None:
    (found,) = bp.vjp(lambda x: x * 2, x)[1](seed)
    assert type(found) is type(x)
    assert np.asarray(found).dtype == np.asarray(x).dtype
    assert found == 2


@pytest.mark.parametrize("seed", [X.astype("float32"), [1, 2, 3], np.array([1, 2, 3]), np.array([True, False, True])])
def test_seeds_are_cast(seed: Any) -> None:
    (found,) = bp.vjp(lambda x: x * 2, X)[1](seed)
    assert found.dtype == "float64"
    close(found, 2 * np.asarray(seed, float))


def test_a_real_seed_of_a_complex_value() -> None:
    close(bp.vjp(lambda z: z * 2j, X * 1j)[1](X)[0], 2j * X)


def test_parts_without_a_derivative_need_no_seed() -> None:
    _, pullback = bp.vjp(pairs, X)
    expected = 3 * X + 1
    close(pullback(GOOD)[0], expected)
    close(pullback({"pair": Pair(X, [1.0, X], "other"), "n": 3, "where": 7})[0], expected)


@pytest.mark.parametrize(
    ("seed", "path", "what"),
    [
        ({**GOOD, "pair": Pair(X[:2], [1.0, X])}, "cotangent['pair'].a", r"shape \(2,\).*shape \(3,\)"),
        ({**GOOD, "pair": Pair(X, [X, X])}, "cotangent['pair'].b[0]", r"shape \(3,\).*shape \(\)"),
        ({**GOOD, "pair": Pair(X * 1j, [1.0, X])}, "cotangent['pair'].a", "complex128.*float64"),
        ({**GOOD, "pair": Pair(X, [1.0])}, "cotangent['pair'].b", "structure"),
        ({**GOOD, "pair": Pair(X, (1.0, X))}, "cotangent['pair'].b", "structure"),
        ({**GOOD, "pair": Pair(None, [1.0, X])}, "cotangent['pair'].a", "NoneType"),
        ({**GOOD, "pair": Pair("up", [1.0, X])}, "cotangent['pair'].a", "str"),
        ({"pair": GOOD["pair"]}, "cotangent", "structure"),
        (X, "cotangent", "structure"),
    ],
)
def test_seeds_that_do_not_fit(seed: Any, path: str, what: str) -> None:
    _, pullback = bp.vjp(pairs, X)
    with pytest.raises(BadCotangentError, match=what) as caught:
        pullback(seed)
    assert caught.value.where == path
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("seed", "path", "what"),
    [
        (X, "cotangent", "a leaf in the place of a dict"),
        ({"pair": GOOD["pair"]}, "cotangent", "parts ['pair'] in the place of ['n', 'pair', 'where']"),
        ({**GOOD, "pair": (X, [1.0, X])}, "cotangent['pair']", "a tuple in the place of a Pair"),
        ({**GOOD, "pair": Pair(X, (1.0, X))}, "cotangent['pair'].b", "a tuple in the place of a list"),
        ({**GOOD, "pair": Pair(X, [1.0])}, "cotangent['pair'].b", "parts [0] in the place of [0, 1]"),
        ({**GOOD, "pair": Pair(X, 1.0)}, "cotangent['pair'].b", "a leaf in the place of a list"),
    ],
)
def test_where_a_structure_first_departs(seed: Any, path: str, what: str) -> None:
    assert first_difference(typed(FORM), seed, "cotangent") == (what, path)


# Tangents.


def test_tangents_are_cast_to_the_dtype_of_the_primal() -> None:
    value, tangent = bp.jvp(lambda x, y: x * y, (X.astype("float32"), np.float32(2)), (X, 1))
    assert value.dtype == tangent.dtype == "float32"
    assert bp.jvp(lambda x: x * x, (3.0,), (1,)) == (9.0, 6.0)


def test_arguments_without_a_derivative_have_the_tangent_none() -> None:
    assert bp.jvp(lambda x, n: x * n, (3.0, 2), (1.0, None)) == (6.0, 2.0)
    assert bp.jvp(lambda x, n: x * n, (3.0, 2), (1.0, 0)) == (6.0, 2.0)
    assert bp.jvp(lambda x, i: x[i], (X, np.array([0, 2])), (X, None))[1].tolist() == [0.5, 2.0]


def test_results_without_a_derivative_have_the_tangent_none() -> None:
    _, tangent = bp.jvp(pairs, (X,), (X,))
    assert tangent["n"] is None
    assert tangent["where"] is None
    assert tangent["pair"].name is None
    close(tangent["pair"].a, 2 * X)


@pytest.mark.parametrize(("primal", "tangent"), [(3, 1.0), (np.array([1, 2]), np.array([1, 1])), (True, 1)])
def test_a_tangent_of_an_argument_without_a_derivative(primal: Any, tangent: Any) -> None:
    with pytest.raises(IntegerInputError, match="no derivative") as caught:
        bp.jvp(lambda x, y: x * y, (1.0, primal), (1.0, tangent))
    assert caught.value.where == "primals[1]"


@pytest.mark.parametrize(
    ("call", "path"),
    [
        (lambda: bp.jvp(lambda x: x, (X,), (X[:2],)), "tangents[0]"),
        (lambda: bp.jvp(lambda x: x, (X,), (X * 1j,)), "tangents[0]"),
        (lambda: bp.jvp(lambda p: p.a, (Pair(X, X),), (Pair(X, 1.0),)), "tangents[0].b"),
        (lambda: bp.jvp(lambda x: x, (X,), ()), None),
        (lambda: bp.hvp(lambda x: np.sum(x * x), (X,), X[:2]), "v"),
    ],
)
def test_tangents_that_do_not_fit(call: Callable[[], Any], path: str | None) -> None:
    with pytest.raises(BadCotangentError) as caught:
        call()
    assert caught.value.where == path


def test_forward_mode_runs_what_steers_once() -> None:
    calls = []

    def square(x: Any) -> Any:
        calls.append(x)
        return x * x

    op = bp.op(square, vjp=lambda g, out, x: 2 * g * x, like=0)

    def f(x: Any) -> Any:
        y = op(x)
        return y * x if np.sum(y) > 1 else x

    _, tangent = bp.jvp(f, (X,), (X,))
    close(tangent, 3 * X**3)
    assert len(calls) == 1


# Pullbacks inside and outside of traces.


def test_a_pullback_of_plain_values_inside_a_trace() -> None:
    _, outer = bp.vjp(np.sin, X)

    def f(x: Any) -> Any:
        _, inner = bp.vjp(np.sin, X)
        return np.sum(inner(x)[0] * outer(x)[0])

    close(bp.grad(f)(X), 2 * X * np.cos(X) ** 2)


def test_a_pullback_of_traced_values_called_twice() -> None:
    def f(x: Any) -> Any:
        _, pullback = bp.vjp(np.sin, x)
        return np.sum(pullback(x)[0]) + np.sum(pullback(np.ones(3))[0])

    close(bp.grad(f)(X), np.cos(X) - X * np.sin(X) - np.sin(X))


def test_a_traced_seed_of_another_dtype() -> None:
    _, pullback = bp.vjp(lambda x: x * x, X)
    gradient = bp.grad(lambda s: np.sum(pullback(s)[0]))(np.ones(3, "float32"))
    assert gradient.dtype == "float32"
    close(gradient, 2 * X)


def test_a_pullback_that_outlives_its_trace() -> None:
    kept = []

    def f(x: Any) -> Any:
        kept.append(bp.vjp(np.sin, x)[1])
        return np.sum(x)

    bp.grad(f)(X)
    with pytest.raises(EscapedVarError):
        kept[0](X)
