"""Sets of values: which elements they are is a question asked of a Var, and their derivatives go to those elements.

Of several equal elements the first one counts. Integers and booleans, which have no derivatives, are answered by NumPy.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..arrays.arguments import answer, is_traced
from ..arrays.as_array import asarray
from ..arrays.indexing.gathering import take
from ..arrays.indexing.items import getitem
from ..arrays.joins import concatenate
from ..arrays.views import ravel
from ..reductions.queries import isin, result_type

__all__ = ["intersect1d", "ix_", "setdiff1d", "setxor1d", "union1d", "unique"]


def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """`numpy.unique`: the sorted values of an array; which elements they are is asked of a Var.

    Arguments:
        ar: array.
        return_index, return_inverse, return_counts: what else to return, as plain integers.
        axis: along which parts are compared; None compares elements.
        equal_nan: whether NaN is equal to itself.
        sorted: ignored, as the values are always sorted.
    Returns:
        the values, and then the indices of the first of each, where each element stands among them, and how often each
        is there, as far as they are wanted.
    """
    x = asarray(ar)
    flags = (return_index, return_inverse, return_counts)
    ask = partial(np.unique, axis=axis, equal_nan=equal_nan)
    if not is_traced(x) or x.dtype.kind in "biu":
        return answer(partial(ask, **dict(zip(FLAGS, flags, strict=True))), x)
    index = answer(partial(_found, ask, FLAGS[0]), x)
    values = take(ravel(x) if axis is None else x, index, 0 if axis is None else axis)
    wanted = [answer(partial(_found, ask, name), x) for name, is_wanted in zip(FLAGS, flags, strict=True) if is_wanted]
    return (values, *wanted) if wanted else values


FLAGS = ("return_index", "return_inverse", "return_counts")


def _found(ask: Any, what: str, x: Any) -> Any:
    """What `numpy.unique` answers where one of its flags is set."""
    return ask(x, **{what: True})[1]


def union1d(ar1: Any, ar2: Any) -> Any:
    """`numpy.union1d`: the sorted values of two arrays."""
    return unique(concatenate([ravel(ar1), ravel(ar2)]))


def intersect1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """`numpy.intersect1d`: the sorted values of the first array that the second one has too."""
    values = unique(ar1)
    return asarray(getitem(values, isin(values, ar2)), result_type(asarray(ar1), asarray(ar2)))


def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """`numpy.setdiff1d`: the sorted values of the first array that the second one has not."""
    values = ravel(ar1) if assume_unique else unique(ar1)
    return getitem(values, isin(values, ar2, invert=True))


def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """`numpy.setxor1d`: the sorted values that only one of two arrays has."""
    return unique(concatenate([setdiff1d(ar1, ar2), setdiff1d(ar2, ar1)]))


def ix_(*args: Any) -> tuple[Any, ...]:
    """`numpy.ix_`: indices, or masks, for each axis of a grid; masks that are Vars are asked for."""
    return np.ix_(*[answer(np.array, x) for x in args])
