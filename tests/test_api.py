"""The verbs: gradients by any argument, pullbacks, forward mode, matrices, nesting, threads, minibatches."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import ArgumentError, NonScalarOutputError, ShapeError
from backprop.testing import check_grads

X = np.array([0.5, -1.5, 2.0])
W = np.random.default_rng(0).normal(size=(2, 3))


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def energy(x: Any) -> Any:
    return np.sum(np.sin(x) * x**2)


def slope(x: Any) -> Any:
    return np.cos(x) * x**2 + 2 * np.sin(x) * x


# grad and value_and_grad.


def test_grad_of_scalars_and_arrays() -> None:
    assert bp.grad(lambda x: x**3)(2.0) == 12.0
    close(bp.grad(energy)(X), slope(X))
    check_grads(energy, (X,), order=3)


def test_value_and_grad() -> None:
    value, gradient = bp.value_and_grad(energy)(X)
    close(value, energy(X))
    close(gradient, slope(X))


def weighted(x: Any, y: Any, *, scale: Any = 1.0) -> Any:
    return np.sum(x * x * y) * scale


@pytest.mark.parametrize(
    ("argnums", "expected"),
    [
        (0, 2 * X * X * 3),
        (-2, 2 * X * X * 3),
        ("x", 2 * X * X * 3),
        (1, 3 * X**2),
        ("y", 3 * X**2),
        ("scale", np.sum(X**3)),
    ],
)
def test_argnums(argnums: Any, expected: Any) -> None:
    close(bp.grad(weighted, argnums)(X, X, scale=3.0), expected)


def test_several_argnums_give_a_tuple() -> None:
    gradients = bp.grad(weighted, (1, "x", "scale"))(X, X, scale=3.0)
    assert isinstance(gradients, tuple)
    for found, expected in zip(gradients, (3 * X**2, 6 * X**2, np.sum(X**3)), strict=True):
        close(found, expected)
    assert isinstance(bp.grad(weighted, (0,))(X, X), tuple)
    assert isinstance(bp.grad(weighted, [0, 1])(X, X), tuple)


def test_arguments_given_by_keyword() -> None:
    close(bp.grad(weighted)(x=X, y=X), 2 * X * X)
    close(bp.grad(weighted, "y")(X, y=X), X**2)


@pytest.mark.parametrize("argnums", [2, -3, "z", (0, 5)])
def test_argnums_that_name_nothing(argnums: Any) -> None:
    with pytest.raises(ArgumentError, match="there is no argument"):
        bp.grad(weighted, argnums)(X, X)


def test_has_aux() -> None:
    f = lambda x: (np.sum(x * x), {"twice": 2 * x, "name": "aux", "n": 3})  # noqa: E731
    gradient, aux = bp.grad(f, has_aux=True)(X)
    close(gradient, 2 * X)
    close(aux["twice"], 2 * X)
    assert (aux["name"], aux["n"]) == ("aux", 3)
    (value, again), gradient = bp.value_and_grad(f, has_aux=True)(X)
    close(value, X @ X)
    assert again["name"] == "aux"


def test_the_wrapped_function_keeps_its_name() -> None:
    assert bp.grad(energy).__name__ == "energy"
    assert bp.evaluate(energy).__name__ == "energy"


@dataclass
class Layer:
    w: Any
    b: Any
    activation: str = "tanh"


def test_containers_of_parameters() -> None:
    params = {"layers": [Layer(W, np.zeros(2)), Layer(W.T, np.zeros(3), "sin")], "scale": 2.0}

    def loss(p: Any, x: Any) -> Any:
        for layer in p["layers"]:
            x = getattr(np, layer.activation)(layer.w @ x + layer.b)
        return p["scale"] * np.sum(x)

    gradient = bp.grad(loss)(params, X)
    assert type(gradient["layers"][0]) is Layer
    assert gradient["layers"][1].activation is None
    assert gradient["layers"][0].w.shape == W.shape
    assert type(gradient["scale"]) is float
    check_grads(loss, (params, X))


# Dtypes and memory.


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_a_gradient_has_the_dtype_of_its_argument(dtype: str) -> None:
    x = X.astype(dtype)
    for f in (lambda x: np.sum(np.abs(x * np.ones(3)) ** 2), lambda x: np.sum((2 * x * 0.5).real * X)):
        gradient = bp.grad(f)(x)
        assert gradient.dtype == dtype
        assert gradient.shape == x.shape


def test_kinds_of_scalars() -> None:
    assert type(bp.grad(lambda x: x * x)(3.0)) is float
    assert type(bp.grad(lambda x: x * x)(np.float32(3))) is np.float32
    zero = bp.grad(lambda x: x * x)(np.array(3.0))
    assert isinstance(zero, np.ndarray)
    assert zero.shape == ()


def test_the_complex_convention() -> None:
    z = np.array([1 + 2j, -0.5j])
    close(bp.grad(lambda z: np.sum(np.abs(z) ** 2))(z), 2 * z.conj())
    close(bp.grad(lambda z: np.sum((z**3).real))(z), 3 * z**2)


def test_results_share_memory_with_nothing() -> None:
    x, y = X.copy(), X.copy()
    value, gradients = bp.value_and_grad(lambda x, y: (np.sum(x + y), (x, x, y)), (0, 1), has_aux=True)(x, y)
    _, aux = value
    arrays = [x, y, *aux, *gradients]
    for i, a in enumerate(arrays):
        for b in arrays[:i]:
            assert not np.shares_memory(a, b)
    for result in (*aux, *gradients):
        result[...] = 7.0
    np.testing.assert_array_equal(x, X)


def test_views_that_are_handed_out_are_copies() -> None:
    x = W.copy()
    first, second = bp.evaluate(lambda x: (x.T, x.reshape(-1)))(x)
    first[...] = 0
    second[...] = 1
    np.testing.assert_array_equal(x, W)


def test_the_same_array_as_two_arguments() -> None:
    a, b = bp.grad(lambda x, y: np.sum(x * x * y), (0, 1))(X, X)
    close(a, 2 * X * X)
    close(b, X * X)


def test_changing_an_argument_after_the_call_does_not_reach_a_pullback() -> None:
    x = X.copy()
    _, pullback = bp.vjp(lambda x: np.sum(x * x), x)
    expected = pullback(1.0)[0]
    close(expected, 2 * X)
    close(pullback(1.0)[0], 2 * X)


def test_read_only_and_non_contiguous_arguments() -> None:
    x = np.repeat(W, 2, axis=1)[:, ::2]
    x.flags.writeable = False
    close(bp.grad(energy)(x), slope(W))
    close(bp.grad(energy)(np.asfortranarray(W)), slope(W))


def test_empty_arrays() -> None:
    assert bp.grad(energy)(np.zeros((0, 3))).shape == (0, 3)


# vjp and jvp.


def network(w: Any, x: Any) -> Any:
    return {"h": np.tanh(w @ x), "s": np.sum(w)}


def test_vjp_called_twice_and_from_another_thread() -> None:
    value, pullback = bp.vjp(network, W, X)
    close(value["h"], np.tanh(W @ X))
    seed = {"h": np.array([1.0, -2.0]), "s": 0.5}
    first, second = pullback(seed), pullback(seed)
    with ThreadPoolExecutor(1) as pool:
        third = pool.submit(pullback, seed).result()
    inner = seed["h"] * (1 - np.tanh(W @ X) ** 2)
    for w, x in (first, second, third):
        close(w, np.outer(inner, X) + 0.5)
        close(x, W.T @ inner)
    assert not np.shares_memory(first[0], second[0])


def test_jvp_is_the_transpose_of_vjp() -> None:
    dw, dx = np.ones_like(W), np.array([1.0, 0.0, -1.0])
    value, tangent = bp.jvp(network, (W, X), (dw, dx))
    close(value["s"], W.sum())
    close(tangent["h"], (1 - np.tanh(W @ X) ** 2) * (dw @ X + W @ dx))
    close(tangent["s"], 6.0)


def test_jvp_of_a_constant_and_of_an_identity() -> None:
    assert bp.jvp(lambda x: 3.0, (1.0,), (1.0,)) == (3.0, 0.0)
    assert bp.jvp(lambda x: x, (1.0,), (2.0,)) == (1.0, 2.0)


def test_jvp_through_a_value_that_steers() -> None:
    assert bp.jvp(lambda x: x * x if x > 0 else -x, (3.0,), (1.0,)) == (9.0, 6.0)
    assert bp.jvp(lambda x: x * x if x > 0 else -x, (-3.0,), (1.0,)) == (3.0, -1.0)


# Matrices of derivatives.


def test_jacobian() -> None:
    close(bp.jacobian(lambda x: W @ x)(X), W)
    close(bp.jacobian(lambda x: np.sin(x))(X), np.diag(np.cos(X)))
    close(bp.jacobian(lambda w: w @ X)(W), np.einsum("ij,k->ijk", np.eye(2), X))
    close(bp.jacobian(lambda a, b: a * b, argnums=1)(2.0, X), 2 * np.eye(3))
    close(bp.jacobian(lambda x: np.sum(x))(X), np.ones(3))
    assert bp.jacobian(lambda x: x[:0])(X).shape == (0, 3)


def test_jacobian_by_a_container() -> None:
    found = bp.jacobian(lambda p: p["w"] @ p["x"])({"w": W, "x": X})
    close(found["x"], W)
    assert found["w"].shape == (2, 2, 3)


def test_hessian_and_hvp() -> None:
    expected = np.diag((2 - X**2) * np.sin(X) + 4 * X * np.cos(X))
    close(bp.hessian(energy)(X), expected)
    v = np.array([1.0, 2.0, -1.0])
    close(bp.hvp(energy, (X,), v), expected @ v)
    close(bp.hessian(lambda x: x**3)(2.0), 12.0)
    close(bp.hvp(weighted, (X, X), v), 2 * X * v)


def test_the_hessian_is_symmetric() -> None:
    matrix = bp.hessian(lambda x: np.sum(np.tanh(W @ x) ** 2) * np.sum(np.exp(x)))(X)
    close(matrix, matrix.T)


# Nesting.


def test_the_third_derivative() -> None:
    third = bp.grad(bp.grad(bp.grad(lambda x: x**4 + np.sin(x))))
    close(third(1.5), 24 * 1.5 - np.cos(1.5))


def perturbed(x: Any) -> Any:
    return x * bp.grad(lambda y: x + y)(1.0)


def test_perturbation_confusion() -> None:
    assert bp.grad(perturbed)(1.0) == 1.0
    assert bp.grad(lambda x: x * bp.grad(lambda y: x * y)(2.0))(3.0) == 6.0
    assert bp.jvp(lambda x: x * bp.jvp(lambda y: x + y, (1.0,), (1.0,))[1], (1.0,), (1.0,))[1] == 1.0


def test_perturbation_confusion_in_four_threads() -> None:
    start = threading.Barrier(4)

    def work(k: int) -> list[float]:
        start.wait()
        return [bp.grad(lambda x: x * bp.grad(lambda y: x * y * k)(2.0))(3.0) for _ in range(50)]

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(work, range(1, 5)))
    assert results == [[6.0 * k] * 50 for k in range(1, 5)]


def test_verbs_nest_in_each_other() -> None:
    close(bp.grad(lambda x: np.sum(bp.jacobian(np.sin)(x)))(X), -np.sin(X))
    close(bp.jacobian(bp.grad(energy))(X), bp.hessian(energy)(X))
    close(bp.grad(lambda x: bp.vjp(energy, x)[1](1.0)[0][0])(X), bp.hessian(energy)(X)[0])
    close(bp.grad(lambda x: np.sum(bp.hvp(energy, (x,), np.ones(3))))(X)[0], third_of_energy(X[0]))
    close(bp.grad(lambda x: bp.evaluate(energy)(x))(X), slope(X))


def third_of_energy(x: float) -> float:
    return float(6 * np.cos(x) - 6 * x * np.sin(x) - x**2 * np.cos(x))


def test_value_and_grad_inside_a_traced_function() -> None:
    def f(x: Any) -> Any:
        value, gradient = bp.value_and_grad(energy)(x)
        return value + np.sum(gradient)

    close(bp.grad(f)(X), slope(X) + np.diag(bp.hessian(energy)(X)))


# Values that steer.


def test_branches_loops_and_recursion_on_values() -> None:
    def power(x: Any, n: int) -> Any:
        return x if n == 1 else x * power(x, n - 1)

    def newton(a: Any) -> Any:
        x = a
        while abs(x * x - a) > 1e-12:
            x = (x + a / x) / 2
        return x

    assert bp.grad(lambda x: power(x, 5))(2.0) == 80.0
    close(bp.grad(newton)(9.0), 1 / 6)
    assert bp.grad(lambda x: x * x if x > 0 else -x)(-2.0) == -1.0
    assert bp.grad(lambda x: x * x if x > 0 else -x)(2.0) == 4.0
    close(bp.grad(lambda x: x[int(x[0])] ** 2)(np.array([2.0, 5.0, 3.0])), [0, 0, 6])


def test_a_branch_inside_a_nested_gradient() -> None:
    inner = lambda x: x**3 if x > 0 else x**2  # noqa: E731
    assert bp.grad(bp.grad(inner))(2.0) == 12.0
    assert bp.grad(bp.grad(inner))(-2.0) == 2.0


# evaluate, graphs and executors.


def test_evaluate() -> None:
    close(bp.evaluate(energy)(X), energy(X))
    result = bp.evaluate(lambda x, n: {"y": x * n, "n": n})(X, 3)
    close(result["y"], X * 3)
    assert result["n"] == 3


def graph() -> bp.Graph:
    g = bp.GraphBuilder()
    x = g.input("x", bp.ArrayType(3))
    g.output(g.apply(bp.ops.sum, g.apply(bp.ops.square, x)))
    return g.build()


def test_verbs_take_graphs() -> None:
    close(bp.evaluate(graph())(X), X @ X)
    close(bp.grad(graph())(X), 2 * X)
    close(bp.vjp(graph(), X)[1](1.0)[0], 2 * X)
    close(bp.jvp(graph(), (X,), (X,))[1], 2 * X @ X)
    close(bp.hessian(graph())(X), 2 * np.eye(3))


def test_executors_by_argument_and_by_block() -> None:
    expected = bp.grad(energy, executor=bp.Serial())(X)
    close(expected, slope(X))
    for executor in (bp.Threads(1), bp.Threads(2), bp.Auto()):
        assert bp.grad(energy, executor=executor)(X).tobytes() == expected.tobytes()
        with bp.use(executor) as inner:
            assert inner is executor
            assert bp.grad(energy)(X).tobytes() == expected.tobytes()
            assert bp.evaluate(energy)(X) == bp.evaluate(energy, executor=bp.Serial())(X)


# minibatch.

ROWS = np.random.default_rng(1).normal(size=(150, 3))
LABELS = np.random.default_rng(2).normal(size=150)


def mean_loss(w: Any, x: Any, y: Any) -> Any:
    return np.mean((x @ w - y) ** 2)


def sum_loss(w: Any, x: Any, y: Any) -> Any:
    return np.sum((x @ w - y) ** 2)


@pytest.mark.parametrize("shards", [None, 1, 2, 7, 150, 1000])
@pytest.mark.parametrize(("loss", "reduction"), [(mean_loss, "mean"), (sum_loss, "sum")], ids=["mean", "sum"])
def test_minibatch_equals_the_loss(loss: Any, reduction: str, shards: int | None) -> None:
    split = bp.minibatch(loss, (1, 2), shards, reduction)
    close(split(X, ROWS, LABELS), loss(X, ROWS, LABELS))
    close(bp.grad(split)(X, ROWS, LABELS), bp.grad(loss)(X, ROWS, LABELS))
    close(bp.grad(split, 1)(X, ROWS, LABELS), bp.grad(loss, 1)(X, ROWS, LABELS))


def test_minibatch_of_containers_and_by_one_argument() -> None:
    batch = {"x": ROWS, "y": LABELS}
    split = bp.minibatch(lambda w, b: mean_loss(w, b["x"], b["y"]), 1, 4)
    close(bp.grad(split)(X, batch), bp.grad(mean_loss)(X, ROWS, LABELS))
    close(bp.hvp(lambda w: split(w, batch), (X,), X), bp.hvp(lambda w: mean_loss(w, ROWS, LABELS), (X,), X))


def test_minibatch_with_a_loss_that_is_steered_by_values() -> None:
    loss = lambda w, x: np.mean(x @ w) if np.sum(x) > 0 else -np.mean(x @ w)  # noqa: E731
    split = bp.minibatch(loss, 1, 2)
    x = np.array([[1.0, 1.0, 1.0], [-1.0, -2.0, -3.0]])
    close(bp.grad(split)(X, x), [1.0, 1.5, 2.0])


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: bp.minibatch(mean_loss, 1, 0), ArgumentError),
        (lambda: bp.minibatch(mean_loss, 1, None, "median"), ArgumentError),
        (lambda: bp.minibatch(mean_loss, 5)(X, ROWS, LABELS), ArgumentError),
        (lambda: bp.minibatch(mean_loss, (1, 2))(X, ROWS, LABELS[1:]), ShapeError),
        (lambda: bp.minibatch(mean_loss, (1, 2))(X, ROWS[:0], LABELS[:0]), ShapeError),
        (lambda: bp.minibatch(mean_loss, (1, 2))(X, ROWS, 1.0), ShapeError),
        (lambda: bp.minibatch(lambda w, x: x @ w, 1)(X, ROWS), NonScalarOutputError),
    ],
    ids=["no shards", "reduction", "position", "lengths", "empty", "scalar", "output"],
)
def test_minibatch_errors(call: Any, error: type) -> None:
    with pytest.raises(error):
        call()
