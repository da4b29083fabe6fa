"""Choice between values, element by element.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from ...errors import GraphTypeError
from ..core.op import Kind, Op, broadcast
from ..core.rows import BY_ELEMENT
from ..core.types import NumericType, ValueType, numeric
from .arithmetic import positive
from .comparison import isfinite, logical_not, not_equal
from .masking import attains, cornered, exceeds, masked
from .ufunc import op_like, promotion_operand, result_type, same_numbers, ufunc_op

__all__ = ["clip", "fmax", "fmin", "maximum", "minimum", "nan_to_num", "relu", "where"]

# The derivative at 0 is 0, unlike that of maximum(x, 0), which is 0.5.
relu: Op = op_like(
    "relu",
    np.positive,
    lambda x, out=None: np.maximum(x, 0, out=out),
    lambda g, out, x: cornered(masked(g, exceeds(x, 0)), x, 0),
)

# Choice.


def _tie_share(x: Any, y: Any, out: Any = None) -> Any:
    halves = np.multiply(np.equal(x, y), -0.5, out, dtype=np.result_type(x, y))
    return np.add(halves, 1, out)


# The share of the cotangent for what was chosen of x and y: 1, or 0.5 at a tie.
tie_share: Op = op_like("tie_share", np.maximum, _tie_share, lambda g, out, x, y: (None, None), None)


def _chosen(g: Any, out: Any, x: Any, y: Any) -> tuple[Any, Any]:
    share = cornered(g * tie_share(x, y), x, y)
    return masked(share, attains(x, out)), masked(share, attains(y, out))


maximum: Op = ufunc_op("maximum", np.maximum, _chosen)
minimum: Op = ufunc_op("minimum", np.minimum, _chosen)
fmax: Op = ufunc_op("fmax", np.fmax, _chosen)
fmin: Op = ufunc_op("fmin", np.fmin, _chosen)


def _where_type(condition: ValueType[Any], x: ValueType[Any], y: ValueType[Any]) -> NumericType[Any]:
    operands = numeric("where", condition, x, y)
    examples = [promotion_operand(t)(0) if t.weak and t.dtype.kind != "b" else t.dtype for t in operands[1:]]
    return result_type(operands[1:], broadcast("where", operands), np.result_type(*examples))


def _where(condition: Any, x: Any, y: Any, out: Any = None) -> Any:
    if out is None:
        return np.where(condition, x, y)[()]
    np.copyto(out, np.where(condition, x, y))
    return out


def _where_vjp(g: Any, out: Any, condition: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
    holds = condition if np.dtype(getattr(condition, "dtype", type(condition))).kind == "b" else not_equal(condition, 0)
    return None, masked(g, holds), masked(g, logical_not(holds))


where: Op = Op(
    "where",
    _where_type,
    _where,
    _where_vjp,
    Kind.ELEMENTWISE,
    home=__name__,
)


def clip(a: Any, a_min: Any = None, a_max: Any = None, out: None = None, *, min: Any = None, max: Any = None) -> Any:
    """`numpy.clip`: `a` limited to an interval.

    Arguments:
        a: Var, array or number.
        a_min, a_max: the bounds, which broadcast with `a`; None for no bound. `min` and `max` are other names.
        out: None.
    Returns:
        minimum(maximum(a, a_min), a_max): at a bound, half of the cotangent goes to `a` and half to the bound.
    Errors:
        GraphTypeError: `out` given.
    """
    if out is not None:
        raise GraphTypeError("clip: `out` is not supported", fix="use the result")
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    if low is None and high is None:
        return positive(a)
    x = a if low is None else maximum(a, _as_bound(low, a))
    return x if high is None else minimum(x, _as_bound(high, a))


def _as_bound(bound: Any, a: Any) -> Any:
    """A bound of integers as the nearest one that their dtype holds: one beyond it bounds nothing."""
    dtype = getattr(a, "dtype", None)
    if type(bound) is not int or dtype is None or dtype.kind not in "iu":
        return bound
    limits = np.iinfo(dtype)
    return builtins.max(int(limits.min), builtins.min(int(limits.max), bound))


replace_nan: Op = Op(
    "replace_nan",
    lambda x, **values: same_numbers("nan_to_num", x),
    lambda x, *, nan, posinf, neginf: np.nan_to_num(x, True, nan, posinf, neginf),
    lambda g, out, x, **values: masked(g, isfinite(x)),
    home=__name__,
    rows=BY_ELEMENT,
)


def nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """`numpy.nan_to_num`: `x` with NaN and infinities replaced, through which no cotangent flows; `copy` is ignored."""
    return replace_nan(x, nan=nan, posinf=posinf, neginf=neginf)
