"""Functions of matrices: powers, roots, exponentials, products of many; and structured matrices.

Names and signatures are those of numpy.linalg and scipy.linalg. `sqrtm` and `logm` take one matrix, the others
stacks.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import scipy

from ...errors import ShapeError
from ..arrays.arguments import refuse_out
from ..arrays.as_array import asarray
from ..arrays.axes import expand_dims, matrix_transpose
from ..arrays.creation import zeros_like
from ..arrays.joins import concatenate
from ..arrays.padding import pad_with
from ..arrays.views import broadcast_to, ravel, reshape
from ..core.batching import STACKS
from ..core.costs import PerMatrix
from ..core.op import Op
from ..core.types import NumericType, ValueType, array_type
from .equations import inv, matrices, same_type, solve_sylvester
from .products import conjugated, matmul

__all__ = ["block_diag", "expm", "logm", "matrix_power", "multi_dot", "sqrtm", "toeplitz"]

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
    if len(xs) < 2 or any(len(x.shape) != 2 for x in xs[1:-1]) or any(len(x.shape) not in (1, 2) for x in xs):
        raise ShapeError("multi_dot takes two or more matrices, or vectors at the ends", fix="use matmul")
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


def _one_matrix(op: str, x: ValueType[Any]) -> NumericType[Any]:
    t = same_type(op, x)
    if t.ndim != 2:
        raise ShapeError(
            f"{op} takes one matrix, not the shape {t.shape}",
            fix="call it for each matrix, and numpy.stack the results",
        )
    return t


def _sqrtm(x: Any) -> Any:
    root: Any = scipy.linalg.sqrtm(x)
    if np.iscomplexobj(root) and not np.iscomplexobj(x) and _is_rounding(root.imag, root):
        root = root.real  # SciPy before 1.16 leaves the rounding errors of a complex computation
    if np.iscomplexobj(root) and not np.iscomplexobj(x):
        raise np.linalg.LinAlgError("sqrtm: a real matrix without a real square root; give it as a complex matrix")
    return np.asarray(root).astype(x.dtype if x.dtype.kind in "fc" else np.float64)


def _is_rounding(part: Any, whole: Any) -> bool:
    """Whether a part of a result is but a rounding error of it."""
    largest = np.max(np.abs(whole), initial=0.0)
    return bool(np.max(np.abs(part), initial=0.0) <= 1000 * np.finfo(part.dtype).eps * largest)


def _sqrtm_vjp(g: Any, out: Any, x: Any) -> Any:
    turned = matrix_transpose(out)
    return solve_sylvester(turned, turned, g)


# The derivative d of the root r solves r d + d r = dx.
sqrtm: Op = Op("sqrtm", partial(_one_matrix, "sqrtm"), _sqrtm, _sqrtm_vjp, flops=PerMatrix(100), home=__name__)


def _expm(x: Any) -> Any:
    return np.array(scipy.linalg.expm(x), x.dtype if x.dtype.kind in "fc" else np.float64)


def _expm_vjp(g: Any, out: Any, x: Any) -> Any:
    n, turned = x.shape[-1], matrix_transpose(x)
    upper = concatenate([turned, g], -1)
    lower = concatenate([zeros_like(turned), turned], -1)
    return expm(concatenate([upper, lower], -2))[..., :n, n:]


# Source of the rule: Mathias, A chain rule for matrix functions, SIAM J. Matrix Anal. Appl. 17(3), 1996: the
# derivative is a block of the function of a block matrix. It holds to any order.
expm: Op = Op(
    "expm", lambda x: same_type("expm", x), _expm, _expm_vjp, flops=PerMatrix(40), home=__name__, batch=STACKS
)


def _logm(x: Any) -> Any:
    logarithm = scipy.linalg.logm(x)
    if np.iscomplexobj(logarithm) and not np.iscomplexobj(x):
        raise np.linalg.LinAlgError("logm: a real matrix without a real logarithm; give it as a complex matrix")
    return np.array(logarithm, x.dtype if x.dtype.kind in "fc" else np.float64)


def _logm_vjp(g: Any, out: Any, x: Any) -> Any:
    n, turned = x.shape[-1], matrix_transpose(x)
    upper = concatenate([turned, g], -1)
    lower = concatenate([zeros_like(turned), turned], -1)
    return logm(concatenate([upper, lower], -2))[..., :n, n:]


# The rule is that of expm: it needs no eigenvectors, and so no eigenvalues that differ.
logm: Op = Op("logm", partial(_one_matrix, "logm"), _logm, _logm_vjp, flops=PerMatrix(200), home=__name__)


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
