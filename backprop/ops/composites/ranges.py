"""Values at equal distances, or with equal ratios, between two ends that may be traced.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ShapeError
from ..arrays.as_array import asarray
from ..arrays.axes import expand_dims, moveaxis
from ..arrays.creation import zeros_like
from ..elementwise.exponential import exp, log
from ..elementwise.powers import power
from ..elementwise.rounding import floor

__all__ = ["geomspace", "linspace", "logspace"]

NUMBERS = (bool, int, float, complex)  # take the dtype of what they stand beside


def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """`numpy.linspace`: `num` values from `start` to `stop`, along a new axis; with `retstep` also their distance."""
    first, last = asarray(start), asarray(stop)
    if num < 0:
        raise ShapeError(f"linspace: {num} values are not possible", fix="give a number that is not below zero")
    parts = max(1, num - 1 if endpoint else num)
    wanted = np.result_type(*(end if isinstance(end, NUMBERS) else asarray(end).dtype for end in (start, stop)), 0.0)
    first, last = asarray(first, wanted), asarray(last, wanted)
    shares = (np.arange(num) / parts).astype(wanted).reshape((num,) + (1,) * len((first + last).shape))
    values = first * (1 - shares) + last * shares
    if dtype is not None and np.dtype(dtype).kind in "iu":
        values = floor(values)
    result = asarray(moveaxis(asarray(values, wanted), 0, axis), dtype)
    return (result, (last - first) / parts) if retstep else result


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    """`numpy.logspace`: powers of a base, the exponents from `start` to `stop`."""
    return asarray(power(base, linspace(start, stop, num, endpoint, axis=axis)), dtype)


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """`numpy.geomspace`: `num` values from `start` to `stop`, each the same multiple of the one before."""
    first = asarray(start)
    first = asarray(first, np.result_type(first.dtype, asarray(stop).dtype, np.float64))
    shares = linspace(zeros_like(first), log(asarray(stop) / first), num, endpoint, axis=axis)
    return asarray(exp(shares) * (expand_dims(first, axis) if len(first.shape) else first), dtype)
