"""Sparse Jacobians and Hessians: the dense ones at the pattern, in few sweeps, in every mode and on every executor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import backprop as bp
from backprop.api.matrices.sparse import by_rows_or_columns, by_stars, symmetric, wanted_pattern
from backprop.api.verbs.call import called
from backprop.errors import ArgumentError, GraphTypeError, ShapeError
from backprop.graph.sparsity.colouring import count
from backprop.scheduler.executors.base import AbstractExecutor

RNG = np.random.default_rng(1)
X = RNG.normal(size=12)
SUBJECT = np.repeat(np.arange(3), 5)
TIME = np.tile(np.linspace(0, 1, 5), 3)
A = sp.random_array((8, 12), density=0.2, rng=np.random.default_rng(0), format="csr")


def shifted(x: Any, k: int) -> Any:
    zeros = np.zeros(abs(k))
    return np.concatenate([x[k:], zeros] if k > 0 else [zeros, x[:k]])


def pentadiagonal(x: Any) -> Any:
    y = np.sin(x) * x
    return y * x + shifted(y, 1) * np.exp(-x) + shifted(y, -1) + shifted(y, 2) - shifted(y, -2)


def by_subject(p: Any) -> Any:
    q = p.reshape(3, 4)[SUBJECT]
    return q[:, 0] * np.exp(-q[:, 1] * TIME) + q[:, 2] * np.sin(q[:, 3] * TIME)


def branches(p: Any) -> Any:
    parts = [np.tanh(p[4 * k] * TIME[:5]) + p[4 * k + 1] for k in range(3)]
    return {"all": np.concatenate(parts), "sum": np.sum(p[:2])}


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "pentadiagonal": pentadiagonal,
    "by subject": by_subject,
    "branches": branches,
    "a sparse product": lambda x: (A @ x) ** 2,
    "sums of rows": lambda x: np.sum(x.reshape(3, 4) ** 2, 1),
    "a matrix": lambda x: np.cumsum(x.reshape(3, 4), 1),
    "constant": lambda x: np.ones(3) + np.floor(x[:3]) * 0,
    "dense": lambda x: np.outer(x[:2], x) * np.sum(x),
    "a diffusion": lambda x: bp.scan(lambda u, _: (u + 0.1 * (shifted(u, 1) - u), None), x, length=2)[0],
}


def dense(f: Callable[[Any], Any], x: Any) -> list[Any]:
    found = bp.jacobian(f, mode="reverse")(x)
    blocks = found.values() if isinstance(found, dict) else [found]
    return [np.reshape(block, (-1, x.size)) for block in blocks]


def blocks(found: Any) -> list[Any]:
    return list(found.values()) if isinstance(found, dict) else [found]


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_the_dense_matrix(name: str, mode: Any) -> None:
    f = FUNCTIONS[name]
    for block, expected in zip(blocks(bp.jacobian(f, 0, mode, "auto")(X)), dense(f, X), strict=True):
        assert isinstance(block, sp.csr_array)
        assert block.dtype == "float64"
        np.testing.assert_allclose(block.toarray(), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("name", "nnz", "sweeps"), [("pentadiagonal", 54, 5), ("by subject", 60, 4), ("branches", 32, 2)]
)
def test_the_pattern_and_the_number_of_sweeps(name: str, nnz: int, sweeps: int) -> None:
    call = called(FUNCTIONS[name], (X,))
    pattern = wanted_pattern(call, call.pick(0).ids, "auto")
    assert pattern.nnz == nnz
    assert count(by_rows_or_columns(pattern)[0].colours) == sweeps


def test_the_pentadiagonal_matrix_of_10_000_takes_five_sweeps() -> None:
    call = called(pentadiagonal, (np.ones(10_000),))
    pattern = wanted_pattern(call, call.pick(0).ids, "auto")
    assert [count(c.colours) for c in by_rows_or_columns(pattern)] == [5, 5]


def test_a_pattern_of_the_users() -> None:
    pattern = np.abs(np.subtract.outer(np.arange(12), np.arange(12))) <= 2
    expected = bp.jacobian(pentadiagonal)(X)
    for given in (pattern, sp.csc_array(pattern), sp.coo_matrix(pattern), pattern.astype(float).tolist()):
        np.testing.assert_allclose(bp.jacobian(pentadiagonal, sparsity=given)(X).toarray(), expected, rtol=1e-12)


def test_several_arguments() -> None:
    def f(a: Any, p: Any) -> Any:
        return p["b"] * a + p["c"]

    (by_a, by_p) = bp.jacobian(f, (0, 1), sparsity="auto")(X, {"b": X + 1, "c": 2.0, "n": 3})
    np.testing.assert_allclose(by_a.toarray(), np.diag(X + 1))
    np.testing.assert_allclose(by_p["b"].toarray(), np.diag(X))
    np.testing.assert_allclose(by_p["c"].toarray(), np.ones((12, 1)))
    assert by_p["n"] is None


def test_compiled_and_nested_it_is_the_same() -> None:
    matrix = bp.jacobian(by_subject, sparsity="auto")
    compiled = bp.compile(matrix)
    for x in (X, 2 * X, X):
        found, expected = compiled(x), matrix(x)
        assert found.data.tobytes() == expected.data.tobytes()
        assert np.array_equal(found.indices, expected.indices)

    def loss(x: Any) -> Any:
        return np.sum((matrix(x) @ np.ones(12)) ** 2)

    expected = bp.grad(lambda x: np.sum((bp.jacobian(by_subject)(x) @ np.ones(12)) ** 2))(X)
    np.testing.assert_allclose(bp.grad(loss)(X), expected, rtol=1e-10)


def test_indices_that_are_arguments_are_looked_at_in_each_call() -> None:
    def f(x: Any, rows: Any) -> Any:
        return x[rows] ** 2

    compiled = bp.compile(bp.jacobian(f, sparsity="auto"))
    for rows in (np.array([0, 1, 1]), np.array([5, 5, 2]), np.array([0, 1, 1])):
        expected = bp.jacobian(f)(X, rows)
        for found in (bp.jacobian(f, sparsity="auto")(X, rows), compiled(X, rows)):
            assert found.nnz == 3
            np.testing.assert_allclose(found.toarray(), expected)


@pytest.mark.parametrize("name", ["pentadiagonal", "by subject"])
def test_executors_give_the_same_bits(executor: AbstractExecutor, name: str) -> None:
    expected = bp.jacobian(FUNCTIONS[name], sparsity="auto", executor=bp.Serial())(X)
    found = bp.jacobian(FUNCTIONS[name], sparsity="auto", executor=executor)(X)
    assert found.data.tobytes() == expected.data.tobytes()


# Hessians.


def rosenbrock(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def arrow(x: Any) -> Any:
    return np.sum(x[0] * x**2)


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
@pytest.mark.parametrize("f", [rosenbrock, arrow, lambda x: np.sum(by_subject(x) ** 2), lambda x: np.sum(x) ** 2])
def test_the_hessian_is_the_dense_one_and_symmetric_to_the_bit(f: Callable[[Any], Any], mode: Any) -> None:
    found = bp.hessian(f, 0, mode, "auto")(X)
    np.testing.assert_allclose(found.toarray(), bp.hessian(f)(X), rtol=1e-10, atol=1e-11)
    assert (found != found.T).nnz == 0


def test_a_hessian_takes_fewer_sweeps_than_its_columns_ask_for() -> None:
    call = called(bp.grad(arrow), (X,))
    pattern = symmetric(wanted_pattern(call, call.pick(0).ids, "auto"))
    assert count(by_rows_or_columns(pattern)[0].colours) == 12
    assert count(by_stars(pattern)[0].colours) == 2


def test_the_hessian_by_a_container() -> None:
    found = bp.hessian(lambda p: np.sum(p["a"] ** 3) * p["b"], sparsity="auto")({"a": X, "b": 2.0})
    np.testing.assert_allclose(found["a"]["a"].toarray(), np.diag(12 * X))
    np.testing.assert_allclose(found["a"]["b"].toarray()[:, 0], 3 * X**2)
    np.testing.assert_allclose(found["b"]["a"].toarray()[0], 3 * X**2)


# Errors.


def test_errors() -> None:
    with pytest.raises(ArgumentError, match="there is no sparsity 'yes'"):
        bp.jacobian(np.sin, sparsity="yes")
    with pytest.raises(ShapeError, match=r"the pattern has the shape \(2, 2\)"):
        bp.jacobian(np.sin, sparsity=np.eye(2))(X)
    with pytest.raises(GraphTypeError, match="real numbers only"):
        bp.jacobian(np.sin, sparsity="auto")(X + 1j)
