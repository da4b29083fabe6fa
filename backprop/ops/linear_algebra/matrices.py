"""Functions of matrices: determinants, pseudo-inverses, norms, powers, exponentials, structured matrices.

Names and signatures are those of numpy.linalg and scipy.linalg; all but `sqrtm` take stacks of matrices.

Sources of the rules: Giles, An extended collection of matrix derivative results, NA-08-01, 2008; others beside them.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import scipy.linalg

from ...errors import ShapeError
from ..arrays.arrangement import pad_with
from ..arrays.shapes import (
    asarray,
    broadcast_to,
    concatenate,
    expand_dims,
    many_axes,
    matrix_transpose,
    moveaxis,
    ravel,
    refuse_out,
    reshape,
    sum_to,
    zeros_like,
)
from ..arrays.tuples import item
from ..core.costs import PerMatrix
from ..core.op import Op
from ..core.types import NumericType, TupleType, ValueType, array_type, value_type
from ..elementwise.complex_parts import imag
from ..reductions.norms import norm as simple_norm
from ..reductions.reductions import sum as total
from .decompositions import both, real_of, real_part, svdvals
from .equations import inexact, inv, matrices, same_type, solve_sylvester
from .products import adjoint, conjugated, matmul, row_dot


class SlogdetResult(NamedTuple):
    """What `slogdet` returns."""

    sign: Any
    logabsdet: Any


def _of_matrices(x: Any) -> Any:
    """Numbers, one a matrix, as (..., 1, 1)."""
    return expand_dims(x, (-2, -1))


# Determinants.


def _numbers_type(op: str, x: ValueType[Any]) -> NumericType[Any]:
    t = matrices(op, x)
    return value_type(t.shape[:-2], inexact(t))


det: Op = Op(
    "det",
    partial(_numbers_type, "det"),
    np.linalg.det,
    lambda g, out, x: _of_matrices(g) * cofactor(x),
    flops=PerMatrix(1.5),
    home=__name__,
)


def _cofactor(x: Any) -> Any:
    n, d = x.shape[-1], np.linalg.det(x)
    # Source: Guggenheimer, Edelman and Johnson, College Math. J. 26(1), 1995: the condition is below 2 / share.
    with np.errstate(all="ignore"):
        share = abs(d) / (np.linalg.norm(x, axis=(-2, -1)) / math.sqrt(max(n, 1))) ** n
    if np.all(share > 1e-4):
        return d[..., None, None] * np.swapaxes(np.linalg.inv(x), -1, -2)
    u, s, vh = np.linalg.svd(x)
    others = np.where(np.eye(n, dtype=bool), 1, s[..., None, :]).prod(-1)
    phase = (np.linalg.det(u) * np.linalg.det(vh))[..., None, None]
    return phase * np.matmul(u.conj() * others[..., None, :], vh.conj())


def _cofactor_vjp(g: Any, out: Any, x: Any) -> Any:
    flat = (*x.shape[:-2], x.shape[-1] ** 2)
    w, along = matrix_transpose(inv(x)), row_dot(reshape(g, flat), reshape(out, flat))
    return _of_matrices(along) * w - matmul(matmul(out, matrix_transpose(g)), w)


# The derivative of det, det(x) inv(x)^T, but right for singular matrices too; its own derivative wants regular ones.
cofactor: Op = Op(
    "cofactor", partial(same_type, "cofactor"), _cofactor, _cofactor_vjp, flops=PerMatrix(8), home=__name__
)


def _slogdet_type(x: ValueType[Any]) -> TupleType:
    t = matrices("slogdet", x)
    return TupleType((value_type(t.shape[:-2], inexact(t)), value_type(t.shape[:-2], real_of(inexact(t)))))


def _slogdet_vjp(g: Any, out: Any, x: Any) -> Any:
    of_sign, of_log = both(g)
    if x.dtype.kind == "c":
        of_log = of_log + 1j * imag(of_sign * item(out, index=0))
    return _of_matrices(of_log) * matrix_transpose(inv(x))


signed_log_det: Op = Op(
    "signed_log_det",
    _slogdet_type,
    lambda x: tuple(np.linalg.slogdet(x)),
    _slogdet_vjp,
    flops=PerMatrix(1.5),
    home=__name__,
)


def slogdet(a: Any) -> SlogdetResult:
    """`numpy.linalg.slogdet`: the sign and the logarithm of the size of the determinants of `a` (..., n, n)."""
    return SlogdetResult(*both(signed_log_det(asarray(a))))


# Pseudo-inverse and least squares.


def _pinv_type(x: ValueType[Any], *, rcond: float) -> NumericType[Any]:
    t = matrices("pinv", x, False)
    return array_type((*t.shape[:-2], t.shape[-1], t.shape[-2]), inexact(t))


def _pinv_vjp(g: Any, out: Any, x: Any, *, rcond: float) -> Any:
    p, turned, of_p = out, matrix_transpose(out), matrix_transpose(g)
    outside = matmul(_rest(x, p, of_p), matmul(p, adjoint(p)))
    inside = matmul(adjoint(p), matmul(p, of_p))
    inside = inside - matmul(matmul(inside, p), x)
    return conjugated(outside + inside) - matmul(matmul(turned, g), turned)


def _rest(x: Any, p: Any, y: Any) -> Any:
    return y - matmul(x, matmul(p, y))


# Source of the rule: Golub and Pereyra, SIAM J. Numer. Anal. 10(2), 1973, equation 4.12, for a constant rank.
pseudo_inverse: Op = Op(
    "pseudo_inverse",
    _pinv_type,
    lambda x, *, rcond: np.linalg.pinv(x, rcond),
    _pinv_vjp,
    flops=PerMatrix(40),
    home=__name__,
)


def pinv(a: Any, rcond: float | None = None, hermitian: bool = False, *, rtol: float | None = None) -> Any:
    """`numpy.linalg.pinv`.

    Arguments:
        a: matrices (..., m, n).
        rcond, rtol: which singular values count as zero, relative to the largest; by default those below 1e-15.
        hermitian: ignored: it only makes NumPy faster.
    Returns:
        the pseudo-inverses (..., n, m).
    Errors:
        ShapeError: no matrix.
    """
    limit = next((float(limit) for limit in (rcond, rtol) if limit is not None), 1e-15)
    return pseudo_inverse(asarray(a), rcond=limit)


def lstsq(a: Any, b: Any, rcond: float | None = None) -> tuple[Any, Any, Any, Any]:
    """`numpy.linalg.lstsq`, by the pseudo-inverse.

    Arguments:
        a: a matrix (m, n).
        b: a vector (m,) or a matrix (m, k).
        rcond: which singular values count as zero, relative to the largest; by default those below eps max(m, n).
    Returns:
        the x (n,) or (n, k) that minimises |b - a x|, the squares of these lengths (k,) where m > n, taking the rank
        to be n, the rank, and the singular values of `a`.
    Errors:
        ShapeError: shapes that do not fit.
    """
    x, y = asarray(a), asarray(b)
    matrices("lstsq", array_type(x.shape, x.dtype), False)
    m, n = x.shape
    limit = max(m, n) * float(np.finfo(inexact(array_type((), x.dtype))).eps) if rcond is None else rcond
    solution, s = matmul(pinv(x, limit), y), svdvals(x)
    columns = reshape(y - matmul(x, solution), (m, -1))
    errors = (
        row_dot(conjugated(columns.T), columns.T) if m > n else np.zeros(0, real_of(inexact(array_type((), x.dtype))))
    )
    above = s > limit * s[0]
    return solution, real_part(errors), sum_to(asarray(above, np.int64), shape=()), s


# Norms and what follows from singular values.


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """`numpy.linalg.norm`.

    Arguments:
        x: array.
        ord: of vectors None, a number, inf or -inf; of matrices None, "fro", "nuc", 1, -1, 2, -2, inf or -inf.
        axis: an int for vectors, a pair for matrices, None for the whole of `x`.
        keepdims: whether the axes stay, with length 1.
    Returns:
        the norms; the derivative of a vector's norm is 0 where the norm is.
    Errors:
        GraphTypeError: an `ord` that is no norm.
    """
    operand = asarray(x)
    count = len(operand.shape) if axis is None else 1 if isinstance(axis, int) else len(axis)
    if count != 2 or ord not in (2, -2, "nuc"):
        return simple_norm(operand, ord, axis, keepdims)
    axes = many_axes("norm", (0, 1) if axis is None else axis, len(operand.shape))
    s = svdvals(moveaxis(operand, axes, (-2, -1)))
    value = total(s, -1) if ord == "nuc" else s[..., 0 if ord == 2 else -1]
    return expand_dims(value, axes) if keepdims else value


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """`numpy.linalg.vector_norm`: the norms of vectors, whose elements may lie along several axes."""
    array = asarray(x)
    if axis is None or not isinstance(axis, int):
        axes = many_axes("vector_norm", range(len(array.shape)) if axis is None else axis, len(array.shape))
        moved = moveaxis(array, axes, tuple(range(len(axes))))
        value = simple_norm(reshape(moved, (-1, *moved.shape[len(axes) :])), ord, 0)
        return expand_dims(value, axes) if keepdims else value
    return simple_norm(array, ord, axis, keepdims)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """`numpy.linalg.matrix_norm`: the norms of matrices (..., m, n)."""
    return norm(x, ord, (-2, -1), keepdims)


def cond(x: Any, p: Any = None) -> Any:
    """`numpy.linalg.cond`: the condition number of matrices (..., m, n) for a norm, by default the largest stretch.

    Arguments:
        x: matrices; square ones where `p` is given, and not 2 or -2.
        p: None, or the `ord` of a norm of matrices.
    Returns:
        the norms times those of the inverses.
    """
    if p not in (None, 2, -2):
        return matrix_norm(x, ord=p) * matrix_norm(inv(asarray(x)), ord=p)
    s = svdvals(x)
    return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]


def _rank_type(x: ValueType[Any], *, tol: float | None, rtol: float | None) -> NumericType[Any]:
    return value_type(matrices("matrix_rank", x, False).shape[:-2], np.dtype(np.int64))


rank_of: Op = Op(
    "rank_of",
    _rank_type,
    lambda x, *, tol, rtol: np.int64(np.linalg.matrix_rank(x, tol, rtol=rtol)),
    home=__name__,
)


def matrix_rank(A: Any, tol: float | None = None, hermitian: bool = False, *, rtol: float | None = None) -> Any:
    """`numpy.linalg.matrix_rank`: how many singular values of matrices (..., m, n) are not negligible."""
    return rank_of(asarray(A), tol=tol, rtol=rtol)


# Products of many matrices.


def matrix_power(a: Any, n: int) -> Any:
    """`numpy.linalg.matrix_power`: square matrices (..., m, m) to the power of an int, by repeated squaring."""
    x = inv(asarray(a)) if n < 0 else asarray(a)
    matrices("matrix_power", array_type(x.shape, x.dtype))
    result, n = None, abs(n)
    while n:
        if n & 1:
            result = x if result is None else matmul(result, x)
        x, n = matmul(x, x) if n > 1 else x, n >> 1
    return broadcast_to(np.eye(x.shape[-1], dtype=x.dtype), x.shape) if result is None else result


def multi_dot(arrays: Any, *, out: None = None) -> Any:
    """`numpy.linalg.multi_dot`: the product of matrices, in the order that takes the fewest multiplications.

    Arguments:
        arrays: matrices; the first may be a row vector, the last a column vector.
        out: None.
    Returns:
        the product.
    Errors:
        ShapeError: shapes that do not fit.
    """
    refuse_out("multi_dot", out)
    xs = [asarray(x) for x in arrays]
    ends = (*xs[0].shape[:-1], *xs[-1].shape[1:])
    if len(xs[0].shape) == 1:
        xs[0] = expand_dims(xs[0], 0)
    if len(xs[-1].shape) == 1:
        xs[-1] = expand_dims(xs[-1], 1)
    cuts = _chain_cuts((*(x.shape[0] for x in xs), xs[-1].shape[1]))
    return reshape(_chain(xs, cuts, 0, len(xs) - 1), ends)


def _chain(xs: list[Any], cuts: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return xs[i]
    k = cuts[i, j]
    return matmul(_chain(xs, cuts, i, k), _chain(xs, cuts, k + 1, j))


def _chain_cuts(n: tuple[int, ...]) -> dict[tuple[int, int], int]:
    """Where to cut each product i .. j of matrices (n[i], n[i+1]): the textbook dynamic programme."""
    count = len(n) - 1
    cost = {(i, i): 0 for i in range(count)}
    cuts: dict[tuple[int, int], int] = {}
    for width in range(1, count):
        for i in range(count - width):
            j = i + width
            costs = [cost[i, k] + cost[k + 1, j] + n[i] * n[k + 1] * n[j + 1] for k in range(i, j)]
            cost[i, j] = min(costs)
            cuts[i, j] = i + costs.index(cost[i, j])
    return cuts


# Matrix functions.


def _sqrtm_type(x: ValueType[Any]) -> NumericType[Any]:
    t = same_type("sqrtm", x)
    if t.ndim != 2:
        raise ShapeError(
            f"sqrtm takes one matrix, not the shape {t.shape}",
            fix="call it for each matrix, and numpy.stack the results",
        )
    return t


def _sqrtm(x: Any) -> Any:
    root = scipy.linalg.sqrtm(x)
    if np.iscomplexobj(root) and not np.iscomplexobj(x):
        raise np.linalg.LinAlgError("sqrtm: a real matrix without a real square root; give it as a complex matrix")
    return np.asarray(root).astype(x.dtype if x.dtype.kind in "fc" else np.float64)


def _sqrtm_vjp(g: Any, out: Any, x: Any) -> Any:
    turned = matrix_transpose(out)
    return solve_sylvester(turned, turned, g)


# The derivative d of the root r solves r d + d r = dx.
sqrtm: Op = Op("sqrtm", _sqrtm_type, _sqrtm, _sqrtm_vjp, flops=PerMatrix(100), home=__name__)


def _expm(x: Any) -> Any:
    return np.array(scipy.linalg.expm(x), x.dtype if x.dtype.kind in "fc" else np.float64)


def _expm_vjp(g: Any, out: Any, x: Any) -> Any:
    n, turned = x.shape[-1], matrix_transpose(x)
    upper = concatenate([turned, g], -1)
    lower = concatenate([zeros_like(turned), turned], -1)
    return expm(concatenate([upper, lower], -2))[..., :n, n:]


# Source of the rule: Mathias, A chain rule for matrix functions, SIAM J. Matrix Anal. Appl. 17(3), 1996: the
# derivative is a block of the function of a block matrix. It holds to any order.
expm: Op = Op("expm", lambda x: same_type("expm", x), _expm, _expm_vjp, flops=PerMatrix(40), home=__name__)


# Structured matrices.


def block_diag(*arrs: Any) -> Any:
    """`scipy.linalg.block_diag`: one matrix with the given matrices along its diagonal, and zeros elsewhere."""
    blocks = [expand_dims(asarray(a), 0) if len(asarray(a).shape) < 2 else asarray(a) for a in arrs]
    width, before, rows = sum(b.shape[1] for b in blocks), 0, []
    for b in blocks:
        rows.append(pad_with(b, widths=((0, 0), (before, width - before - b.shape[1])), value=0))
        before += b.shape[1]
    return concatenate(rows)


def toeplitz(c: Any, r: Any = None) -> Any:
    """`scipy.linalg.toeplitz`: the matrix of constant diagonals with first column `c` and first row `r` (or c*)."""
    column = ravel(c)
    row = conjugated(column) if r is None else ravel(r)
    m, n = column.shape[0], row.shape[0]
    values = concatenate([column[::-1], row[1:]])
    return values[(m - 1) - np.arange(m)[:, None] + np.arange(n)]
