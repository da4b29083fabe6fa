"""Elementwise ops: one block each, a NumPy or SciPy ufunc beside its derivative.

Where a function has a corner, the convention is the one of docs/edges.md: ties share the cotangent equally, |x| has
derivative 0 at 0.

A rule whose derivative can be infinite or NaN at a finite x is written with `scale` and `ratio`, products and quotients
in which an exact 0 stays 0 whatever it meets. A user who masks, as in `where(x > 0, sqrt(x), 0)`, sends the cotangent 0
to sqrt at x = -1, and 0 * NaN would bring the NaN back that the mask was there to remove. The rules of `where`, maximum
and relu use them too, as what they shut out may be infinite. Other rules use plain products, which are cheaper. Both
ops keep the IEEE result elsewhere: the derivative of sqrt at 0 is inf.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..core.costs import SCALAR
from ..core.op import Op
from .complex_parts import conjugate, real
from .rounding import trunc
from .ufunc import SILENT, is_complex, op_like, operator_op, ufunc_op

# A product that is 0 where one factor is, and a quotient that is 0 where the numerator is.


def _one_is_zero(a: Any, b: Any) -> Any:
    return np.equal(a, 0) | np.equal(b, 0)


def _first_is_zero(a: Any, b: Any) -> Any:
    return np.equal(a, 0)


SILENT.run(np.seterr, all="ignore")


def _guarded(ufunc: np.ufunc, dead: Callable[[Any, Any], Any], a: Any, b: Any, out: Any = None) -> Any:
    result = SILENT.copy().run(ufunc, a, b, out)
    if _is_harmless(a if dead is _one_is_zero and np.size(a) < np.size(b) else b, result):
        return result
    nan = np.isnan(result)
    if np.count_nonzero(nan):
        nan &= dead(a, b)
        if not isinstance(result, np.ndarray):
            return type(result)(0) if nan else result
        np.copyto(result, 0, where=nan)
    return result


def _is_harmless(small: Any, result: Any) -> bool:
    """Whether an operand that is much smaller than the result is finite and nowhere 0: then there is no 0 * inf."""
    if 8 * np.size(small) > np.size(result):
        return False
    return bool(np.count_nonzero(small) == np.size(small) and np.all(np.isfinite(small)))


scale: Op = op_like(
    "scale",
    np.multiply,
    partial(_guarded, np.multiply, _one_is_zero),
    lambda g, out, a, b: (scale(g, b), scale(g, a)),
)


def _ratio_vjp(g: Any, out: Any, a: Any, b: Any) -> tuple[Any, Any]:
    share = ratio(g, b)
    return share, -scale(share, out)


ratio: Op = op_like("ratio", np.divide, partial(_guarded, np.divide, _first_is_zero), _ratio_vjp)


# Arithmetic.

add: Op = operator_op("add", np.add, operator.add, lambda g, out, x, y: (g, g))
subtract: Op = operator_op("subtract", np.subtract, operator.sub, lambda g, out, x, y: (g, -g))
multiply: Op = operator_op("multiply", np.multiply, operator.mul, lambda g, out, x, y: (g * y, g * x))
divide: Op = operator_op("divide", np.divide, operator.truediv, _ratio_vjp)
negative: Op = operator_op("negative", np.negative, operator.neg, lambda g, out, x: -g)
positive: Op = ufunc_op("positive", np.positive, lambda g, out, x: g)
reciprocal: Op = ufunc_op("reciprocal", np.reciprocal, lambda g, out, x: -scale(g, square(out)))
square: Op = ufunc_op("square", np.square, lambda g, out, x: g * (2 * x))
floor_divide: Op = ufunc_op("floor_divide", np.floor_divide, lambda g, out, x, y: (None, None), SCALAR)
remainder: Op = ufunc_op("remainder", np.remainder, lambda g, out, x, y: (g, -g * floor_divide(x, y)), SCALAR)
fmod: Op = ufunc_op("fmod", np.fmod, lambda g, out, x, y: (g, -g * trunc(x / y)), SCALAR)
ldexp: Op = ufunc_op("ldexp", np.ldexp, lambda g, out, x, n: (ldexp(g, n), None))

fabs: Op = ufunc_op("fabs", np.fabs, lambda g, out, x: g * sign(x))
copysign: Op = ufunc_op("copysign", np.copysign, lambda g, out, x, y: (g * (sign(x) * sign(out)), None))
heaviside: Op = ufunc_op("heaviside", np.heaviside, lambda g, out, x, y: (None, None))


def _absolute_vjp(g: Any, out: Any, x: Any) -> Any:
    return g * ratio(conjugate(x), out) if is_complex(x) else g * sign(x)


# The sign of a complex z is z / |z|.
def _sign_vjp(g: Any, out: Any, x: Any) -> Any:
    return ratio(g - real(g * out) * conjugate(out), absolute(x)) if is_complex(x) else None


absolute: Op = ufunc_op("absolute", np.absolute, _absolute_vjp)
sign: Op = ufunc_op("sign", np.sign, _sign_vjp)


def divmod(x: Any, y: Any) -> tuple[Any, Any]:
    """`numpy.divmod`: the quotient rounded down, and the remainder, which has the sign of `y`."""
    return floor_divide(x, y), remainder(x, y)


def modf(x: Any) -> tuple[Any, Any]:
    """`numpy.modf`: the fractional and the whole part of `x`, both with its sign."""
    return fmod(x, 1), trunc(x)


# NumPy's other names.

abs = absolute
mod = remainder
true_divide = divide
