"""The softmax family: an element -inf, and a whole line of them, has derivative 0 in logsumexp."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import GraphTypeError
from ..arrays.arguments import shape_of
from ..arrays.as_array import asarray
from ..arrays.views import broadcast_arrays, reshape
from ..core.batching import ALONG_AXES
from ..core.costs import SOFTMAX
from ..core.op import Op
from ..core.rows import WITHIN_ROWS, reduced_by
from ..elementwise.arithmetic import absolute, sign
from ..elementwise.comparison import isfinite, isnan
from ..elementwise.exponential import exp, exp_minus, log, logaddexp
from ..elementwise.rounding import floor
from ..elementwise.selection import where
from .making import Axes, fold, prepared, reduction, spread, without
from .reductions import max, reduce_sum, sum
from .running import DtypeRule, float_dtype, same_type

__all__ = ["log_softmax", "logsumexp", "softmax"]


def _only_real(name: str) -> DtypeRule:
    def rule(dtype: np.dtype[Any]) -> np.dtype[Any]:
        if dtype.kind == "c":
            raise GraphTypeError(f"{name} does not take complex numbers", fix="write it with exp, log and sum")
        return float_dtype(dtype)

    return rule


def _top(x: Any, axes: Axes) -> Any:
    """The maximum along axes, 0 where it is not finite."""
    top = np.max(x, axes, keepdims=True, initial=-np.inf)
    return np.where(np.isfinite(top), top, top.dtype.type(0))


@np.errstate(divide="ignore")
def _logsumexp(x: Any, *, axes: Axes, keepdims: bool) -> Any:
    x = np.asarray(x, float_dtype(np.asarray(x).dtype))
    top = _top(x, axes)
    result = np.log(fold(np.add, np.exp(x - top), axes=axes, keepdims=True)) + top
    return result if keepdims else result.reshape(without(x.shape, axes))[()]


reduce_logsumexp: Op = reduction(
    "reduce_logsumexp",
    _only_real("logsumexp"),
    _logsumexp,
    lambda g, out, x, *, axes, keepdims: spread(g, x, axes) * exp_minus(x, spread(out, x, axes)),
    flops=SOFTMAX,
    home=__name__,
    rows=reduced_by(logaddexp),
)


@np.errstate(invalid="ignore")
def _softmax(x: Any, *, axes: Axes) -> Any:
    x = np.asarray(x, float_dtype(np.asarray(x).dtype))
    powers = np.exp(x - _top(x, axes))
    return (powers / fold(np.add, powers, axes=axes, keepdims=True))[()]


def _softmax_vjp(g: Any, out: Any, x: Any, *, axes: Axes) -> Any:
    change = g * out
    return change - out * reduce_sum(change, axes=axes, keepdims=True)


@np.errstate(divide="ignore")
def _log_softmax(x: Any, *, axes: Axes) -> Any:
    x = np.asarray(x, float_dtype(np.asarray(x).dtype))
    lower = x - _top(x, axes)
    return (lower - np.log(fold(np.add, np.exp(lower), axes=axes, keepdims=True)))[()]


softmax_along: Op = Op(
    "softmax_along",
    same_type("softmax", _only_real("softmax")),
    _softmax,
    _softmax_vjp,
    flops=SOFTMAX,
    home=__name__,
    rows=WITHIN_ROWS,
    batch=ALONG_AXES,
)
log_softmax_along: Op = Op(
    "log_softmax_along",
    same_type("log_softmax", _only_real("log_softmax")),
    _log_softmax,
    lambda g, out, x, *, axes: g - exp(out) * reduce_sum(g, axes=axes, keepdims=True),
    flops=SOFTMAX,
    home=__name__,
    rows=WITHIN_ROWS,
    batch=ALONG_AXES,
)

# The functions of SciPy.


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    """`scipy.special.logsumexp`: log(sum(b * exp(a))), without overflow.

    Arguments:
        a: Var or array of real numbers; elements -inf count for nothing.
        axis: an int, ints, or None for all axes.
        b: factors, which broadcast with `a`; None means 1.
        keepdims: whether the axes stay, with length 1.
        return_sign: whether to return the signs of the sums too, and the logarithms of their sizes.
    Returns:
        the logarithms, -inf of no elements, NaN of a sum below 0; or a pair of logarithms and signs.
    Errors:
        GraphTypeError: complex numbers.
    """
    if b is not None:
        exponents, weights = broadcast_arrays(a, b)
        return _weighted(exponents, weights, axis, keepdims, return_sign)
    x, axes = prepared("logsumexp", a, axis)
    value = reduce_logsumexp(x, axes=axes, keepdims=bool(keepdims))
    return (value, where(value == -np.inf, 0.0, where(isnan(value), value, 1.0))) if return_sign else value


def _weighted(a: Any, b: Any, axis: Any, keepdims: bool, return_sign: bool) -> Any:
    """The logarithm of a sum of weighted exponentials, which are made less by the floor of the largest exponent."""
    x, axes = prepared("logsumexp", a, axis)
    kind = _only_real("logsumexp")(np.result_type(x.dtype, b.dtype))
    x, weights = asarray(x, kind), asarray(b, kind)
    counted = where(weights == 0, -np.inf, x)
    top = floor(max(counted, axes, keepdims=True)) if math.prod(shape_of(x)) else 0.0
    top = where(isfinite(top), top, 0.0)
    lower = x - top
    lower = where(weights == 0, where(lower < LARGEST_POWER, lower, -np.inf), lower)
    total = sum(weights * exp(lower), axes, keepdims=keepdims)
    top = top if keepdims or not axes else reshape(top, shape_of(total)) if shape_of(top) else top
    if return_sign:
        return log(absolute(total)) + top, sign(total)
    return log(where(total < 0, np.nan, total)) + top


LARGEST_POWER = 80.0
"""Of which, and of less, the exponential is finite in each dtype."""


def softmax(x: Any, axis: Any = None) -> Any:
    """`scipy.special.softmax`: exp(x) / sum(exp(x)) along an axis, axes, or all of them.

    Errors:
        GraphTypeError: complex numbers.
    """
    operand, axes = prepared("softmax", x, axis)
    return softmax_along(operand, axes=axes)


def log_softmax(x: Any, axis: Any = None) -> Any:
    """`scipy.special.log_softmax`: x - log(sum(exp(x))) along an axis, axes, or all of them.

    Errors:
        GraphTypeError: complex numbers.
    """
    operand, axes = prepared("log_softmax", x, axis)
    return log_softmax_along(operand, axes=axes)
