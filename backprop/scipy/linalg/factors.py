"""Factors of matrices: Cholesky, LU, QR, polar."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ArgumentError
from ...graph.tracing.source_lines import user_line
from ...ops import linear_algebra as ops
from ...ops.arrays import asarray, flip, matrix_transpose, take, tril, triu
from ...ops.arrays.tuples import item
from ...ops.linear_algebra import matmul, solve_triangular
from ...ops.linear_algebra.decompositions import hermitian
from ...ops.linear_algebra.products import adjoint
from ...ops.linear_algebra.structured.lu import column_order, lu_factors, pivot_order, row_exchange
from ...ops.linear_algebra.structured.polar import unitary_factor
from ...ops.reductions import argsort, sum
from ..plain import refuse

__all__ = ["cho_factor", "cholesky", "lu", "lu_factor", "lu_solve", "orthogonal_procrustes", "polar", "qr", "rq"]


# Cholesky.


def cholesky(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """`scipy.linalg.cholesky`.

    Arguments:
        a: Hermitian positive-definite matrices (..., n, n), of which one triangle is read.
        lower: whether the factor, and that triangle, is the lower one.
        overwrite_a, check_finite: ignored.
    Returns:
        u with u^H @ u = a, or l with l @ l^H = a.
    Errors:
        ShapeError: no square matrix. LinAlgError: a matrix that is not positive definite, when it runs.
    """
    return ops.cholesky(asarray(a), upper=not lower)


def cho_factor(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> tuple[Any, bool]:
    """`scipy.linalg.cho_factor`: (the Cholesky factor, lower), for `cho_solve`; the other triangle is zero here."""
    return cholesky(a, lower), lower


# LU.


def lu_factor(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> tuple[Any, Any]:
    """`scipy.linalg.lu_factor`.

    Arguments:
        a: matrices (..., m, n).
        overwrite_a, check_finite: ignored.
    Returns:
        both factors in one matrix, without the ones of the lower one's diagonal; and the pivots, integers (..., k):
        row i was exchanged with row pivots[i].
    """
    result = lu_factors(asarray(a))
    return item(result, index=0), item(result, index=1)


def lu_solve(lu_and_piv: Any, b: Any, trans: int = 0, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    """`scipy.linalg.lu_solve`: the x with a x = b, given what `lu_factor` returned for a.

    Arguments:
        lu_and_piv: the factors and the pivots of one matrix.
        b: a vector (n,) or a matrix (n, k).
        trans: 1 solves a^T x = b, 2 a^H x = b.
        overwrite_b, check_finite: ignored.
    Returns:
        x, of the shape of `b`.
    """
    packed, pivots = asarray(lu_and_piv[0]), asarray(lu_and_piv[1])
    rows, y = pivot_order(pivots, rows=packed.shape[-2]), asarray(b)
    if trans == 0:
        first = solve_triangular(packed, take(y, rows, axis=0), 0, True, True)
        return solve_triangular(packed, first)
    first = solve_triangular(packed, y, trans)
    return take(solve_triangular(packed, first, trans, True, True), argsort(rows), axis=0)


def lu(
    a: Any,
    permute_l: bool = False,
    overwrite_a: bool = False,
    check_finite: bool = True,
    p_indices: bool = False,
) -> tuple[Any, ...]:
    """`scipy.linalg.lu`: p, l and u with a = p @ l @ u; the exchange of rows p is constant.

    Arguments:
        a: matrices (..., m, n).
        permute_l: whether to return (p @ l, u).
        overwrite_a, check_finite: ignored.
        p_indices: whether p is given by its integers, a = l[p] @ u.
    Returns:
        p (..., m, m), l (..., m, k) and u (..., k, n), where k = min(m, n).
    """
    x = asarray(a)
    k, result = min(x.shape[-2:]), lu_factors(x)
    packed, rows = item(result, index=0), item(result, index=2)
    lower = tril(packed[..., :k], -1) + np.eye(x.shape[-2], k, dtype=packed.dtype)
    upper, exchange = triu(packed[..., :k, :]), matrix_transpose(row_exchange(rows, packed.dtype))
    if permute_l:
        return matmul(exchange, lower), upper
    return argsort(rows, -1) if p_indices else exchange, lower, upper


# QR.


def qr(
    a: Any,
    overwrite_a: bool = False,
    lwork: int | None = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> tuple[Any, ...]:
    """`scipy.linalg.qr`.

    Arguments:
        a: matrices (..., m, n) of full rank; one matrix with `pivoting`.
        overwrite_a, lwork, check_finite: ignored.
        mode: "full", "economic" or "r".
        pivoting: whether columns are exchanged first, so that the diagonal of r does not grow; which, is constant.
    Returns:
        (q, r), or (r,) with "r"; with `pivoting` also the columns' new order, integers (n,): a[:, p] = q r.
    Errors:
        GraphTypeError: mode="raw".
    """
    x = asarray(a)
    if mode not in ("full", "economic", "r"):
        refuse("qr", f"mode={mode!r}", 'take mode="full", "economic" or "r"')
    order = column_order(x) if pivoting else None
    q, r = ops.qr(x if order is None else take(x, order, axis=1), "reduced" if mode == "economic" else "complete")
    return (*((r,) if mode == "r" else (q, r)), *(() if order is None else (order,)))


def rq(
    a: Any, overwrite_a: bool = False, lwork: int | None = None, mode: str = "full", check_finite: bool = True
) -> Any:
    """`scipy.linalg.rq`: r, q with a = r @ q, for matrices of at least as many columns as rows.

    Arguments:
        a: a matrix (m, n), m <= n.
        overwrite_a, lwork, check_finite: ignored.
        mode: "economic", or "full" where m = n; "r" returns r alone.
    Errors:
        GraphTypeError: a mode that wants rows of q that are not determined.
    """
    x = asarray(a)
    m, n = x.shape
    if m > n or (mode == "full" and m != n) or mode not in ("full", "economic", "r"):
        refuse("rq", f"mode={mode!r} for the shape {x.shape}", 'take mode="economic" and a matrix that is not tall')
    q, r = ops.qr(adjoint(flip(x, (0, 1))))
    upper, rows = flip(adjoint(r), (0, 1)), flip(adjoint(q), (0, 1))
    return upper if mode == "r" else (upper, rows)


# Polar.


def polar(a: Any, side: str = "right") -> tuple[Any, Any]:
    """`scipy.linalg.polar`: u, p with a = u @ p, or p @ u with side="left".

    Arguments:
        a: a matrix (m, n) of full rank.
        side: on which side of u the other factor stands.
    Returns:
        u (m, n), of orthonormal columns or rows, and p, Hermitian and positive definite.
    Errors:
        ArgumentError: another side. LinAlgError: a rank that is not full, in the reverse pass.
    """
    if side not in ("left", "right"):
        raise ArgumentError(f"polar: no side is called {side!r}", user_line(), 'take "left" or "right"')
    x = asarray(a)
    tall = x.shape[-2] >= x.shape[-1]
    u = unitary_factor(x) if tall else adjoint(unitary_factor(adjoint(x)))
    return u, hermitian(matmul(adjoint(u), x) if side == "right" else matmul(x, adjoint(u)))


def orthogonal_procrustes(A: Any, B: Any, check_finite: bool = True) -> tuple[Any, Any]:
    """`scipy.linalg.orthogonal_procrustes`: the orthogonal r that brings a @ r closest to b, and sum of the scales."""
    product = matmul(adjoint(asarray(A)), asarray(B))
    return unitary_factor(product), sum(ops.svdvals(product))
