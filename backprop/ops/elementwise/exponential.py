"""Exponentials, logarithms, and the logistic family."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special

from ..core.costs import SCALAR, VECTORISED
from ..core.op import Op
from .masking import over
from .ufunc import SILENT, op_like, ufunc_op

__all__ = [
    "exp",
    "exp2",
    "expit",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "sigmoid",
    "softplus",
]

LN2 = math.log(2.0)
LN10 = math.log(10.0)

# Exponentials and logarithms.

exp: Op = ufunc_op("exp", np.exp, lambda g, out, x: g * out, VECTORISED)
exp2: Op = ufunc_op("exp2", np.exp2, lambda g, out, x: g * out * LN2, VECTORISED)
expm1: Op = ufunc_op("expm1", np.expm1, lambda g, out, x: g * exp(x), VECTORISED)
log: Op = ufunc_op("log", np.log, lambda g, out, x: over(g, x), VECTORISED)
log2: Op = ufunc_op("log2", np.log2, lambda g, out, x: over(g * (1 / LN2), x), VECTORISED)
log10: Op = ufunc_op("log10", np.log10, lambda g, out, x: over(g * (1 / LN10), x), VECTORISED)
log1p: Op = ufunc_op("log1p", np.log1p, lambda g, out, x: over(g, 1 + x), VECTORISED)


@np.errstate(invalid="ignore")
def _logistic_share(x: Any, y: Any, out: Any = None) -> Any:
    apart = np.subtract(x, y)
    level = np.equal(x, y)
    if np.count_nonzero(np.isnan(apart) & level):  # of two infinities
        apart = np.where(level, np.where(np.less(x, 0), -np.inf, 0.0), apart).astype(np.asarray(apart).dtype)[()]
    return scipy.special.expit(apart, out) if out is not None else scipy.special.expit(apart)


def _logistic_share_vjp(g: Any, out: Any, x: Any, y: Any) -> tuple[Any, Any]:
    change = g * (out * logistic_share(y, x))
    return change, -change


# The share of exp(x) in exp(x) + exp(y), to full precision where it is small: 0 where both are -inf, one half where
# both are inf.
logistic_share: Op = op_like("logistic_share", np.logaddexp, _logistic_share, _logistic_share_vjp, SCALAR)


@np.errstate(invalid="ignore")
def _exp_minus(x: Any, y: Any, out: Any = None) -> Any:
    empty = np.equal(x, -np.inf)
    result = np.exp(np.subtract(x, y, out), out)
    if np.count_nonzero(empty):
        if not isinstance(result, np.ndarray):
            return type(result)(0)
        np.copyto(result, 0, where=empty)
    return result


def _exp_minus_vjp(g: Any, out: Any, x: Any, y: Any) -> tuple[Any, Any]:
    change = g * out
    return change, -change


# exp(x - y), and 0 where x is -inf, also where y is: the share of exp(x) in a sum of which y is the logarithm.
exp_minus: Op = op_like("exp_minus", np.logaddexp, _exp_minus, _exp_minus_vjp)

logaddexp: Op = ufunc_op(
    "logaddexp", np.logaddexp, lambda g, out, x, y: (g * logistic_share(x, y), g * logistic_share(y, x)), SCALAR
)
logaddexp2: Op = ufunc_op(
    "logaddexp2",
    np.logaddexp2,
    lambda g, out, x, y: (g * logistic_share(x * LN2, y * LN2), g * logistic_share(y * LN2, x * LN2)),
    SCALAR,
)


def logbase(base: Any, x: Any) -> Any:
    """The logarithm of `x` to a base, log(x) / log(base)."""
    return log(x) / log(base)


# The logistic family.


def decay(x: Any, rate: float, out: Any = None) -> Any:
    """exp(-rate |x|), in the memory `out`: each step in memory of its own took four times as long on large arrays."""
    return np.exp(np.multiply(np.abs(x, out), -rate, out), out)


def _logistic_slope(x: Any, out: Any = None) -> Any:
    small = decay(x, 1, out)
    whole = 1 + small
    whole *= whole
    return np.divide(small, whole, out)


# The derivative of the sigmoid, which 1 - sigmoid(x) as a factor would make 0 from x = 37 on, and tanh(x / 2), by which
# that changes: the difference sigmoid(x) - sigmoid(-x) is 0 near 0.
logistic_slope: Op = op_like(
    "logistic_slope", np.exp, _logistic_slope, lambda g, out, x: -(g * (out * tanh_of_half(x))), VECTORISED
)
tanh_of_half: Op = op_like(
    "tanh_of_half",
    np.exp,
    lambda x, out=None: np.tanh(np.multiply(x, 0.5), out),
    lambda g, out, x: 2 * (g * logistic_slope(x)),
    VECTORISED,
)


def _share_of_odds(odds: Any, rest: Any, out: Any = None) -> Any:
    share = SILENT.copy().run(np.multiply, odds, rest, out)
    if not isinstance(share, np.ndarray):
        return type(share)(1) if odds == np.inf else share
    if not np.maximum.reduce(share, axis=None, initial=0) >= 0:  # one of them is NaN
        np.copyto(share, 1, where=np.equal(odds, np.inf))
    return share


# odds / (1 + odds), from the odds and 1 / (1 + odds), which is known: a product, in the place of a second sigmoid.
share_of_odds: Op = op_like(
    "share_of_odds", np.multiply, _share_of_odds, lambda g, out, odds, rest: (g * (rest * rest), None), None
)
sigmoid: Op = ufunc_op("sigmoid", scipy.special.expit, lambda g, out, x: g * logistic_slope(x), SCALAR)
softplus: Op = op_like(
    "softplus", np.exp, lambda x, out=None: np.logaddexp(x, 0, out), lambda g, out, x: g * sigmoid(x), SCALAR
)
expit = sigmoid
