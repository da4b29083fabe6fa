"""How a reduction is made: its axes, the type of its result, and how a cotangent spreads over its operand.

A reduction is an op with the params `axes`, counted from the left, and `keepdims`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from ...errors import GraphTypeError, ShapeError
from ..arrays.arguments import many_axes, refuse_out, shape_of
from ..arrays.as_array import asarray, ndim
from ..arrays.views import reshape, transpose
from ..core.batching import ALONG_AXES
from ..core.costs import PerElement
from ..core.op import Kind, Op, module_of_caller
from ..core.rows import RowRule
from ..core.types import NumericType, Shape, ValueType, numeric, value_type
from .running import DtypeRule

Axes = tuple[int, ...]

# Shapes and types.


def kept(shape: Shape, axes: Axes) -> Shape:
    """A shape with the length of each of the axes made 1, as `keepdims=True` leaves it."""
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def without(shape: Shape, axes: Axes) -> Shape:
    """A shape without some axes."""
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def count(shape: Shape, axes: Axes) -> int:
    """The number of elements along some axes."""
    return math.prod(shape[i] for i in axes)


def spread(y: Any, x: Any, axes: Axes) -> Any:
    """The result of a reduction of x, or its cotangent, as an array that broadcasts with x."""
    return reshape(y, kept(shape_of(x), axes))


def reduced_type(name: str, dtype: DtypeRule, empty: bool, x: ValueType[Any], **params: Any) -> NumericType[Any]:
    """The type of a reduction's result."""
    (t,) = numeric(name, x)
    axes, result = params["axes"], without(t.shape, params["axes"])
    if not empty and not count(t.shape, axes) and 0 not in result:
        raise ShapeError(
            f"{name}: the axes {axes} of the shape {t.shape} hold no elements, and {name} of none has no value",
            fix="give at least one element, or other axes",
        )
    return value_type(kept(t.shape, axes) if params["keepdims"] else result, dtype(t.dtype))


def reduction(
    name: str,
    dtype: DtypeRule,
    compute: Callable[..., Any],
    vjp: Callable[..., Any] | None = None,
    kind: Kind = Kind.PLAIN,
    empty: bool = True,
    flops: PerElement | None = None,
    home: str = "",
    rows: RowRule | None = None,
) -> Op:
    """The op of a reduction.

    Arguments:
        name: the attribute of the module `home` that holds the op, "reduce_" and NumPy's name.
        dtype: from the dtype of the operand to that of the result.
        compute: (x, *, axes, keepdims, ...) -> result.
        vjp: the rule.
        kind: INTO where `compute` takes `out` as its second argument.
        empty: whether there is a result of no elements.
        flops: the operations; None for one for each element of the operand.
        home: the module; that of the caller by default.
        rows: how it can be computed a block of rows at a time.
    Returns:
        the op.
    """
    infer = partial(reduced_type, name.removeprefix("reduce_"), dtype, empty)
    return Op(name, infer, compute, vjp, kind, flops, home or module_of_caller(), rows=rows, batch=ALONG_AXES)


def fold(ufunc: Any, x: Any, out: Any = None, *, axes: Axes, keepdims: bool, dtype: Any = None) -> Any:
    """`ufunc.reduce` along some axes."""
    return ufunc.reduce(x, axes, dtype, out, keepdims)


# Products. The rule does not divide by x, so that all derivatives are exact where x is 0.


def merged(x: Any, axes: Axes) -> Any:
    """`x` with some axes merged into one, the last."""
    rest = tuple(i for i in range(ndim(x)) if i not in axes)
    moved = transpose(x, rest + axes)
    return reshape(moved, (*moved.shape[: len(rest)], count(shape_of(x), axes)))


def unmerged(y: Any, x: Any, axes: Axes) -> Any:
    """The adjoint of `merged`, for the axes of `x`."""
    order = (*(i for i in range(ndim(x)) if i not in axes), *axes)
    moved = reshape(y, tuple(shape_of(x)[i] for i in order))
    return transpose(moved, tuple(sorted(range(len(order)), key=order.__getitem__)))


# The functions of NumPy and SciPy.


def prepared(
    op: str, a: Any, axis: Any, out: Any = None, unsupported: Any = None, dtype: Any = None
) -> tuple[Any, Axes]:
    """The operand of a function, as `dtype`, and its axes counted from the left; refuses what is not supported."""
    refuse_out(op, out)
    if unsupported:
        raise GraphTypeError(
            f"{op}: the argument {', '.join(unsupported)} is not supported", fix="use numpy.where on the operand"
        )
    x = asarray(a, dtype)
    axes = len(x.shape)
    whole = axis is None or (op in OF_NUMBERS and is_of_a_number(axis, x))
    return x, tuple(range(axes)) if whole else many_axes(op, axis, axes)


OF_NUMBERS = frozenset(
    [
        *("all", "any", "argmax", "argmin", "max", "min", "prod", "sum", "nanstd", "nanvar"),
        *("softmax", "log_softmax", "logsumexp"),
    ]
)  # which take axis 0 of a number, as ufuncs do


def is_of_a_number(axis: Any, x: Any) -> bool:
    """Whether an axis is one that NumPy's reductions of arrays take for an array without axes too."""
    return ndim(x) == 0 and isinstance(axis, int) and axis in (0, -1)
