"""Arrays joined into one, and cut into several, by NumPy's names; the adjoint of a join is a cut.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...errors import GraphTypeError, ShapeError
from ..core.batching import ALONG_AXES
from ..core.dependence import moves
from ..core.op import Op
from ..core.types import NumericType, ValueType, array_type
from .arguments import Ints, along, one_axis, shape_of
from .as_array import arrays_of, asarray, joined, ndim, shape
from .axes import atleast_1d, atleast_2d, atleast_3d
from .views import ravel, reshape

__all__ = [
    "append",
    "array_split",
    "block",
    "column_stack",
    "concat",
    "concatenate",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "split",
    "unstack",
    "vsplit",
    "vstack",
]


def _concat_type(*arrays: ValueType[Any], axis: int) -> NumericType[Any]:
    types, dtype = joined("concatenate", arrays)
    first = types[0].shape
    for t in types:
        if t.shape[:axis] != first[:axis] or t.shape[axis + 1 :] != first[axis + 1 :] or t.ndim != len(first):
            raise ShapeError(
                f"concatenate: the shapes {first} and {t.shape} do not fit along axis {axis}",
                fix="all arrays have to agree in each axis but that one",
            )
    return array_type((*first[:axis], sum(t.shape[axis] for t in types), *first[axis + 1 :]), dtype)


def _concat_vjp(g: Any, out: Any, *arrays: Any, axis: int) -> tuple[Any, ...]:
    ends = np.cumsum([shape_of(x)[axis] for x in arrays]).tolist()
    return tuple(along(g, axis, slice(a, b)) for a, b in zip([0, *ends], ends, strict=False))


concat_along: Op = Op(
    "concat_along",
    _concat_type,
    lambda *arrays, axis: np.concatenate(arrays, axis),
    _concat_vjp,
    home=__name__,
    batch=ALONG_AXES,
    depends=moves(),
)


def concatenate(arrays: Any, axis: int | None = 0, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """`numpy.concatenate`.

    Arguments:
        arrays: sequence of arrays whose shapes agree in each axis but one.
        axis: that axis; None takes all elements in C order.
        dtype: dtype of the result; None promotes.
        casting: which conversions to that dtype are allowed, as for `numpy.can_cast`.
    Returns:
        the arrays, one after the other.
    Errors:
        ShapeError: shapes that do not fit.
        GraphTypeError: a conversion that is not allowed.
    """
    xs = arrays_of(arrays)
    if not xs:
        raise ShapeError("concatenate needs at least one array", fix="give a list that is not empty")
    if axis is None:
        xs, axis = [ravel(x) for x in xs], 0
    if not xs[0].shape:
        raise ShapeError("concatenate: arrays without an axis cannot be joined", fix="use stack, or atleast_1d")
    for x in xs if dtype is not None else ():
        if not np.can_cast(x.dtype, dtype, casting):  # type: ignore[arg-type]
            raise GraphTypeError(
                f"concatenate: {x.dtype} becomes no {np.dtype(dtype)} by casting {casting!r}",
                fix='use casting="unsafe"',
            )
    return asarray(concat_along(*xs, axis=one_axis("concatenate", axis, len(xs[0].shape))), dtype)


concat = concatenate


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """`numpy.unstack`: the parts of `x` along an axis, without that axis."""
    x = asarray(x)
    axis = one_axis("unstack", axis, len(x.shape))
    return tuple(along(x, axis, i) for i in range(x.shape[axis]))


def vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """`numpy.vstack`: arrays below one another, each with at least two axes."""
    return concatenate([atleast_2d(x) for x in arrays_of(tup)], dtype=dtype, casting=casting)


def hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """`numpy.hstack`: arrays side by side, along axis 1, or axis 0 where there is one only."""
    xs = [atleast_1d(x) for x in arrays_of(tup)]
    return concatenate(xs, min(1, len(xs[0].shape) - 1), dtype=dtype, casting=casting)


def dstack(tup: Any) -> Any:
    """`numpy.dstack`: arrays along axis 2, each with at least three axes."""
    return concatenate([atleast_3d(x) for x in arrays_of(tup)], 2)


def column_stack(tup: Any) -> Any:
    """`numpy.column_stack`: arrays side by side, vectors as columns."""
    return concatenate([reshape(x, (-1, 1)) if len(x.shape) < 2 else x for x in arrays_of(tup)], 1)


def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """`numpy.append`: `values` after `arr` along an axis; with None, the elements of both in one axis."""
    return concatenate([arr, values], axis)


def block(arrays: Any) -> Any:
    """`numpy.block`: one array from nested lists of blocks, the innermost lists along the last axis."""
    depth = _depth(arrays)
    return _block(arrays, depth, max(depth, _most_axes(arrays)))


def _depth(arrays: Any) -> int:
    return 1 + max(map(_depth, arrays), default=0) if isinstance(arrays, list) else 0


def _most_axes(arrays: Any) -> int:
    return max(map(_most_axes, arrays), default=0) if isinstance(arrays, list) else ndim(arrays)


def _block(arrays: Any, depth: int, count: int) -> Any:
    if isinstance(arrays, list):
        return concatenate([_block(a, depth - 1, count) for a in arrays], -depth)
    return reshape(arrays, (1,) * (count - ndim(arrays)) + shape(arrays))


def split(ary: Any, indices_or_sections: Ints, axis: int = 0) -> list[Any]:
    """`numpy.split`: `ary` cut along an axis, at the given indices or into that many equal parts.

    Errors:
        ShapeError: a number of parts that does not divide the axis.
    """
    n = asarray(ary).shape[one_axis("split", axis, ndim(ary))]
    if not isinstance(indices_or_sections, Iterable) and _parts(indices_or_sections) and n % indices_or_sections:
        raise ShapeError(f"split: {n} does not divide into {indices_or_sections} equal parts", fix="use array_split")
    return array_split(ary, indices_or_sections, axis)


def array_split(ary: Any, indices_or_sections: Ints, axis: int = 0) -> list[Any]:
    """`numpy.array_split`: `ary` cut along an axis, at the given indices or into that many nearly equal parts."""
    x = asarray(ary)
    axis = one_axis("array_split", axis, len(x.shape))
    n = x.shape[axis]
    if isinstance(indices_or_sections, Iterable):
        cuts = [operator.index(i) for i in indices_or_sections]
    else:
        parts = _parts(indices_or_sections)
        rest = n % parts
        cuts = [i * (n // parts) + min(i, rest) for i in range(1, parts)]
    return [along(x, axis, slice(a, b)) for a, b in zip([0, *cuts], [*cuts, n], strict=True)]


def _parts(sections: Any) -> int:
    """A number of parts, whole as NumPy makes it, or a ShapeError where it is not above zero."""
    if int(sections) <= 0:
        raise ShapeError(f"split: {sections} is no number of parts", fix="give a number above zero")
    return int(sections)


def _with_axes(name: str, ary: Any, count: int) -> Any:
    """The array itself, or a ShapeError, which is NumPy's ValueError, where it has too few axes."""
    if ndim(ary) < count:
        raise ShapeError(f"{name} takes arrays of {count} or more axes, not the shape {shape(ary)}", fix="use split")
    return ary


def hsplit(ary: Any, indices_or_sections: Ints) -> list[Any]:
    """`numpy.hsplit`: `split` along axis 1, or along axis 0 of a vector."""
    return split(_with_axes("hsplit", ary, 1), indices_or_sections, min(1, ndim(ary) - 1))


def vsplit(ary: Any, indices_or_sections: Ints) -> list[Any]:
    """`numpy.vsplit`: `split` along axis 0."""
    return split(_with_axes("vsplit", ary, 2), indices_or_sections, 0)


def dsplit(ary: Any, indices_or_sections: Ints) -> list[Any]:
    """`numpy.dsplit`: `split` along axis 2."""
    return split(_with_axes("dsplit", ary, 3), indices_or_sections, 2)
