"""Trigonometric and hyperbolic functions."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import scipy.special

from ..core.costs import SCALAR, SERIES, VECTORISED
from ..core.op import Op
from ..core.rows import BY_ELEMENT
from .arithmetic import square
from .complex_parts import imag, real
from .exponential import decay
from .masking import over, ratio
from .powers import sqrt
from .ufunc import is_complex, op_like, ufunc_op, ufunc_type

__all__ = [
    "acos",
    "acosh",
    "angle",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "deg2rad",
    "degrees",
    "hypot",
    "rad2deg",
    "radians",
    "sin",
    "sinc",
    "sinh",
    "tan",
    "tanh",
]

DEGREE = math.pi / 180.0
FAR = 1e35  # squares beside which 1 is nothing

# Trigonometric and hyperbolic functions.

sin: Op = ufunc_op("sin", np.sin, lambda g, out, x: g * cos(x), SCALAR)
cos: Op = ufunc_op("cos", np.cos, lambda g, out, x: -g * sin(x), SCALAR)
tan: Op = ufunc_op("tan", np.tan, lambda g, out, x: g * (1 + square(out)), VECTORISED)
# 1 - x ** 2, as a product, which is right near 1, with a derivative which is right near 0.
one_less_square: Op = op_like(
    "one_less_square",
    np.positive,
    lambda x, out=None: np.multiply(1 - x, 1 + x, out),
    lambda g, out, x: g * (-2 * x),
    None,
)
arcsin: Op = ufunc_op("arcsin", np.arcsin, lambda g, out, x: over(g, sqrt(one_less_square(x))), VECTORISED)
arccos: Op = ufunc_op("arccos", np.arccos, lambda g, out, x: over(-g, sqrt(one_less_square(x))), VECTORISED)


@np.errstate(over="ignore")
def _arctan_slope(x: Any, out: Any = None) -> Any:
    squared = np.square(x)
    far = np.greater(squared, FAR)
    if not np.count_nonzero(far):
        return np.divide(1, 1 + squared, out)
    inverse = np.where(far, np.square(1 / np.where(far, x, 1)), 1 / (1 + squared)).astype(squared.dtype)[()]
    if out is None:
        return inverse
    np.copyto(out, inverse)
    return out


# 1 / (1 + x ** 2) for real x, whose square may overflow.
arctan_slope: Op = op_like(
    "arctan_slope", np.arctan, _arctan_slope, lambda g, out, x: g * (-2 * ((x * out) * out)), VECTORISED
)


def _arctan_vjp(g: Any, out: Any, x: Any) -> Any:
    return g / (1 + square(x)) if is_complex(x) else g * arctan_slope(x)


arctan: Op = ufunc_op("arctan", np.arctan, _arctan_vjp, VECTORISED)
sinh: Op = ufunc_op("sinh", np.sinh, lambda g, out, x: g * cosh(x), VECTORISED)
cosh: Op = ufunc_op("cosh", np.cosh, lambda g, out, x: g * sinh(x), VECTORISED)


def _sech_squared(x: Any, out: Any = None) -> Any:
    small = decay(x, 2, out)
    whole = 1 + small
    whole *= whole
    return np.divide(np.multiply(small, 4, out), whole, out)


# 1 / cosh(x)**2 for real x: neither 1 - tanh(x)**2, which is 0 from x = 20 on, nor cosh, which overflows.
sech_squared: Op = op_like(
    "sech_squared", np.tanh, _sech_squared, lambda g, out, x: g * (-2 * out * tanh(x)), VECTORISED
)


def _tanh_vjp(g: Any, out: Any, x: Any) -> Any:
    return g * (1 - square(out)) if is_complex(x) else g * sech_squared(x)


def _arcsinh_vjp(g: Any, out: Any, x: Any) -> Any:
    return g / (sqrt(1 + square(x)) if is_complex(x) else hypot(1, x))  # the square overflows at 1e154


tanh: Op = ufunc_op("tanh", np.tanh, _tanh_vjp, VECTORISED)
arcsinh: Op = ufunc_op("arcsinh", np.arcsinh, _arcsinh_vjp, VECTORISED)
arccosh: Op = ufunc_op("arccosh", np.arccosh, lambda g, out, x: over(g, sqrt(x - 1) * sqrt(x + 1)), VECTORISED)
arctanh: Op = ufunc_op("arctanh", np.arctanh, lambda g, out, x: over(g, one_less_square(x)), VECTORISED)


def _direction_vjp(g: Any, out: Any, x: Any, y: Any) -> tuple[Any, Any]:
    length = hypot(x, y)
    across = over(y, length)
    turn = g * over(across, length)
    return turn * across, -(turn * out)


# x / hypot(x, y), 0 where both are 0; its derivatives are not made of 1 / hypot less nearly the same.
direction: Op = op_like(
    "direction", np.hypot, lambda x, y, out=None: ratio.compute(x, np.hypot(x, y), out), _direction_vjp, SCALAR
)
hypot: Op = ufunc_op("hypot", np.hypot, lambda g, out, x, y: (g * direction(x, y), g * direction(y, x)), SCALAR)
deg2rad: Op = ufunc_op("deg2rad", np.deg2rad, lambda g, out, x: g * DEGREE, VECTORISED)
rad2deg: Op = ufunc_op("rad2deg", np.rad2deg, lambda g, out, x: g / DEGREE, VECTORISED)


def _arctan2_vjp(g: Any, out: Any, y: Any, x: Any) -> tuple[Any, Any]:
    length = hypot(x, y)  # whose square may underflow
    return g * ratio(ratio(x, length), length), -g * ratio(ratio(y, length), length)


arctan2: Op = ufunc_op("arctan2", np.arctan2, _arctan2_vjp, VECTORISED)


def _bessel(x: Any, *, n: int) -> Any:
    near = np.where(np.abs(x) < 1.5, x, 0.0)  # by 10.53.1, as SciPy's recurrence cancels, and is 0 near 0
    series, square = np.zeros_like(near), near * near / -2
    for k in range(11, -1, -1):
        series = 1 + series * square / ((k + 1) * (2 * n + 2 * k + 3))
    small = series * near**n / math.prod(range(1, 2 * n + 2, 2))
    return np.where(np.abs(x) < 1.5, small, scipy.special.spherical_jn(n, x)).astype(np.result_type(x, np.float32))[()]


# Spherical Bessel functions j_n. Source: NIST DLMF 10.51.2, (2n + 1) j_n' = n j_(n-1) - (n + 1) j_(n+1).
spherical_jn: Op = Op(
    "spherical_jn",
    lambda x, *, n: ufunc_type(np.sin, x),
    _bessel,
    lambda g, out, x, *, n: g * (_below(x, n) - (n + 1) / (2 * n + 1) * spherical_jn(x, n=n + 1)),
    flops=SERIES,
    home=__name__,
    rows=BY_ELEMENT,
)


def _below(x: Any, n: int) -> Any:
    return n / (2 * n + 1) * spherical_jn(x, n=n - 1) if n else 0


# sinc(x) is j_0(pi x), so that all derivatives at 0 are exact.
sinc: Op = Op(
    "sinc",
    partial(ufunc_type, np.sin),
    lambda x: np.sinc(x)[()],
    lambda g, out, x: g * (-math.pi * spherical_jn(math.pi * x, n=1)),
    flops=SCALAR,
    home=__name__,
    rows=BY_ELEMENT,
)


def angle(z: Any, deg: bool = False) -> Any:
    """`numpy.angle`: the argument of complex numbers, in radians or degrees; its derivative at 0 is 0."""
    radians = arctan2(imag(z), real(z))
    return rad2deg(radians) if deg else radians


acos, acosh, asin, asinh = arccos, arccosh, arcsin, arcsinh
atan, atan2, atanh = arctan, arctan2, arctanh
degrees, radians = rad2deg, deg2rad
