"""Linear equations: inverses, general, triangular and Sylvester's, for stacks of matrices.

Names and signatures are those of numpy.linalg and scipy.linalg. SciPy's functions do not dispatch, so that traced code
calls these, as `bp.ops.solve_triangular`; they take stacks of matrices too, apart from `solve_sylvester`.

Source of the rules: Giles, An extended collection of matrix derivative results, NA-08-01, 2008, section 2.2.

Source of names and defaults: the NumPy 2 and SciPy references.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import scipy

from ...errors import ShapeError
from ..arrays.as_array import asarray
from ..arrays.axes import expand_dims, matrix_transpose, moveaxis, squeeze
from ..arrays.diagonals import triangle
from ..arrays.views import reshape, transpose
from ..core.batching import STACKS, Batched, BatchRule, aligned, batch_of
from ..core.costs import PerMatrix
from ..core.dependence import of_matrices
from ..core.op import Op, broadcast
from ..core.types import NumericType, Shape, ValueType, array_type, numeric
from .products import conjugated, matmul

__all__ = ["cho_solve", "inv", "solve", "solve_sylvester", "solve_triangular", "tensorinv", "tensorsolve"]

TRANSPOSED = {0: 0, "N": 0, 1: 1, "T": 1, 2: 2, "C": 2}


def inexact(*types: NumericType[Any]) -> np.dtype[Any]:
    """The dtype that linear algebra computes in: float64 for integers and booleans."""
    dtype = np.result_type(*(t.dtype for t in types))
    return dtype if dtype.kind in "fc" else np.dtype(np.float64)


def matrices(op: str, x: ValueType[Any], square: bool = True) -> NumericType[Any]:
    """The type of matrices (..., m, n), or a ShapeError where it is none, or they are not square but have to be."""
    (t,) = numeric(op, x)
    if t.ndim < 2 or (square and t.shape[-1] != t.shape[-2]):
        raise ShapeError(
            f"{op}: the shape {t.shape} is not that of a {'square ' if square else ''}matrix",
            fix="give an array (..., rows, columns)",
        )
    return t


def same_type(op: str, x: ValueType[Any]) -> NumericType[Any]:
    """The type of a function from square matrices to matrices of their shape."""
    t = matrices(op, x)
    return array_type(t.shape, inexact(t))


def equation_type(op: str, a: ValueType[Any], b: ValueType[Any]) -> NumericType[Any]:
    """The type of the x with a @ x = b, for square matrices a (..., n, n) and matrices b (..., n, k)."""
    s, t = matrices(op, a), matrices(op, b, False)
    if s.shape[-1] != t.shape[-2]:
        raise ShapeError(
            f"{op}: shapes {s.shape} and {t.shape} do not fit: {s.shape[-1]} against {t.shape[-2]}",
            fix="the right side needs as many rows as the matrix",
        )
    batch = broadcast(op, (array_type(s.shape[:-2], s.dtype), array_type(t.shape[:-2], t.dtype)))
    return array_type((*batch, *t.shape[-2:]), inexact(s, t))


def _equations_batch(op: Any, batched: Batched, operands: Any, params: Any) -> Any:
    """Right sides of one matrix are put side by side, so that it is taken apart once."""
    a, b = operands
    if batched[0] or len(a.shape) > 2 or len(b.shape) > 3:
        return op(*aligned(batched, operands), **params)
    n, (rows, columns) = batch_of(batched, operands), b.shape[1:]
    beside = reshape(transpose(b, (1, 0, 2)), (rows, n * columns))
    return transpose(reshape(op(a, beside, **params), (rows, n, columns)), (1, 0, 2))


# Inverse and linear equations.


def _inv_vjp(g: Any, out: Any, x: Any) -> Any:
    turned = matrix_transpose(out)
    return -matmul(matmul(turned, g), turned)


inv: Op = Op("inv", partial(same_type, "inv"), np.linalg.inv, _inv_vjp, flops=PerMatrix(5), home=__name__, batch=STACKS)


def _solve_vjp(g: Any, out: Any, a: Any, b: Any) -> tuple[Any, Any]:
    gb = solve_matrices(matrix_transpose(a), g)
    return -matmul(gb, matrix_transpose(out)), gb


solve_matrices: Op = Op(
    "solve_matrices",
    partial(equation_type, "solve"),
    lambda a, b: np.linalg.solve(a, b),
    _solve_vjp,
    flops=lambda a, b, out: 2 / 3 * a.size * a.shape[-1] + 2.0 * out.size * a.shape[-1],
    home=__name__,
    batch=BatchRule(_equations_batch),
    depends=of_matrices,
)


def solve(a: Any, b: Any) -> Any:
    """`numpy.linalg.solve`.

    Arguments:
        a: matrices (..., n, n).
        b: a vector (n,), or matrices (..., n, k).
    Returns:
        the x with a @ x = b.
    Errors:
        ShapeError: shapes that do not fit.
        LinAlgError: a singular matrix, when it runs.
    """
    x, y = asarray(a), asarray(b)
    if len(y.shape) == 1:
        return squeeze(solve_matrices(x, expand_dims(y, -1)), -1)
    return solve_matrices(x, y)


def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """`numpy.linalg.tensorsolve`: the x with tensordot(a, x, x.ndim) = b; `axes` of `a` go to its end first."""
    x, y = asarray(a), asarray(b)
    if axes is not None:
        x = moveaxis(x, tuple(axes), tuple(range(-len(axes), 0)))
    shape = x.shape[len(y.shape) :]
    return reshape(solve(reshape(x, (math.prod(y.shape), math.prod(shape))), reshape(y, -1)), shape)


def tensorinv(a: Any, ind: int = 2) -> Any:
    """`numpy.linalg.tensorinv`: the inverse of `a` with regard to tensordot over its first `ind` axes."""
    x = asarray(a)
    first, last = x.shape[:ind], x.shape[ind:]
    return reshape(inv(reshape(x, (math.prod(first), math.prod(last)))), last + first)


# Triangular equations.


def _triangular_type(
    a: ValueType[Any], b: ValueType[Any], *, trans: int, lower: bool, unit_diagonal: bool
) -> NumericType[Any]:
    return equation_type("solve_triangular", a, b)


def _triangular(a: Any, b: Any, *, trans: int, lower: bool, unit_diagonal: bool) -> Any:
    def solve(a: Any, b: Any) -> Any:
        return scipy.linalg.solve_triangular(a, b, trans, lower, unit_diagonal, check_finite=False)

    dtype = np.result_type(a, b)
    a, b = (x.astype(dtype if dtype.kind in "fc" else np.float64, copy=False) for x in (a, b))
    if a.ndim == b.ndim == 2:
        return np.array(solve(a, b), order="C")
    batch: Shape = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = np.broadcast_to(a, batch + a.shape[-2:]), np.broadcast_to(b, batch + b.shape[-2:])
    out = np.empty(b.shape, b.dtype)
    for i in np.ndindex(batch):
        out[i] = solve(a[i], b[i])
    return out


def _triangular_vjp(g: Any, out: Any, a: Any, b: Any, *, trans: int, lower: bool, unit_diagonal: bool) -> Any:
    def solve(g: Any, trans: int) -> Any:
        return triangular(a, g, trans=trans, lower=lower, unit_diagonal=unit_diagonal)

    gb = conjugated(solve(conjugated(g), 0)) if trans == 2 else solve(g, 1 - trans)
    of_matrix = -matmul(gb, matrix_transpose(out))
    if trans:
        of_matrix = matrix_transpose(conjugated(of_matrix) if trans == 2 else of_matrix)
    return triangle(of_matrix, k=(-1 if lower else 1) * unit_diagonal, lower=lower), gb


# The rule is that of a general equation, restricted to the triangle.
triangular: Op = Op(
    "triangular",
    _triangular_type,
    _triangular,
    _triangular_vjp,
    flops=lambda a, b, out, **params: 1.5 * out.size * a.shape[-1],
    home=__name__,
    batch=BatchRule(_equations_batch),
    depends=of_matrices,
)


def solve_triangular(
    a: Any,
    b: Any,
    trans: int | str = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """`scipy.linalg.solve_triangular`.

    Arguments:
        a: matrices (..., n, n), of which one triangle is read.
        b: a vector (n,), or matrices (..., n, k).
        trans: 0 or "N" solves a x = b, 1 or "T" a^T x = b, 2 or "C" a^H x = b.
        lower: which triangle.
        unit_diagonal: whether the diagonal counts as ones.
        overwrite_b, check_finite: ignored.
    Returns:
        x, of the shape of `b`.
    Errors:
        ShapeError: shapes that do not fit.
    """
    x, y = asarray(a), asarray(b)
    params = {"trans": TRANSPOSED[trans], "lower": bool(lower), "unit_diagonal": bool(unit_diagonal)}
    if len(y.shape) == 1:
        return squeeze(triangular(x, expand_dims(y, -1), **params), -1)
    return triangular(x, y, **params)


def cho_solve(c_and_lower: tuple[Any, bool], b: Any, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    """`scipy.linalg.cho_solve`: the x with a x = b, given (c, lower), where c is a Cholesky factor of a."""
    c, lower = c_and_lower
    first = solve_triangular(c, b, 0 if lower else 2, lower)
    return solve_triangular(c, first, 2 if lower else 0, lower)


# Sylvester's equation.


def _sylvester_type(a: ValueType[Any], b: ValueType[Any], q: ValueType[Any]) -> NumericType[Any]:
    r, s, t = matrices("solve_sylvester", a), matrices("solve_sylvester", b), matrices("solve_sylvester", q, False)
    if t.shape != (r.shape[0], s.shape[0]) or r.ndim != 2 or s.ndim != 2:
        raise ShapeError(
            f"solve_sylvester: shapes {r.shape}, {s.shape} and {t.shape} do not fit",
            fix="for a (m, m) and b (n, n), q has to be (m, n)",
        )
    return array_type(t.shape, inexact(r, s, t))


def _sylvester(a: Any, b: Any, q: Any) -> Any:
    dtype = np.result_type(a, b, q)
    return np.array(scipy.linalg.solve_sylvester(a, b, q), dtype if dtype.kind in "fc" else np.float64, order="C")


def _sylvester_vjp(g: Any, out: Any, a: Any, b: Any, q: Any) -> tuple[Any, Any, Any]:
    gq = solve_sylvester(matrix_transpose(a), matrix_transpose(b), g)
    turned = matrix_transpose(out)
    return -matmul(gq, turned), -matmul(turned, gq), gq


# a (m, m) x + x b (n, n) = q (m, n). The rule: the adjoint of a linear equation is the equation with transposes.
solve_sylvester: Op = Op(
    "solve_sylvester", _sylvester_type, _sylvester, _sylvester_vjp, flops=PerMatrix(200), home=__name__
)
