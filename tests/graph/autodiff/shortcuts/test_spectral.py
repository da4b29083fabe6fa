"""Decompositions with equal eigenvalues or singular values: right where the loss allows it, else NaN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp

W = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.5]])
Q = np.linalg.qr(W)[0]
SYMMETRIC = W + W.T
DIRECTION = np.array([[1.0, 0.5, 0.2], [0.5, -1.0, 0.3], [0.2, 0.3, 0.7]])

PUT_TOGETHER = {
    "columns": lambda u, s, vh: (u * s) @ vh,
    "rows": lambda u, s, vh: u @ (s[:, None] * vh),
    "a diagonal": lambda u, s, vh: u @ np.diag(s) @ vh,
    "einsum": lambda u, s, vh: np.einsum("ij,j,jk->ik", u, s, vh),
}
FUNCTIONS = {
    "exp": np.exp,
    "sqrt": np.sqrt,
    "log": lambda w: np.log(w) * 2.0 + 1.0,
    "inverse": lambda w: 1 / w,
    "cube": lambda w: w**3,
    "itself": lambda w: w,
    "clipped": lambda w: np.maximum(w, 0.1),
}
MATRICES = {
    "one": np.eye(3),
    "a pair": Q @ np.diag([1.0, 1.0, 2.0]) @ Q.T,
    "apart": Q @ np.diag([0.5, 1.0, 2.0]) @ Q.T,
}


@pytest.mark.parametrize("name", PUT_TOGETHER)
@pytest.mark.parametrize("x", [np.eye(3), np.diag([2.0, 1.0, 1.0]), W], ids=["one", "a pair", "apart"])
def test_singular_values_and_vectors_that_are_put_together_again(name: str, x: Any) -> None:
    def f(x: Any) -> Any:
        return np.sum(W * PUT_TOGETHER[name](*np.linalg.svd(x)))

    np.testing.assert_allclose(bp.grad(f)(x), W, rtol=1e-12)
    np.testing.assert_allclose(bp.jvp(f, (x,), (DIRECTION,))[1], np.sum(W * DIRECTION), rtol=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("kind", MATRICES)
def test_functions_of_symmetric_matrices(name: str, kind: str) -> None:
    h: Callable[[Any], Any] = FUNCTIONS[name]

    def f(x: Any) -> Any:
        w, v = np.linalg.eigh(x)
        return np.sum(W * ((v * h(w)) @ v.T))

    x, step = MATRICES[kind], 1e-5
    expected = (f(x + step * DIRECTION) - f(x - step * DIRECTION)) / (2 * step)
    np.testing.assert_allclose(np.sum(bp.grad(f)(x) * DIRECTION), expected, rtol=1e-7)
    np.testing.assert_allclose(bp.jvp(f, (x,), (DIRECTION,))[1], expected, rtol=1e-7)


def test_a_function_with_a_parameter_of_its_own_takes_the_long_way() -> None:
    def f(t: Any, x: Any) -> Any:
        w, v = np.linalg.eigh(x)
        return np.sum(W * ((v * (w * t)) @ v.T))

    by_t, by_x = bp.grad(f, (0, 1))(2.0, MATRICES["apart"])
    np.testing.assert_allclose(by_t, np.sum(W * MATRICES["apart"]))
    np.testing.assert_allclose(by_x, W + W.T, rtol=1e-10)


@pytest.mark.filterwarnings("ignore:.*determined:RuntimeWarning")
@pytest.mark.parametrize("x", [np.eye(3), MATRICES["a pair"]], ids=["to the bit", "to rounding"])
def test_vectors_of_equal_values_are_not_determined(x: Any) -> None:
    losses: list[Callable[[Any], Any]] = [
        lambda x: np.linalg.eigh(x)[1][0, 0],
        lambda x: np.real(np.linalg.eig(x)[1][0, 0]),
        lambda x: np.linalg.svd(x)[0][0, 1],
        lambda x: np.linalg.svd(x)[2][1, 0],
    ]
    for f in losses:
        assert np.isnan(bp.grad(f)(x)).any()
        assert np.isnan(bp.jvp(f, (x,), (DIRECTION,))[1])


@pytest.mark.parametrize("x", [np.eye(3), MATRICES["a pair"]], ids=["to the bit", "to rounding"])
def test_symmetric_functions_of_equal_values_are(x: Any) -> None:
    losses: list[tuple[Callable[[Any], Any], Any]] = [
        (lambda x: np.sum(np.linalg.eigvalsh(x) ** 2), 2 * x),
        (lambda x: np.sum(np.linalg.svd(x, compute_uv=False) ** 2), 2 * x),
        (lambda x: np.real(np.sum(np.linalg.eigvals(x) ** 2)), 2 * x),
    ]
    for f, expected in losses:
        np.testing.assert_allclose(bp.grad(f)(x), expected, rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(bp.jvp(f, (x,), (DIRECTION,))[1], np.sum(expected * DIRECTION), rtol=1e-10)


def test_a_vector_whose_value_stands_alone_is_determined_beside_equal_ones() -> None:
    found = bp.grad(lambda x: np.sum(W[0] * np.linalg.eigh(x)[1][:, 2]) ** 2)(np.diag([1.0, 1.0, 2.0]))
    np.testing.assert_allclose(found, [[0, 0, 3], [0, 0, 6], [3, 6, 0]], atol=1e-12)


@pytest.mark.filterwarnings("ignore:.*determined:RuntimeWarning")
def test_vectors_of_a_singular_value_that_is_zero_are_not_determined() -> None:
    x = np.outer(np.ones(4), [1.0, 2.0])
    assert np.isnan(bp.grad(lambda x: np.linalg.svd(x, full_matrices=False)[0][0, 1])(x)).any()
    assert np.isfinite(bp.grad(lambda x: np.linalg.svd(x, full_matrices=False)[0][0, 0])(x)).all()


@pytest.mark.parametrize("name", ["expm", "sqrtm", "logm"])
@pytest.mark.parametrize("kind", MATRICES)
def test_functions_of_matrices_that_need_no_eigenvectors(name: str, kind: str) -> None:
    def f(x: Any) -> Any:
        return np.sum(W * getattr(bp.ops, name)(x))

    x, step = MATRICES[kind], 1e-5
    expected = (f(x + step * DIRECTION) - f(x - step * DIRECTION)) / (2 * step)
    np.testing.assert_allclose(np.sum(bp.grad(f)(x) * DIRECTION), expected, rtol=1e-6)
    np.testing.assert_allclose(bp.jvp(f, (x,), (DIRECTION,))[1], expected, rtol=1e-6)
