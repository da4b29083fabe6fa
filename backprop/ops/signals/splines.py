"""The coefficients of a spline through equidistant values, along one axis.

They solve a banded system B c = x, in which the continuation of the values beyond their ends stands. B is symmetric,
or, where values are mirrored at the last one itself, symmetric up to the halved weight of both ends.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from ..core.batching import ALONG_AXES
from ..core.op import Op
from ..core.types import NumericType, ValueType, array_type, numeric

AT_HALVES = frozenset(["nearest", "reflect", "grid-wrap"])
"""The modes whose system is symmetric."""


def _type(x: ValueType[Any], *, axis: int, order: int, mode: str) -> NumericType[Any]:
    (t,) = numeric("spline_filter", x)
    return array_type(t.shape, np.complex128 if t.dtype.kind == "c" else np.float64)


def _computed(x: Any, *, axis: int, order: int, mode: str) -> Any:
    output = np.complex128 if x.dtype.kind == "c" else np.float64
    return np.asarray(scipy.ndimage.spline_filter1d(x, order, axis, output, mode))


def _vjp(g: Any, out: Any, x: Any, *, axis: int, order: int, mode: str) -> Any:
    n = x.shape[axis]
    if mode in AT_HALVES or n < 2:
        return spline_coefficients(g, axis=axis, order=order, mode=mode)
    weights = np.ones(n)
    weights[[0, -1]] = 0.5
    weights = weights.reshape((n,) + (1,) * (len(x.shape) - 1 - axis))
    return spline_coefficients(g / weights, axis=axis, order=order, mode=mode) * weights


spline_coefficients: Op = Op(
    "spline_coefficients",
    _type,
    _computed,
    _vjp,
    flops=lambda x, out, **params: 10.0 * x.size,
    home=__name__,
    batch=ALONG_AXES,
)
