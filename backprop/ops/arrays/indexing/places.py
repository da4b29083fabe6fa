"""Where elements are true: how many there are is a question asked of the values, where they are an op finds.

So a compiled function is traced anew where a mask has another number of true elements, and not where it has others.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ....errors import GraphTypeError, ShapeError
from ...core.op import Op
from ...core.types import NumericType, ValueType, array_type, numeric
from ...elementwise.comparison import not_equal
from ..arguments import answer
from ..as_array import asarray, stack_along
from ..views import ravel

__all__ = ["argwhere", "flatnonzero", "nonzero"]


def _places_type(mask: ValueType[Any], *, count: int, axis: int) -> NumericType[Any]:
    numeric("nonzero", mask)
    return array_type((count,), np.dtype(np.intp))


def _places(mask: Any, *, count: int, axis: int) -> Any:
    places = np.nonzero(mask)[axis]
    if len(places) != count:
        raise GraphTypeError(
            f"a mask has {len(places)} true elements, and had {count} when its function was traced",
            fix="call the function anew with these arguments",
        )
    return places


# The indices, along one axis, of the true elements of a mask, of which there are `count`.
true_places: Op = Op("true_places", _places_type, _places, home=__name__)


def places_of(mask: Any) -> tuple[Any, ...]:
    """The places of the true elements of a mask (bool, one axis or more): indices for each axis."""
    count = answer(np.count_nonzero, mask)
    return tuple([true_places(mask, count=count, axis=axis) for axis in range(len(mask.shape))])


def nonzero(a: Any) -> tuple[Any, ...]:
    """`numpy.nonzero`: the indices, for each axis, of the elements that are not 0; how many is asked of a Var."""
    x = asarray(a)
    if not x.shape:
        raise ShapeError("nonzero of a number", fix="give an array of one axis or more")
    return places_of(x if x.dtype.kind == "b" else not_equal(x, 0))


def flatnonzero(a: Any) -> Any:
    """`numpy.flatnonzero`: the indices of the elements of the flat array that are not 0."""
    return nonzero(ravel(a))[0]


def argwhere(a: Any) -> Any:
    """`numpy.argwhere`: the indices of the elements that are not 0, a row for each."""
    x = asarray(a)
    return stack_along(*nonzero(x), axis=1) if x.shape else np.zeros((answer(np.count_nonzero, x), 0), np.intp)
