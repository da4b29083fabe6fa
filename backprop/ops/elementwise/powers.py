"""Powers and roots."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import GraphTypeError
from ..core.costs import VECTORISED
from ..core.op import Kind, Op
from ..core.types import type_of
from .arithmetic import positive, reciprocal, square
from .comparison import equal
from .exponential import log
from .masking import over, scale, vanishing
from .selection import where
from .ufunc import op_like, ufunc_op, ufunc_type

__all__ = ["cbrt", "float_power", "pow", "power", "sqrt"]

# Powers and roots.


def _power_vjp(g: Any, out: Any, x: Any, y: Any) -> tuple[Any, Any]:
    # d/dx x**0 is 0, also at x = 0; d/dy 0**y is 0 for y > 0, and NaN at y = 0, where 0**y jumps.
    base = where(equal(x, 0), math.nan, x)
    return g * scale(y, quiet_power(x, y - 1)), g * vanishing(out, log(base))


power: Op = ufunc_op("power", np.power, _power_vjp, VECTORISED)
float_power: Op = ufunc_op("float_power", np.float_power, _power_vjp, VECTORISED)

# The power in a rule, whose infinities are often multiplied by 0, and so not worth a warning.
quiet_power: Op = op_like("quiet_power", np.power, np.errstate(all="ignore")(np.power), _power_vjp)


def _power_to_vjp(g: Any, out: Any, x: Any, *, n: float) -> Any:
    if n == 0:
        return None
    return g * (n * pow_static(x, n - 1))


# x ** n for a Python number n.
power_to: Op = Op(
    "power_to",
    lambda x, *, n: ufunc_type(np.power, x, type_of(n)),
    lambda x, out=None, *, n: np.power(x, n, out),
    _power_to_vjp,
    Kind.ELEMENTWISE,
    VECTORISED,
    home=__name__,
)


def pow_static(x: Any, n: Any) -> Any:
    """x ** n by the quickest op, as `ndarray.__pow__` chooses it.

    Arguments:
        x: Var, array or number.
        n: exponent; a Python number selects square, sqrt, reciprocal or positive where it can.
    Returns:
        the power.
    Errors:
        GraphTypeError: integers to a negative Python integer.
    """
    if type(n) not in (int, float):
        return power(x, n)
    kind = np.dtype(getattr(x, "dtype", type(x))).kind
    if kind in "biu":
        if type(n) is int and n < 0:
            raise GraphTypeError("integers to negative integer powers are not allowed", fix="make x a float first")
        return square(x) if type(n) is int and n == 2 and kind != "b" else power_to(x, n=n)
    ops = {2: square, 1: positive, 0.5: sqrt, -1: reciprocal}
    return ops[n](x) if n in ops else power_to(x, n=n)


sqrt: Op = ufunc_op("sqrt", np.sqrt, lambda g, out, x: over(g * 0.5, out), VECTORISED)
cbrt: Op = ufunc_op("cbrt", np.cbrt, lambda g, out, x: over(g, 3 * square(out)), VECTORISED)
pow = power
