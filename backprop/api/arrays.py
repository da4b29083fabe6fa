"""Arrays that a traced function can write to: in a trace they are traced, and elsewhere plain."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..graph.tracing.current import CURRENT
from ..ops.arrays.arguments import Ints, lengths_of
from ..ops.arrays.creation import filled


def full(shape: Ints, fill_value: complex, dtype: DTypeLike | None = None) -> Any:
    """An array of one number, as `numpy.full`, to which a traced function can write traced values.

    Arguments:
        shape: an int or ints.
        fill_value: the number.
        dtype: None for that of the number.
    Returns:
        a Var inside of a function that is being traced, and an array elsewhere.
    Errors:
        TypeError, ValueError: as of `numpy.full`.
    Example:
        >>> def last(x):
        ...     out = bp.full(3, 0.0)
        ...     out[2] = x
        ...     return np.sum(out**2)
        >>> bp.grad(last)(3.0)
        6.0
    """
    builder = CURRENT.get()
    kind = np.asarray(fill_value).dtype if dtype is None else np.dtype(dtype)
    if builder is None:
        return np.full(shape, fill_value, kind)
    value = repr(np.asarray(fill_value).astype(kind).item())
    return builder.emit(filled, (), {"shape": lengths_of(shape), "dtype": kind.name, "value": value})


def zeros(shape: Ints, dtype: DTypeLike = float) -> Any:
    """An array of zeros, as `numpy.zeros`, to which a traced function can write traced values.

    Arguments:
        shape: an int or ints.
        dtype: the dtype.
    Returns:
        a Var inside of a function that is being traced, and an array elsewhere.
    Example:
        >>> def steps(x):
        ...     out = bp.zeros(3)
        ...     out[1:] += x
        ...     return np.sum(out)
        >>> bp.grad(steps)(1.0)
        2.0
    """
    return full(shape, 0, dtype)


def ones(shape: Ints, dtype: DTypeLike = float) -> Any:
    """An array of ones, as `numpy.ones`, to which a traced function can write traced values; otherwise as `zeros`.

    Example:
        >>> def scaled(x):
        ...     out = bp.ones(3)
        ...     out[0] = x
        ...     return np.prod(out)
        >>> bp.grad(scaled)(5.0)
        1.0
    """
    return full(shape, 1, dtype)


empty = zeros
