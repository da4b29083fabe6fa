"""Arithmetic, signs and absolute values.

Where a function has a corner, the convention is the one of docs/edges.md: ties share the cotangent equally, |x| has
derivative 0 at 0, and no second one. Rules are plain products and quotients; what a mask shuts out is kept apart by
`graph.autodiff.masks`, and conventions are written with `ratio` and `cornered` (see `masking`).
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.costs import SCALAR
from ..core.op import Op
from .complex_parts import conjugate, real
from .masking import cornered, over, ratio
from .rounding import rint, trunc
from .ufunc import is_complex, operator_op, ufunc_op

__all__ = [
    "abs",
    "absolute",
    "add",
    "copysign",
    "divide",
    "divmod",
    "fabs",
    "floor_divide",
    "fmod",
    "heaviside",
    "ldexp",
    "mod",
    "modf",
    "multiply",
    "negative",
    "positive",
    "reciprocal",
    "remainder",
    "sign",
    "square",
    "subtract",
    "true_divide",
]


def _quotient_vjp(g: Any, out: Any, x: Any, y: Any) -> tuple[Any, Any]:
    share = over(g, y)
    return share, -(share * out)


# Arithmetic.

add: Op = operator_op("add", np.add, operator.add, lambda g, out, x, y: (g, g))
subtract: Op = operator_op("subtract", np.subtract, operator.sub, lambda g, out, x, y: (g, -g))
multiply: Op = operator_op("multiply", np.multiply, operator.mul, lambda g, out, x, y: (g * y, g * x))
divide: Op = operator_op("divide", np.divide, operator.truediv, _quotient_vjp)
negative: Op = operator_op("negative", np.negative, operator.neg, lambda g, out, x: -g)
positive: Op = ufunc_op("positive", np.positive, lambda g, out, x: g)
reciprocal: Op = ufunc_op("reciprocal", np.reciprocal, lambda g, out, x: -(g * square(out)))
square: Op = ufunc_op("square", np.square, lambda g, out, x: g * (2 * x))
floor_divide: Op = ufunc_op("floor_divide", np.floor_divide, lambda g, out, x, y: (None, None), SCALAR)
remainder: Op = ufunc_op("remainder", np.remainder, lambda g, out, x, y: (g, -g * floor_divide(x, y)), SCALAR)
# The remainder is exact, so that rounding leaves the whole quotient; x / y itself may round up to the next one.
fmod: Op = ufunc_op("fmod", np.fmod, lambda g, out, x, y: (g, -g * rint(over(x - out, y))), SCALAR)
ldexp: Op = ufunc_op("ldexp", np.ldexp, lambda g, out, x, n: (ldexp(g, n), None))

fabs: Op = ufunc_op("fabs", np.fabs, lambda g, out, x: cornered(g * sign(x), x, 0))
copysign: Op = ufunc_op("copysign", np.copysign, lambda g, out, x, y: (cornered(g * (sign(x) * sign(out)), x, 0), None))
heaviside: Op = ufunc_op("heaviside", np.heaviside, lambda g, out, x, y: (None, None))


def _absolute_vjp(g: Any, out: Any, x: Any) -> Any:
    return g * ratio(conjugate(x), out) if is_complex(x) else cornered(g * sign(x), x, 0)


# The sign of a complex z is z / |z|.
def _sign_vjp(g: Any, out: Any, x: Any) -> Any:
    return over(g - real(g * out) * conjugate(out), absolute(x)) if is_complex(x) else None


absolute: Op = ufunc_op("absolute", np.absolute, _absolute_vjp)
sign: Op = ufunc_op("sign", np.sign, _sign_vjp)


def divmod(x: Any, y: Any) -> tuple[Any, Any]:
    """`numpy.divmod`: the quotient rounded down, and the remainder, which has the sign of `y`."""
    return floor_divide(x, y), remainder(x, y)


def modf(x: Any) -> tuple[Any, Any]:
    """`numpy.modf`: the fractional and the whole part of `x`, both with its sign."""
    number = x if np.dtype(getattr(x, "dtype", type(x))).kind not in "biu" else true_divide(x, 1)
    return fmod(number, 1), trunc(number)


# NumPy's other names.

abs = absolute
mod = remainder
true_divide = divide
