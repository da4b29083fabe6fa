"""Zeros in rules: masks, and products and quotients whose zeros are conventions.

A cotangent can be zero for two reasons, and they are not the same:

    masked(g, live)     because a choice says so: what was not chosen does not count, whatever its derivative is
    cleared(g, live)    because a number happens to be 0, a seed or a coefficient, and 0 times infinity shall be 0 there

Both have the same value, g where `live` holds and an exact 0 elsewhere. They differ in their derivative by g: that of
`masked` is masked too, as nothing flows there; that of `cleared` is the identity, as another number could have stood in
the place of the 0. `graph.autodiff.masks` moves them along with cotangents, so that rules need not know of them: a rule
is written with plain products, and with `over`, the quotient that does not warn.

Conventions (the gradient of a norm at 0 is 0) stand in coefficients: `ratio(a, b)` is 0 for 0 / 0, and its derivative
is that of a / b, so that at second order, where there is no convention, the answer is NaN. `scale(c, x)` is c x, and 0
where c is 0, for an x that is infinite only there: x ** 0 is a constant, and so is each of its derivatives by x.
`vanishing(c, x)` is the same of two numbers neither of which is a cotangent: its zero says nothing of one.

What is a convention at first order must not be differentiated as if it were a derivative: at 0 the mean of both slopes
of |x| is 0, but the mean of their squares is 1. So rules of functions with corners return `cornered(g, x, y)`, which is
g, and whose derivative by x and y is NaN where both are equal and 0 elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.batching import Batched, BatchRule, Params, aligned
from ..core.op import Kind, Op, always, broadcast
from ..core.rows import BY_ELEMENT
from ..core.types import NumericType, ValueType, numeric
from .ufunc import SILENT, op_like, result_type

SILENT.run(np.seterr, all="ignore")


def _quietly(ufunc: np.ufunc, *operands: Any) -> Any:
    return SILENT.copy().run(ufunc, *operands)


def _without_nan(result: Any, dead: Callable[[], Any]) -> Any:
    """The result with 0 where it is NaN and `dead` says that it has to be 0; `dead` is called where there are any."""
    nan = np.isnan(result)
    if np.count_nonzero(nan):
        nan &= dead()
        if not isinstance(result, np.ndarray):
            return type(result)(0) if nan else result
        np.copyto(result, 0, where=nan)
    return result


def _masked(g: Any, live: Any, out: Any = None) -> Any:
    result = _quietly(np.multiply, g, live, out)
    if 8 * np.size(live) <= np.size(result) and np.all(live):
        return result
    return _without_nan(result, lambda: np.logical_not(live))


# g where `live` holds, and 0 elsewhere: quicker as a product than as a choice.
masked: Op = op_like("masked", np.multiply, _masked, lambda g, out, x, live: (masked(g, live), None))
cleared: Op = op_like("cleared", np.multiply, _masked, lambda g, out, x, live: (g, None))


# What `relu` and `maximum` choose by. Unlike the condition of a `where`, they never hide a NaN, which both hand on.
exceeds: Op = op_like("exceeds", np.greater, np.greater, None, None)
attains: Op = op_like("attains", np.equal, np.equal, None, None)


def _quotient_vjp(g: Any, out: Any, a: Any, b: Any) -> tuple[Any, Any]:
    share = over(g, b)
    return share, -(share * out)


over: Op = op_like("over", np.divide, lambda a, b, out=None: _quietly(np.divide, a, b, out), _quotient_vjp, None)


def _ratio(a: Any, b: Any, out: Any = None) -> Any:
    return _aside(np.divide, a, b, out, lambda: np.equal(a, 0) & np.equal(b, 0))


def _scale(c: Any, x: Any, out: Any = None) -> Any:
    return _aside(np.multiply, c, x, out, lambda: np.equal(c, 0))


def _aside(ufunc: np.ufunc, a: Any, b: Any, out: Any, dead: Callable[[], Any]) -> Any:
    """The result with its zeros; where `out` is an operand's memory, that is read before it is written to."""
    if out is None or not (np.may_share_memory(out, a) or np.may_share_memory(out, b)):
        return _without_nan(_quietly(ufunc, a, b, out), dead)
    np.copyto(out, _without_nan(_quietly(ufunc, a, b), dead))
    return out


ratio: Op = op_like("ratio", np.divide, _ratio, _quotient_vjp)
scale: Op = op_like("scale", np.multiply, _scale, lambda g, out, c, x: (g * x, scale(c, g)))
vanishing: Op = op_like("vanishing", np.multiply, _scale, lambda g, out, c, x: (g * x, g * c))


def _nan_with(g: Any, value: Any, out: Any = None) -> Any:
    result = np.where(np.isnan(value), np.asarray(g).dtype.type(np.nan), g)[()]
    if out is None:
        return result
    np.copyto(out, result)
    return out


# g, and NaN where a value is: there is no derivative where there is no value.
nan_with: Op = op_like("nan_with", np.multiply, _nan_with, lambda g, out, x, value: (nan_with(g, value), None), None)


def _undefined_type(*types: ValueType[Any]) -> NumericType[Any]:
    operands = numeric("undefined", *types)
    return result_type(operands[:1], broadcast("undefined", operands), operands[0].dtype)


def _undefined(c: Any, x: Any, y: Any, out: Any = None) -> Any:
    dtype = np.asarray(c).dtype.type
    values = np.where(np.equal(x, y), dtype(np.nan), dtype(0))
    result = np.broadcast_to(values, np.broadcast_shapes(np.shape(c), np.shape(values)))
    if out is None:
        return result[()]
    np.copyto(out, result)
    return out


def _undefined_vjp(g: Any, out: Any, c: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
    change = undefined(g * c, x, y)
    return undefined(g, x, y), change, change


# NaN where x and y are equal, and 0 elsewhere. It is linear in c, on whose values it does not depend.
undefined: Op = Op("undefined", _undefined_type, _undefined, _undefined_vjp, Kind.ELEMENTWISE, home=__name__)


def _cornered_type(*types: ValueType[Any]) -> NumericType[Any]:
    operands = numeric("cornered", *types)
    broadcast("cornered", operands)  # refuses shapes that do not fit
    return operands[0]


def _cornered_vjp(g: Any, out: Any, c: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
    change = undefined(g * c, x, y)
    return g, change, change


def _cornered_batched(op: Any, batched: Batched, operands: Sequence[Any], params: Params) -> Any:
    return op(operands[0], *aligned(batched, operands)[1:])


# c itself: the slope at x of a function that has a corner where x and y are equal.
cornered: Op = Op(
    "cornered",
    _cornered_type,
    lambda c, x, y: c,
    _cornered_vjp,
    Kind.VIEW,
    home=__name__,
    rows=BY_ELEMENT,
    keeps_layout=always,
    batch=BatchRule(_cornered_batched, alike=True),
)
