"""The recursive part of a linear filter: y[n] = x[n] - a[0] y[n - 1] - a[1] y[n - 2] - ...

That is a triangular system whose matrix has the same numbers on each diagonal. Its adjoint is the same filter backwards
in time, so that the rule is made of the op itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from ...errors import GraphTypeError, ShapeError
from ..arrays.arguments import along
from ..arrays.as_array import stack
from ..core.batching import Batched, BatchRule, moved_axes
from ..core.op import Op
from ..core.types import NumericType, ValueType, array_type, numeric
from ..reductions.reductions import sum


def _type(a: ValueType[Any], x: ValueType[Any], *, axis: int) -> NumericType[Any]:
    s, t = numeric("lfilter", a, x)
    if s.ndim != 1:
        raise ShapeError(f"lfilter: the coefficients have the shape {s.shape}", fix="give a vector")
    dtype = np.result_type(s.dtype, t.dtype)
    if dtype.kind not in "fc":
        raise GraphTypeError(f"lfilter: {dtype} has no fractions", fix="cast the signal with .astype(float)")
    return array_type(t.shape, dtype)


def _filtered(a: Any, x: Any, *, axis: int) -> Any:
    dtype = np.result_type(a.dtype, x.dtype)
    signals = np.moveaxis(x, axis, 0)
    columns = np.array(signals.reshape((signals.shape[0], -1)), dtype, order="F")
    if columns.size and a.size:
        diagonals = np.ones((a.size + 1, columns.shape[0]), dtype, order="F")
        diagonals[1:] = a[:, None]
        solve: Any = scipy.linalg.get_lapack_funcs("tbtrs", (diagonals, columns))
        columns, _ = solve(diagonals, columns, uplo="L", diag="U", overwrite_b=True)
    return np.ascontiguousarray(np.moveaxis(columns.reshape(signals.shape), 0, axis))


def backwards(x: Any, axis: int) -> Any:
    """A signal in the reverse order of time."""
    return along(x, axis, slice(None, None, -1))


def _vjp(g: Any, out: Any, a: Any, x: Any, *, axis: int) -> tuple[Any, Any]:
    by_x = backwards(recursive_filter(a, backwards(g, axis), axis=axis), axis)
    n, count = out.shape[axis], a.shape[0]
    if not count:
        return a * 0, by_x
    lagged = [
        along(by_x, axis, slice(k, None)) * along(out, axis, slice(0, max(0, n - k))) for k in range(1, count + 1)
    ]
    return -stack([sum(products) for products in lagged]), by_x


def _batch(op: Any, batched: Batched, operands: Any, params: Any) -> Any:
    return NotImplemented if batched[0] else op(*operands, **moved_axes(params))


# Of coefficients (p,) from the first lag on, and signals along an axis.
recursive_filter: Op = Op(
    "recursive_filter",
    _type,
    _filtered,
    _vjp,
    flops=lambda a, x, out, *, axis: 10.0 * x.size + 2.0 * a.size * x.size,
    home=__name__,
    batch=BatchRule(_batch),
)
