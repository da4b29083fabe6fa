"""Running sums and products, sorting, and other ops along one axis.

No rule divides by an element, so that all derivatives of products are exact where elements are 0.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...errors import ShapeError
from ..arrays.arguments import one_axis, refuse_out
from ..arrays.as_array import asarray, ndim
from ..arrays.views import ravel
from ..core.batching import ALONG_AXES
from ..core.costs import SCALAR, PerComparison
from ..core.dependence import moves
from ..core.op import Op
from ..core.types import NumericType, ValueType, numeric, value_type

__all__ = ["argsort", "cumprod", "cumsum", "recurrence", "sort"]

DtypeRule = Callable[[np.dtype[Any]], np.dtype[Any]]

# From the dtype of an operand to that of a result.


def same_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype itself."""
    return dtype


def float_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype, float64 for integers."""
    return dtype if dtype.kind in "fc" else np.dtype(np.float64)


def real_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of absolute values, float64 for integers."""
    return np.dtype(f"f{dtype.itemsize // 2}") if dtype.kind == "c" else float_dtype(dtype)


def summed_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of sums: int64 or uint64 for booleans and small integers."""
    if dtype.kind not in "biu":
        return dtype
    return np.result_type(dtype, np.uintp if dtype.kind == "u" else np.intp)


def fixed_dtype(name: str) -> Callable[[np.dtype[Any]], np.dtype[Any]]:
    """The rule of a result that always has one dtype."""
    return lambda dtype: np.dtype(name)


def same_type(name: str, dtype: DtypeRule = same_dtype) -> Callable[..., NumericType[Any]]:
    """The type rule of an op whose result has the shape of its first operand."""

    def infer(x: ValueType[Any], *others: ValueType[Any], **params: Any) -> NumericType[Any]:
        (t,) = numeric(name, x)
        return value_type(t.shape, dtype(t.dtype))

    return infer


def _accumulate(ufunc: np.ufunc, x: Any, *, axis: int, reverse: bool) -> Any:
    if reverse:
        return np.flip(ufunc.accumulate(np.flip(x, axis), axis), axis)
    return ufunc.accumulate(x, axis)


# The running sum along an axis, from its end where `reverse`.
cumsum_along: Op = Op(
    "cumsum_along",
    same_type("cumsum", summed_dtype),
    partial(_accumulate, np.add),
    lambda g, out, x, *, axis, reverse: cumsum_along(g, axis=axis, reverse=not reverse),
    flops=SCALAR,
    home=__name__,
    batch=ALONG_AXES,
)


def _cumprod_vjp(g: Any, out: Any, x: Any, *, axis: int, reverse: bool) -> Any:
    step = -1 if reverse else 1
    tails = recurrence(shift(x, axis=axis, by=-step, fill=0), g, axis=axis, reverse=not reverse)
    return shift(out, axis=axis, by=step, fill=1) * tails


cumprod_along: Op = Op(
    "cumprod_along",
    same_type("cumprod", summed_dtype),
    partial(_accumulate, np.multiply),
    _cumprod_vjp,
    flops=SCALAR,
    home=__name__,
    batch=ALONG_AXES,
)


def _shift(x: Any, *, axis: int, by: int, fill: float) -> Any:
    old, new = np.moveaxis(x, axis, 0), np.full_like(x, fill)
    target = np.moveaxis(new, axis, 0)
    if by > 0:
        target[by:] = old[:-by]
    else:
        target[:by] = old[-by:]
    return new


# The elements of x moved along an axis; those that leave it are lost, and others filled in.
shift: Op = Op(
    "shift",
    same_type("shift"),
    _shift,
    lambda g, out, x, *, axis, by, fill: shift(g, axis=axis, by=-by, fill=0),
    home=__name__,
    batch=ALONG_AXES,
    depends=moves(fill=0),
)


def _recurrence(a: Any, b: Any, *, axis: int, reverse: bool) -> Any:
    dtype = np.result_type(a, b)
    sums, factors = b.astype(dtype), a.astype(dtype)
    s, f = (np.flip(np.moveaxis(v, axis, 0), 0) if reverse else np.moveaxis(v, axis, 0) for v in (sums, factors))
    distance = 1
    while distance < len(s):
        s[distance:] += f[distance:] * s[:-distance]
        f[distance:] = f[distance:] * f[:-distance]
        distance *= 2
    return sums


def _recurrence_vjp(g: Any, out: Any, a: Any, b: Any, *, axis: int, reverse: bool) -> tuple[Any, Any]:
    step = -1 if reverse else 1
    back = recurrence(shift(a, axis=axis, by=-step, fill=0), g, axis=axis, reverse=not reverse)
    return back * shift(out, axis=axis, by=step, fill=0), back


def _recurrence_type(a: ValueType[Any], b: ValueType[Any], *, axis: int, reverse: bool) -> NumericType[Any]:
    s, t = numeric("recurrence", a, b)
    if s.shape != t.shape:
        raise ShapeError(f"recurrence: the shapes {s.shape} and {t.shape} differ", fix="broadcast one to the other")
    return value_type(s.shape, np.result_type(s.dtype, t.dtype))


# s_i = b_i + a_i s_(i-1) along an axis, from its end where `reverse`; a_0 is not used.
# Source: W. D. Hillis and G. L. Steele, Data parallel algorithms, CACM 29(12), 1986.
recurrence: Op = Op("recurrence", _recurrence_type, _recurrence, _recurrence_vjp, home=__name__, batch=ALONG_AXES)

# Sorting.

argsort_along: Op = Op(
    "argsort_along",
    same_type("argsort", fixed_dtype("intp")),
    lambda x, *, axis: np.argsort(x, axis, kind="stable"),
    flops=PerComparison(20),
    home=__name__,
    batch=ALONG_AXES,
)


def _inverse(order: Any, *, axis: int) -> Any:
    places = np.arange(order.shape[axis]).reshape([-1 if k == axis else 1 for k in range(order.ndim)])
    inverse = np.empty(order.shape, order.dtype)
    np.put_along_axis(inverse, order, places, axis)
    return inverse


# What takes things back from an order: as argsort of the order, by writing each position to its place.
inverse_order: Op = Op("inverse_order", same_type("inverse_order"), _inverse, home=__name__, batch=ALONG_AXES)

# np.take_along_axis with each index once, so that the adjoint takes by the inverse order.
permute_along: Op = Op(
    "permute_along",
    same_type("permute_along"),
    lambda x, order, *, axis: np.take_along_axis(x, order, axis),
    lambda g, out, x, order, *, axis: (permute_along(g, inverse_order(order, axis=axis), axis=axis), None),
    home=__name__,
    batch=ALONG_AXES,
    depends=moves(1),
)


def _sort_vjp(g: Any, out: Any, x: Any, *, axis: int) -> Any:
    return permute_along(g, inverse_order(argsort_along(x, axis=axis), axis=axis), axis=axis)


sort_along: Op = Op(
    "sort_along",
    same_type("sort"),
    lambda x, *, axis: np.sort(x, axis),
    _sort_vjp,
    flops=SCALAR,
    home=__name__,
    batch=ALONG_AXES,
)

# NumPy's functions.


def one_line(op: str, a: Any, axis: int | None, out: Any = None, dtype: Any = None) -> tuple[Any, int]:
    """The operand of a function along one axis, flat for None, and that axis counted from the left."""
    refuse_out(op, out)
    x = asarray(a, dtype)
    return (ravel(x), 0) if axis is None else (x, one_axis(op, axis, ndim(x)))


def one_line_or_number(op: str, a: Any, axis: int | None, out: Any = None, dtype: Any = None) -> tuple[Any, int]:
    """`one_line`, for functions that take a number for a vector of one element."""
    return one_line(op, a, None if ndim(a) == 0 and axis in (0, -1) else axis, out, dtype)


def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    """`numpy.cumsum`: running sums along an axis, or of the flat array."""
    x, axis = one_line_or_number("cumsum", a, axis, out, dtype)
    return cumsum_along(x, axis=axis, reverse=False)


def cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    """`numpy.cumprod`: running products along an axis, or of the flat array; exact also where elements are 0."""
    x, axis = one_line_or_number("cumprod", a, axis, out, dtype)
    return cumprod_along(x, axis=axis, reverse=False)


def sort(
    a: Any, axis: int | None = -1, kind: str | None = None, order: None = None, *, stable: bool | None = None
) -> Any:
    """`numpy.sort`: `a` sorted along an axis, or flat; of equal elements the order is kept. `kind` is ignored."""
    x, axis = one_line("sort", a, axis)
    return sort_along(x, axis=axis)


def argsort(
    a: Any, axis: int | None = -1, kind: str | None = None, order: None = None, *, stable: bool | None = None
) -> Any:
    """`numpy.argsort`: the positions that sort `a`; of equal elements the order is kept. `kind` is ignored."""
    x, axis = one_line_or_number("argsort", a, axis)
    return argsort_along(x, axis=axis)
