"""What the verbs answer at the edges of their interface: a test a row of the list that docs/edges.md begins.

Derivatives of single ops at ties and corners stand in tests/ops/test_edges.py, mutation in test_mutation.py, threads in
test_threads.py.
"""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import numpy as np
import pytest

import backprop as bp
from backprop.errors import (
    ArgumentError,
    BadCotangentError,
    IntegerInputError,
    LongLoopWarning,
    NonScalarOutputError,
    TracedConversionError,
)
from backprop.graph.graph import Graph
from backprop.graph.tracing.trace import trace

X = np.array([0.5, -1.5, 2.0])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.0]])
ROWS = np.random.default_rng(0).normal(size=(2, 3, 4))


def same(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
    assert np.shape(found) == np.shape(expected)


# What goes in.


def test_a_python_float_at_a_pole_gives_infinity_and_no_exception() -> None:
    assert bp.grad(np.sqrt)(0.0) == np.inf
    assert bp.grad(lambda x: x**0.5)(0.0) == np.inf
    with np.errstate(invalid="ignore"):  # of the value, as in NumPy
        assert bp.grad(lambda x: np.where(x > 0, np.sqrt(x), 0))(-1.0) == 0.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64])
def test_a_gradient_has_the_dtype_of_its_input(dtype: Any) -> None:
    found = bp.grad(lambda x: np.sum(np.abs(x * np.ones(3)) ** 2))(X.astype(dtype))
    assert found.dtype == dtype


@pytest.mark.parametrize(("x", "path"), [(3, "x"), (np.arange(3), "x"), (True, "x")])
def test_an_integer_input_is_an_error_that_names_the_argument(x: Any, path: str) -> None:
    with pytest.raises(IntegerInputError) as caught:
        bp.grad(lambda x: np.sum(x * 2.0))(x)
    assert path in str(caught.value.where)
    assert isinstance(caught.value, TypeError)


def test_an_index_out_of_range_is_an_index_error() -> None:
    with pytest.raises(IndexError):
        bp.grad(lambda x: x[3])(X)


def test_an_array_of_traced_values_of_a_dtype_is_an_error_that_names_the_fix() -> None:
    same(bp.grad(lambda x: np.sum(np.array([x[0], x[1]])))(X), [1, 1, 0])
    with pytest.raises(TracedConversionError) as caught:
        bp.grad(lambda x: np.sum(np.array([x[0], x[1]], float)))(X)
    assert "stack" in caught.value.fix
    same(bp.grad(lambda x: np.sum(np.stack([x[0], x[1]])))(X), [1, 1, 0])


@pytest.mark.parametrize("x", [np.zeros((0, 3)), np.zeros(0, np.float32)])
def test_zero_size_arrays(x: Any) -> None:
    same(bp.grad(lambda x: np.sum(np.sin(x) * 2))(x), x)


@pytest.mark.parametrize(
    "x",
    [
        np.asfortranarray(M),
        np.repeat(M, 2, axis=1)[:, ::2],
        np.ascontiguousarray(M[::-1])[::-1],
        np.broadcast_to(M, (2, 3)),
        M.T.copy().T,
    ],
    ids=["F order", "not contiguous", "negative strides", "read-only", "transposed"],
)
def test_layouts(x: Any) -> None:
    found = bp.grad(lambda x: np.sum(np.sin(x) * x))(x)
    assert found.tobytes() == bp.grad(lambda x: np.sum(np.sin(x) * x))(M).tobytes()


def test_keyword_only_arguments() -> None:
    def f(x: Any, *, scale: Any, power: int = 2) -> Any:
        return np.sum(x**power) * scale

    same(bp.grad(f)(X, scale=3.0), 6 * X)
    same(bp.grad(f, "scale")(X, scale=3.0, power=3), np.sum(X**3))


def test_argnums() -> None:
    f = lambda x, y: np.sum(x * y * y)  # noqa: E731
    by_y, by_x = bp.grad(f, (1, 0))(X, 2 * X)
    same(by_y, 4 * X * X)
    same(by_x, 4 * X * X)
    for wrong in (2, -3, "z"):
        with pytest.raises(ArgumentError):
            bp.grad(f, wrong)(X, X)


@pytest.mark.parametrize("shape", [(1,), (1, 1)])
def test_a_result_of_one_element_has_a_gradient(shape: tuple[int, ...]) -> None:
    def f(x: Any) -> Any:
        return np.sum(np.sin(x)).reshape(shape)

    for gradient in (bp.value_and_grad(f), bp.compile(bp.value_and_grad(f))):
        value, found = gradient(X)
        assert value.shape == shape
        np.testing.assert_allclose(found, np.cos(X))
    close = np.diag(-np.sin(X))
    np.testing.assert_allclose(bp.hessian(f)(X), close, atol=1e-15)


def test_has_aux() -> None:
    gradient, aux = bp.grad(lambda x: (np.sum(x * x), {"n": 3, "y": 2 * x}), has_aux=True)(X)
    same(gradient, 2 * X)
    same(aux["y"], 2 * X)
    with pytest.raises(NonScalarOutputError):
        bp.grad(lambda x: np.sum(x), has_aux=True)(X)


@pytest.mark.parametrize("x", [3.0, np.float64(3), np.array(3.0), np.full(1, 3.0), np.full((1, 1), 3.0)])
@pytest.mark.parametrize("y", [2.0, np.float64(2), np.array(2.0), np.full(3, 2.0)])
def test_scalars_and_arrays_without_axes_and_with(x: Any, y: Any) -> None:
    by_x, by_y = bp.grad(lambda x, y: np.sum(x * y), (0, 1))(x, y)
    assert (type(by_x), np.shape(by_x)) == (type(x), np.shape(x))
    assert (type(by_y), np.shape(by_y)) == (type(y), np.shape(y))
    same(by_x, np.full(np.shape(x), np.sum(y)))
    same(by_y, np.full(np.shape(y), 3.0))


def test_a_memory_map_is_an_array(tmp_path: Path) -> None:
    mapped = np.memmap(tmp_path / "x", dtype=float, mode="w+", shape=3)
    mapped[:] = X
    same(bp.grad(lambda x: np.sum(x * x * mapped))(mapped), 2 * X * X)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_of_a_traced_value_is_itself(copied: Any) -> None:
    same(bp.grad(lambda d: np.sum(copied(d)["x"] * d["x"]))({"x": X})["x"], 2 * X)
    same(bp.grad(lambda x: np.sum(copied(x) * x))(X), 2 * X)


def test_augmented_assignments_bind_anew() -> None:
    def f(x: Any) -> Any:
        y, z = np.ones(3), np.ones(3)
        y += x
        x *= 2
        return np.sum(y * x) + np.sum(z)

    x = X.copy()
    same(bp.grad(f)(x), 2 + 4 * X)
    np.testing.assert_array_equal(x, X)


def test_a_method_that_is_not_there_names_the_plain_array() -> None:
    with pytest.raises(AttributeError, match=r"v\.value is the plain array"):
        bp.grad(lambda x: x.tobytes()[0])(X)


def test_divmod() -> None:
    assert bp.grad(lambda x: sum(divmod(x, 1.5)))(2.0) == 1.0
    assert bp.grad(lambda x: sum(divmod(7.5, x)))(2.0) == -3.0
    assert bp.evaluate(lambda x: f"{x}" and divmod(x, 1.5))(2.0) == divmod(2.0, 1.5)


# What comes out.


def test_an_unused_argument_and_a_constant_give_typed_zeros() -> None:
    zeros = bp.grad(lambda x, y: np.sum(x), argnums=1)(X, {"a": np.ones((2, 3), np.float32), "b": 1.0})
    assert (zeros["a"].dtype, zeros["a"].shape, zeros["b"]) == (np.float32, (2, 3), 0.0)
    same(bp.grad(lambda x: 3.0)(X), np.zeros(3))


def test_the_gradient_of_the_gradient_of_a_constant() -> None:
    assert bp.grad(bp.grad(lambda x: 3.0))(1.0) == 0.0
    assert bp.grad(bp.grad(lambda x: 3.0 * x))(1.0) == 0.0
    same(bp.hessian(lambda x: np.sum(x))(X), np.zeros((3, 3)))


def test_an_input_returned_unchanged_shares_no_memory() -> None:
    value, pullback = bp.vjp(lambda x, y: (x, y, x), X, X)
    seeds = (np.ones(3), np.ones(3), np.ones(3))
    cotangents = pullback(seeds)
    arrays = [X, *value, *seeds, *cotangents]
    same(cotangents[0], np.full(3, 2.0))
    for k, a in enumerate(arrays):
        assert not any(np.shares_memory(a, b) for b in arrays[:k])


def test_the_same_array_as_two_arguments_and_the_same_var_in_two_leaves() -> None:
    by_x, by_y = bp.grad(lambda x, y: np.sum(x * x * y), (0, 1))(X, X)
    same(by_x, 2 * X * X)
    same(by_y, X * X)
    f = lambda d: np.sum(d["a"] * d["b"])  # noqa: E731
    same(bp.grad(lambda x: f({"a": x, "b": x}))(X), 2 * X)
    inner = bp.grad(lambda x: np.sum(bp.grad(f)({"a": x, "b": x})["a"] ** 2))
    same(inner(X), 2 * X)


# Shapes of graphs.


def test_fan_out() -> None:
    f = lambda x: np.sum(np.sin(np.sin(x) + np.sin(x)))  # noqa: E731
    same(bp.grad(f)(X), 2 * np.cos(2 * np.sin(X)) * np.cos(X))
    bp.testing.check_grads(f, (X,))
    for n in (1, 2, 17):
        same(bp.grad(lambda x: np.sum(sum([x] * n)))(X), np.full(3, float(n)))  # noqa: B023


def test_a_diamond() -> None:
    def f(x: Any) -> Any:
        for _ in range(30):  # 2 ** 30 paths
            x = 0.5 * (np.sin(x) + x)
        return np.sum(x)

    bp.testing.check_grads(f, (X,), order=1)


def test_a_chain_of_100_000_ops() -> None:
    def f(x: Any) -> Any:
        for _ in range(100_000):
            x = x + 1.0
        return x

    with pytest.warns(LongLoopWarning):
        assert bp.grad(f)(1.0) == 1.0


def test_a_sum_of_10_000_uses() -> None:
    with pytest.warns(LongLoopWarning):
        assert bp.grad(lambda x: sum(x * k for k in range(10_000)))(1.0) == sum(range(10_000))


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ([0, 0, 2], [2, 0, 1]),
        (np.array([[0, 1], [1, 1]]), [1, 3, 0]),
        (np.array([True, False, True]), [1, 0, 1]),
        (slice(None, None, -2), [1, 0, 1]),
        ((None, ..., -1), [0, 0, 1]),
        ((..., None), [1, 1, 1]),
    ],
    ids=["repeated", "matrix", "mask", "negative step", "newaxis", "ellipsis"],
)
def test_indices(index: Any, expected: list[int]) -> None:
    same(bp.grad(lambda x: np.sum(x[index]))(X), np.array(expected, float))
    bp.testing.check_grads(lambda x: x[index] ** 2, (X,))


BINARY = [np.add, np.subtract, np.multiply, np.divide, np.power, np.maximum, np.hypot, np.arctan2, np.logaddexp]
SHAPES = [((3,), ()), ((3,), (1,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((1,), (2, 3)), ((2, 3), (2, 1))]


@pytest.mark.parametrize("f", BINARY, ids=lambda f: f.__name__)
def test_broadcasting(f: Callable[..., Any]) -> None:
    for left, right in SHAPES:
        x, y = (np.linspace(a, a + 1, int(np.prod(s))).reshape(s) for a, s in ((0.6, left), (2.3, right)))
        by_x, by_y = bp.grad(lambda x, y: np.sum(f(x, y)), (0, 1))(x, y)
        assert (np.shape(by_x), np.shape(by_y)) == (left, right)
        bp.testing.check_grads(f, (x, y), order=1)


REDUCTIONS = [np.sum, np.mean, np.prod, np.max, np.min, np.std, np.var, bp.ops.logsumexp]


@pytest.mark.parametrize("f", REDUCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (-1, 0), (0, 1, 2)], ids=str)
def test_reductions(f: Callable[..., Any], axis: Any) -> None:
    for keepdims in (False, True):
        bp.testing.check_grads(lambda x: f(x, axis=axis, keepdims=keepdims), (ROWS,), order=1)  # noqa: B023


# Complex numbers.


def test_complex_numbers() -> None:
    z = np.array([1 + 2j, -0.5j, 3.0])
    same(bp.grad(lambda z: np.sum(np.abs(z) ** 2))(z), 2 * z.conj())
    same(bp.grad(lambda z: np.sum((z**3).real))(z), 3 * z**2)  # holomorphic
    there_and_back = lambda x: np.sum(np.real(np.exp(1j * x) * np.exp(-0.5j * x)))  # noqa: E731
    found = bp.grad(there_and_back)(X)
    assert found.dtype == np.float64
    same(found, -0.5 * np.sin(0.5 * X))


# Nesting.


def test_closures_over_outer_values_to_order_three() -> None:
    def f(x: Any) -> Any:
        return bp.grad(lambda y: bp.grad(lambda z: x * y * z * np.sin(x * z))(y) * y)(x)

    bp.testing.check_grads(f, (0.7,), order=2)
    third = bp.grad(lambda x: x * bp.grad(lambda y: x * y * bp.grad(lambda z: x * y * z * z)(y))(x))
    assert third(2.0) == 30 * 2.0**4  # of x d/dy (2 x^2 y^3) at y = x, which is 6 x^5


def test_perturbation_confusion_in_four_threads() -> None:
    start = threading.Barrier(4)

    def work(k: int) -> list[float]:
        start.wait()
        return [bp.grad(lambda x: x * bp.grad(lambda y: x + k * y)(1.0))(1.0) for _ in range(20)]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(1, 5))) == [[float(k)] * 20 for k in range(1, 5)]


def test_stop_gradient_inside_a_nested_gradient() -> None:
    f = lambda x: bp.grad(lambda y: y * y * bp.stop_gradient(x * y))(x)  # noqa: E731
    assert f(3.0) == 2 * 3.0 * 9.0
    assert bp.grad(f)(3.0) == 2 * 9.0  # 2 y at y = x, times what stays 9
    outside = lambda x: bp.stop_gradient(bp.grad(lambda y: x * y * y)(x)) * x  # noqa: E731
    assert bp.grad(outside)(3.0) == 2 * 9.0


# Pullbacks and forward mode.


def f(x: Any) -> Any:
    return np.tanh(M @ x) * x[0]


V = np.array([1.0, 0.5, -2.0])


def test_a_pullback_called_twice_and_with_a_wrong_seed() -> None:
    _, pullback = bp.vjp(f, X)
    (first,), (second,) = pullback(np.ones(2)), pullback(np.ones(2))
    np.testing.assert_array_equal(first, second)
    assert not np.shares_memory(first, second)
    for seed in (np.ones(3), np.ones((2, 1)), (np.ones(2),)):
        with pytest.raises(BadCotangentError):
            pullback(seed)


def test_forward_and_reverse_mode_agree() -> None:
    jacobian = bp.jacobian(f)(X)
    same(bp.jvp(f, (X,), (V,))[1], jacobian @ V)
    same(np.stack([bp.jvp(f, (X,), (unit,))[1] for unit in np.eye(3)], axis=1), jacobian)
    loss = lambda x: np.sum(f(x) ** 2)  # noqa: E731
    same(bp.hvp(loss, (X,), V), bp.hessian(loss)(X) @ V)


def test_a_checkpoint_is_its_function_and_runs_twice() -> None:
    calls: list[int] = []

    def slow(x: Any) -> Any:
        calls.append(1)
        return np.sin(x)

    sine = bp.op(slow, like=0)
    sine.defvjp(lambda g, out, x: g * np.cos(x))
    chain = lambda x: sine(sine(x))  # noqa: E731
    plain = bp.grad(lambda x: np.sum(chain(x)))(X)
    assert len(calls) == 2
    calls.clear()
    np.testing.assert_array_equal(bp.grad(lambda x: np.sum(bp.checkpoint(chain)(x)))(X), plain)
    assert len(calls) in (3, 4)  # the last value needs no second run


# Mistakes in rules, exceptions, early ends.


@pytest.mark.parametrize(
    "rule",
    [lambda g, out, x: (g, g), lambda g, out, x: g[:2], lambda g, out, x: "g"],
    ids=["arity", "shape", "class"],
)
def test_a_rule_with_a_wrong_answer(rule: Any) -> None:
    wrong = bp.op(lambda x: 2 * x, name="wrong", like=0)
    wrong.defvjp(rule)
    with pytest.raises(BadCotangentError, match="wrong"):
        bp.grad(lambda x: np.sum(wrong(x)))(X)


def test_a_rule_with_a_wrong_dtype_is_cast() -> None:
    wide = bp.op(lambda x: 2 * x, name="wide", like=0, vjp=lambda g, out, x: 2.0 * g.astype("complex128"))
    found = bp.grad(lambda x: np.sum(wide(x)))(X.astype(np.float32))
    assert found.dtype == np.float32
    same(found, np.full(3, 2.0))


def test_exceptions_in_the_function_forward_and_backward() -> None:
    def fails(*args: Any) -> Any:
        raise ZeroDivisionError("on purpose")

    with pytest.raises(ZeroDivisionError, match="on purpose"):
        bp.grad(fails)(X)
    with pytest.raises(ZeroDivisionError, match="on purpose") as forward:
        bp.grad(lambda x: np.sum(bp.op(fails, name="bad", like=0, vjp=lambda g, out, x: g)(x)))(X)
    assert any("bad" in note and "test_checklist.py" in note for note in forward.value.__notes__)
    pair = bp.op(lambda x: (2 * x, None), fails, name="pair", like=0)
    same(bp.evaluate(lambda x: np.sum(pair(x)))(X), 2 * np.sum(X))
    with pytest.raises(ZeroDivisionError, match="on purpose"):
        bp.grad(lambda x: np.sum(pair(x)))(X)
    assert bp.grad(lambda x: x * x)(3.0) == 6.0  # all is well afterwards


def test_generators_and_early_returns() -> None:
    def parts(x: Any) -> Any:
        for k in range(3):
            if x[k] > 1.0:
                return
            yield x[k] * x[k]

    same(bp.grad(lambda x: sum(parts(x)))(X), [1.0, -3.0, 0.0])


# Travelling.


@pytest.mark.parametrize("verb", [bp.grad, bp.value_and_grad, bp.evaluate, bp.jacobian], ids=lambda v: v.__name__)
def test_verbs_of_functions_travel_by_value(verb: Any) -> None:
    there = pickle.loads(cloudpickle.dumps(verb(lambda x: np.sum(np.sin(x) * M[0]))))
    first, second = (
        r if isinstance(r, tuple) else (r,) for r in (there(X), verb(lambda x: np.sum(np.sin(x) * M[0]))(X))
    )
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


VERBS = [bp.grad, bp.value_and_grad, bp.compile, bp.jacobian, bp.hessian, bp.checkpoint, bp.vmap]


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda f: pickle.loads(cloudpickle.dumps(f))])
@pytest.mark.parametrize("verb", VERBS, ids=lambda v: v.__name__)
def test_verbs_of_functions_are_copied(verb: Any, again: Any) -> None:
    function = verb(lambda x: np.sum(np.sin(x) * M[0]))
    argument = np.stack([X, X]) if verb is bp.vmap else X
    for _ in range(2):  # the second time after a call, when a compiled function has plans
        there = again(function)
        assert there is not function
        assert repr(there(argument)) == repr(function(argument))


def test_verbs_of_functions_travel_with_joblib() -> None:
    gradient = bp.compile(bp.grad(lambda x: np.sum(x**2)))
    with joblib.parallel_config(backend="loky", n_jobs=2):
        found = joblib.Parallel()(joblib.delayed(gradient)(X * k) for k in range(3))
    np.testing.assert_array_equal(found, [2 * X * k for k in range(3)])
    assert joblib.hash(bp.grad(np.sum)) == joblib.hash(bp.grad(np.sum))


def test_graphs_pickle() -> None:
    graph = trace(f, (X,), {}, None).graph
    there: Graph = pickle.loads(pickle.dumps(graph))
    assert there == graph
    np.testing.assert_array_equal(bp.jacobian(there)(X), bp.jacobian(f)(X))
