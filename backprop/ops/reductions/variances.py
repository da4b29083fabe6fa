"""Variances and standard deviations; the derivative of a standard deviation is 0 where all elements are equal.

Values are NumPy's. Rules measure deviations from the first element before they take the mean: equal elements then
deviate by an exact 0, while in x - mean(x) the rounding of the mean would be left, and its direction be taken for one.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from ...errors import GraphTypeError
from ..arrays.arguments import shape_of
from ..arrays.as_array import asarray
from ..arrays.views import broadcast_to
from ..core.batching import ALONG_AXES
from ..core.op import Op
from ..core.rows import WITHIN_ROWS
from ..elementwise.arithmetic import absolute
from ..elementwise.complex_parts import conjugate
from ..elementwise.conversion import cast
from ..elementwise.masking import ratio
from ..elementwise.powers import sqrt
from ..elementwise.selection import maximum
from ..elementwise.selection import where as choose
from ..elementwise.ufunc import constant
from .making import Axes, count, fold, prepared, reduction, spread
from .norms import reduce_norm
from .reductions import sum
from .running import float_dtype, real_dtype, same_type

__all__ = ["std", "var"]


def _centred(x: Any, *, axes: Axes) -> Any:
    x = np.asarray(x, float_dtype(np.asarray(x).dtype))
    apart = x - x[tuple([slice(1) if k in axes else slice(None) for k in range(x.ndim)])]
    number = apart.dtype.type(max(1, count(x.shape, axes)))
    return (apart - np.add.reduce(apart, axes, keepdims=True) / number)[()]


# Deviations from the mean along axes: a projection, and so its own adjoint.
centred: Op = Op(
    "centred",
    same_type("centred", float_dtype),
    _centred,
    lambda g, out, x, *, axes: centred(g, axes=axes),
    home=__name__,
    rows=WITHIN_ROWS,
    batch=ALONG_AXES,
)


def _var_vjp(g: Any, out: Any, x: Any, *, axes: Axes, keepdims: bool, ddof: float) -> Any:
    freedom = count(shape_of(x), axes) - ddof
    return spread(g, x, axes) * (2.0 / freedom if freedom > 0 else math.nan) * conjugate(centred(x, axes=axes))


def _std_vjp(g: Any, out: Any, x: Any, *, axes: Axes, keepdims: bool, ddof: float) -> Any:
    number = count(shape_of(x), axes)
    if number == 1:
        return None  # one element does not deviate, wherever it goes
    apart = centred(x, axes=axes)
    direction = ratio(conjugate(apart), reduce_norm(apart, axes=axes, keepdims=True))
    return spread(g, x, axes) * (direction * _root_of_inverse(max(0, number - ddof)))


def _root_of_inverse(freedom: float) -> float:
    return 1.0 / math.sqrt(freedom) if freedom else math.nan


reduce_var: Op = reduction(
    "reduce_var",
    real_dtype,
    lambda x, *, axes, keepdims, ddof: np.var(x, axes, ddof=ddof, keepdims=keepdims),
    _var_vjp,
    rows=WITHIN_ROWS,
)
reduce_std: Op = reduction(
    "reduce_std",
    real_dtype,
    lambda x, *, axes, keepdims, ddof: np.std(x, axes, ddof=ddof, keepdims=keepdims),
    _std_vjp,
    rows=WITHIN_ROWS,
)


def refuse_loss(x: Any, dtype: Any, of_parts: bool = False) -> None:
    """Raise where a dtype would lose digits of inexact numbers, or imaginary parts.

    Arguments:
        x: the operand.
        dtype: the dtype that is asked for; None for its own.
        of_parts: whether imaginary parts count.
    Errors:
        GraphTypeError: it would.
    """
    kinds = "" if dtype is None else {"f": "fc", "c": "c" if of_parts else "fc"}.get(x.dtype.kind, "")
    if kinds and np.dtype(dtype).kind not in kinds:
        raise GraphTypeError(f"the dtype {dtype} for {x.dtype} would lose digits", fix="give a dtype that holds them")


# A number to measure from: the least that is not NaN. As deviations do not depend on it, it counts as a constant.
reduce_start: Op = reduction("reduce_start", float_dtype, partial(fold, np.fmin), constant, empty=True, home=__name__)


def _of_chosen(x: Any, axes: Axes, mask: Any, ddof: float, keepdims: bool) -> tuple[Any, Any]:
    """Deviations of the elements that count from their mean, 0 for others, and the degrees of freedom."""
    x, counts = asarray(x, float_dtype(x.dtype)), broadcast_to(asarray(mask), x.shape)
    number = sum(cast(counts, dtype=real_dtype(x.dtype).name), axes, keepdims=True)
    if number.size and x.size:
        x = x - reduce_start(choose(counts, x, math.nan), axes=axes, keepdims=True)
    apart = choose(counts, x - sum(x, axes, keepdims=True, where=counts) / number, 0)
    return apart, sum(maximum(number - ddof, 0), axes, keepdims=keepdims)


def var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    correction: float | None = None,
    where: Any = True,
    **unsupported: Any,
) -> Any:
    """`numpy.var`: mean squared distances from the mean; the count is lessened by `ddof`, also called `correction`."""
    refuse_loss(asarray(a), dtype if asarray(a).dtype.kind == "c" else None, of_parts=True)
    x, axes = prepared("var", a, axis, out, unsupported, dtype)
    less, keeps = ddof if correction is None else correction, bool(keepdims)
    if where is True:
        return reduce_var(x, axes=axes, keepdims=keeps, ddof=less)
    apart, freedom = _of_chosen(x, axes, where, less, keeps)
    return sum(absolute(apart) ** 2, axes, keepdims=keeps) / freedom


def std(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    correction: float | None = None,
    where: Any = True,
    **unsupported: Any,
) -> Any:
    """`numpy.std`: the root of `var`; its derivative is 0 where all elements are equal."""
    refuse_loss(asarray(a), dtype if asarray(a).dtype.kind == "c" else None, of_parts=True)
    x, axes = prepared("std", a, axis, out, unsupported, dtype)
    less, keeps = ddof if correction is None else correction, bool(keepdims)
    if where is True:
        return reduce_std(x, axes=axes, keepdims=keeps, ddof=less)
    apart, freedom = _of_chosen(x, axes, where, less, keeps)
    return reduce_norm(apart, axes=axes, keepdims=keeps) / sqrt(freedom)
