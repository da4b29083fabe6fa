"""Functions of exponentials, logarithms and powers: entropies, losses, Box and Cox's transformation, degrees."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.op import Op
from ..elementwise.arithmetic import absolute, sign, square
from ..elementwise.exponential import LN10, log, log1p, sigmoid
from ..elementwise.masking import cornered, over, ratio
from ..elementwise.powers import power
from ..elementwise.selection import where
from ..elementwise.trigonometric import DEGREE, direction, hypot, sin
from .kernels import elementary as kernels
from .making import kernel_op, special_op

__all__ = [
    "boxcox",
    "boxcox1p",
    "cosdg",
    "cosm1",
    "cotdg",
    "entr",
    "exp10",
    "exprel",
    "huber",
    "inv_boxcox",
    "inv_boxcox1p",
    "kl_div",
    "log_expit",
    "logit",
    "powm1",
    "pseudo_huber",
    "radian",
    "rel_entr",
    "sindg",
    "tandg",
    "tklmbda",
    "xlog1py",
    "xlogy",
]

# The logistic family; expit is `elementwise.sigmoid`.

# x (1 - x), whose derivative is not made of two infinities where that of its reciprocal overflows.
logistic_width: Op = kernel_op("logistic_width", lambda x: x * (1 - x), lambda g, out, x: g * (1 - 2 * x))
logit: Op = special_op("logit", lambda g, out, x: over(g, logistic_width(x)))
log_expit: Op = special_op("log_expit", lambda g, out, x: g * sigmoid(-x))

# Products with logarithms, which are 0 where the first factor is.

# log(x / y), also where the quotient is near 1, or too large or small for a float.
log_ratio: Op = kernel_op("log_ratio", kernels.log_ratio, lambda g, out, x, y: (over(g, x), -over(g, y)), like=2)

xlogy: Op = special_op("xlogy", lambda g, out, x, y: (g * log(y), g * ratio(x, y)))
xlog1py: Op = special_op("xlog1py", lambda g, out, x, y: (g * log1p(y), g * ratio(x, 1 + y)))
entr: Op = special_op("entr", lambda g, out, x: g * (-1 - log(x)))
rel_entr: Op = special_op("rel_entr", lambda g, out, x, y: (g * (log_ratio(x, y) + 1), -g * ratio(x, y)))
kl_div: Op = special_op("kl_div", lambda g, out, x, y: (g * log_ratio(x, y), g - g * ratio(x, y)))

# Exponentials and powers less one.

# The n-th derivative of (exp(x) - 1) / x, the integral of t ** n exp(x t) over t from 0 to 1.
exprel_derivative: Op = kernel_op(
    "exprel_derivative",
    lambda x, *, n: kernels.exprel(x, n),
    lambda g, out, x, *, n: g * exprel_derivative(x, n=n + 1),
)
# The n-th derivative of log(1 + x) / x.
log1p_ratio: Op = kernel_op(
    "log1p_ratio", lambda x, *, n: kernels.log1p_ratio(x, n), lambda g, out, x, *, n: g * log1p_ratio(x, n=n + 1)
)
exprel: Op = special_op("exprel", lambda g, out, x: g * exprel_derivative(x, n=1))
exp10: Op = special_op("exp10", lambda g, out, x: g * (out * LN10))
cosm1: Op = special_op("cosm1", lambda g, out, x: g * -sin(x))
powm1: Op = special_op(
    "powm1",
    lambda g, out, x, y: (g * (y * power(x, y - 1)), g * (power(x, y) * log(x))),
)

# Box and Cox's transformation (x ** p - 1) / p is log(x) exprel(p log(x)).
boxcox: Op = special_op(
    "boxcox",
    lambda g, out, x, p: (g * power(x, p - 1), g * (square(log(x)) * exprel_derivative(p * log(x), n=1))),
)
boxcox1p: Op = special_op(
    "boxcox1p",
    lambda g, out, x, p: (g * power(1 + x, p - 1), g * (square(log1p(x)) * exprel_derivative(p * log1p(x), n=1))),
)


def _inverse_vjp(g: Any, out: Any, value: Any, y: Any, p: Any) -> tuple[Any, Any]:
    """Of exp(y F(p y)), where F(u) is log(1 + u) / u."""
    return g * over(value, 1 + p * y), g * (value * square(y) * log1p_ratio(p * y, n=1))


inv_boxcox: Op = special_op("inv_boxcox", lambda g, out, y, p: _inverse_vjp(g, out, out, y, p))
inv_boxcox1p: Op = special_op("inv_boxcox1p", lambda g, out, y, p: _inverse_vjp(g, out, 1 + out, y, p))

# Losses: where delta is negative there is no value.


def _huber_vjp(g: Any, out: Any, delta: Any, r: Any) -> tuple[Any, Any]:
    size = absolute(r)
    by_delta = where(size <= delta, 0 * size, size - delta)
    by_r = where(size <= delta, r, delta * sign(r))
    slopes = [cornered(where(delta < 0, np.nan, slope), size, delta) for slope in (by_delta, by_r)]
    return g * slopes[0], g * slopes[1]


def _pseudo_huber_vjp(g: Any, out: Any, delta: Any, r: Any) -> tuple[Any, Any]:
    u = over(r, delta)
    s = hypot(1, u)
    excess = u * (u / (1 + s))
    return g * (delta * (excess * (excess / s))), g * (delta * direction(r, delta))


huber: Op = special_op("huber", _huber_vjp)
pseudo_huber: Op = special_op("pseudo_huber", _pseudo_huber_vjp)

# Degrees.

sindg: Op = special_op("sindg", lambda g, out, x: g * (DEGREE * cosdg(x)))
cosdg: Op = special_op("cosdg", lambda g, out, x: g * (-DEGREE * sindg(x)))
tandg: Op = special_op("tandg", lambda g, out, x: g * (DEGREE * (1 + square(out))))
cotdg: Op = special_op("cotdg", lambda g, out, x: g * (-DEGREE * (1 + square(out))))
radian: Op = special_op(
    "radian",
    lambda g, out, d, m, s: (g * DEGREE, g * (DEGREE / 60), g * (DEGREE / 3600)),
)

# Tukey's lambda distribution, whose quantile function is boxcox(p, shape) - boxcox(1 - p, shape).


def _tukey_vjp(g: Any, out: Any, x: Any, shape: Any) -> tuple[Any, Any]:
    inside = (out > 0) & (out < 1)
    p = where(inside, out, 0.5)
    slope = power(p, shape - 1) + power(1 - p, shape - 1)
    left = square(log(p)) * exprel_derivative(shape * log(p), n=1)
    right = square(log1p(-p)) * exprel_derivative(shape * log1p(-p), n=1)
    share = g * where(inside, 1 / slope, 0.0)
    return share, -(share * (left - right))


tklmbda: Op = special_op("tklmbda", _tukey_vjp)
