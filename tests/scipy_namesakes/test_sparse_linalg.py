"""Namesakes of `scipy.sparse.linalg`: SciPy's values; derivatives by right sides and elements of patterns."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.sparse.linalg as theirs

import backprop as bp
from backprop.errors import GraphTypeError, ShapeError, UnknownFunctionError
from backprop.ops.sparse.matrix import Sparse
from backprop.ops.sparse.patterns import Pattern
from backprop.scipy.plain import PlainOnly
from backprop.scipy.sparse import linalg
from tests.sparse_arrays import random_sparse

RNG = np.random.default_rng(3)
N = 5
SQUARE = sp.csr_array(random_sparse(RNG, (N, N), density=0.4) + 4 * sp.eye_array(N))
SYMMETRIC = sp.csr_array(SQUARE + SQUARE.T)
B, COLUMNS = RNG.normal(size=N), RNG.normal(size=(N, 2))
KRYLOV = ("bicg", "bicgstab", "cg", "cgs", "gmres", "minres", "qmr", "tfqmr")


@pytest.mark.parametrize("format", ["csr", "csc", "coo"])
@pytest.mark.parametrize("b", [B, COLUMNS], ids=["vector", "columns"])
def test_spsolve(format: str, b: Any) -> None:
    matrix = SQUARE.asformat(format)
    np.testing.assert_allclose(linalg.spsolve(matrix, b), theirs.spsolve(matrix.tocsc(), b))

    def f(data: Any, b: Any) -> Any:
        return linalg.spsolve(sp_of(matrix, data), b)

    bp.testing.check_op(f, (matrix.data, b), dtypes=("float64", "complex128"))


def sp_of(matrix: Any, data: Any) -> Any:
    """The matrix with other data."""
    return Sparse(data, Pattern.of(matrix))


def test_a_traced_matrix_is_an_argument() -> None:
    found = bp.grad(lambda a, b: np.sum(linalg.spsolve(a, b) ** 2))(SQUARE, B)
    dense = bp.grad(lambda a, b: np.sum(np.linalg.solve(a, b) ** 2))(SQUARE.toarray(), B)
    assert isinstance(found, sp.csr_array)
    np.testing.assert_allclose(found.toarray(), np.where(SQUARE.toarray() != 0, dense, 0))


@pytest.mark.parametrize("name", KRYLOV)
def test_krylovs_methods(name: str) -> None:
    def f(data: Any, b: Any) -> Any:
        symmetric = sp_of(SYMMETRIC, data)
        return getattr(linalg, name)(symmetric, b, rtol=1e-13)[0]

    x, info = getattr(linalg, name)(SYMMETRIC, B, rtol=1e-13)
    assert info == 0
    np.testing.assert_allclose(x, theirs.spsolve(SYMMETRIC.tocsc(), B), rtol=1e-9)
    data = (SYMMETRIC.data,)
    if name in ("cg", "minres"):  # which want a symmetric matrix, not one with one element moved
        weights = RNG.normal(size=N)
        symmetric = lambda s, b: weights @ getattr(linalg, name)(s[0] * SYMMETRIC, b, rtol=1e-13)[0]  # noqa: E731
        bp.testing.check_grads(symmetric, (np.array([1.5]), B))
        return
    bp.testing.check_grads(f, (*data, B))


@pytest.mark.parametrize("name", KRYLOV)
def test_a_start_and_a_preconditioner_do_not_change_the_solution(name: str) -> None:
    diagonal = sp.diags_array(1 / SYMMETRIC.diagonal())
    before = {"M1": diagonal, "M2": sp.eye_array(N)} if name == "qmr" else {"M": diagonal}
    solve = getattr(linalg, name)

    def f(b: Any) -> Any:
        return solve(SYMMETRIC, b, x0=b / 2, rtol=1e-13, **before)[0]

    np.testing.assert_allclose(bp.evaluate(f)(B), theirs.spsolve(SYMMETRIC.tocsc(), B), rtol=1e-9)
    bp.testing.check_grads(f, (B,))


def test_factors_solve_the_transposed_equation() -> None:
    for trans in ("N", "T", "H"):
        np.testing.assert_allclose(
            linalg.splu(SQUARE).solve(B, trans), theirs.splu(SQUARE.tocsc()).solve(B, trans), rtol=1e-12
        )
        bp.testing.check_grads(lambda d, b, t=trans: linalg.splu(sp_of(SQUARE, d)).solve(b, t), (SQUARE.data, B))
    np.testing.assert_allclose(linalg.factorized(SQUARE)(B), theirs.spsolve(SQUARE.tocsc(), B))


def test_a_triangular_matrix() -> None:
    lower = sp.csr_array(sp.tril(SQUARE))
    lower.indices, lower.indptr = lower.indices.astype(np.intc), lower.indptr.astype(np.intc)  # SciPy 1.15 asks for it
    np.testing.assert_allclose(linalg.spsolve_triangular(lower, B), theirs.spsolve_triangular(lower, B))


@pytest.mark.parametrize("scale", [0.1, 1.0, 8.0])
def test_the_exponential_times_vectors(scale: float) -> None:
    matrix = scale / 4 * SQUARE
    np.testing.assert_allclose(linalg.expm_multiply(matrix, COLUMNS), theirs.expm_multiply(matrix, COLUMNS), rtol=1e-10)
    times = {"start": 0.0, "stop": 1.0, "num": 3, "endpoint": True}
    expected = theirs.expm_multiply(matrix, B, **times)
    np.testing.assert_allclose(linalg.expm_multiply(matrix, B, **times), expected, rtol=1e-9)
    if scale == 1.0:
        bp.testing.check_grads(lambda d, b: linalg.expm_multiply(sp_of(matrix, d), b), (matrix.data, B))
    np.testing.assert_allclose(linalg.expm(matrix), theirs.expm(matrix.tocsc()).toarray(), rtol=1e-9)


@pytest.mark.parametrize("ord", [None, "fro", 1, np.inf])
def test_norms(ord: Any) -> None:
    np.testing.assert_allclose(linalg.norm(SQUARE, ord), theirs.norm(SQUARE, ord))


def test_what_is_refused() -> None:
    with pytest.raises(UnknownFunctionError, match=r"eigsh takes no traced values(.|\n)*linalg.eigh"):
        bp.grad(lambda a: linalg.eigsh(a, 2)[0].sum())(SYMMETRIC)
    np.testing.assert_allclose(linalg.eigsh(SYMMETRIC, 1)[0], theirs.eigsh(SYMMETRIC, 1)[0])
    for call in (
        lambda b: linalg.cg(SYMMETRIC, b, callback=print)[0],
        lambda b: linalg.cg(theirs.aslinearoperator(SYMMETRIC), b)[0],
        lambda b: linalg.spsolve(SQUARE, SQUARE) @ b,
        lambda b: linalg.spsolve_triangular(SQUARE, b, unit_diagonal=True),
        lambda b: linalg.minres(SYMMETRIC, b, shift=1.0)[0],
    ):
        with pytest.raises(GraphTypeError, match="takes no"):
            bp.grad(lambda b, call=call: np.sum(call(b)))(B)
    with pytest.raises(ShapeError, match="do not fit"):
        bp.grad(lambda b: np.sum(linalg.spsolve(SQUARE, b[1:])))(B)


@pytest.mark.parametrize("name", [n for n in theirs.__all__ if inspect.isfunction(getattr(theirs, n))])
def test_signatures_are_those_of_scipy(name: str) -> None:
    ours = getattr(linalg, name)
    if isinstance(ours, PlainOnly):
        assert ours.function is getattr(theirs, name)
        return
    wanted = list(inspect.signature(getattr(theirs, name)).parameters)
    assert [p for p in inspect.signature(ours).parameters if p in wanted] == [p for p in wanted if p != "show"] or (
        list(inspect.signature(ours).parameters) == wanted
    )
