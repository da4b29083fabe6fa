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

import math
import operator
from collections.abc import Callable
from contextvars import Context
from functools import lru_cache, partial
from typing import Any

import numpy as np
import scipy.special

from ..errors import GraphTypeError
from .flops import SCALAR, SERIES, VECTORISED, PerElement
from .op import Kind, Op, broadcast
from .types import NumericType, ScalarType, Shape, ValueType, numeric, scalar_type, type_of, value_type

LN2 = math.log(2.0)
LN10 = math.log(10.0)
DEGREE = math.pi / 180.0


@lru_cache(maxsize=8192)
def ufunc_type(ufunc: np.ufunc, *types: ValueType[Any]) -> NumericType[Any]:
    """The type of a ufunc's result: NumPy's own promotion and broadcasting.

    Arguments:
        ufunc: a ufunc with one result.
        types: the operands' types.
    Returns:
        the result's type; weak where all operands are.
    Errors:
        ShapeError, GraphTypeError: operands that do not fit.
    """
    operands = numeric(ufunc.__name__, *types)
    shape = broadcast(ufunc.__name__, operands)
    try:
        dtype = ufunc.resolve_dtypes((*map(_asked, operands), *(None,) * ufunc.nout))[ufunc.nin]
    except TypeError:
        names = ", ".join(str(t) for t in operands)
        raise GraphTypeError(
            f"{ufunc.__name__} does not take {names}",
            fix="cast the operands with .astype(...), or take the real part or the absolute value of complex ones",
        ) from None
    return _result_type(operands, shape, dtype)


def _asked(t: NumericType[Any]) -> Any:
    """What stands for an operand in promotion: its dtype, or the class of a Python number."""
    return t.dtype.type(0).item().__class__ if t.weak and t.dtype.kind != "b" else t.dtype


def _result_type(operands: tuple[NumericType[Any], ...], shape: Shape, dtype: np.dtype[Any]) -> NumericType[Any]:
    if shape == () and all(t.weak for t in operands):
        return scalar_type(dtype, dtype.kind != "b")
    return value_type(shape, dtype)


def ufunc_op(
    name: str,
    ufunc: np.ufunc,
    vjp: Callable[..., Any] | None = None,
    flops: PerElement | None = None,
    home: str = __name__,
) -> Op:
    """The op of a ufunc.

    Arguments:
        name: the attribute of the module `home` that holds the op.
        ufunc: a ufunc with one result.
        vjp: its rule.
        flops: its operations; None for arithmetic.
        home: the module.
    Returns:
        the op.
    """
    return Op(name, partial(ufunc_type, ufunc), ufunc, vjp, Kind.ELEMENTWISE, flops, home)


def _arithmetic(name: str, ufunc: np.ufunc, of_scalars: Callable[..., Any], vjp: Callable[..., Any]) -> Op:
    """The op of a ufunc that Python has an operator for, which NumPy scalars take ten times faster."""

    def kernel(*types: ValueType[Any]) -> Callable[..., Any]:
        return of_scalars if all([isinstance(t, ScalarType) and t.differentiable for t in types]) else ufunc

    infer = partial(ufunc_type, ufunc)
    return Op(name, infer, ufunc, vjp, Kind.ELEMENTWISE, home=__name__, kernel=kernel)


def _kernel(
    name: str,
    like: np.ufunc,
    compute: Callable[..., Any],
    vjp: Callable[..., Any] | None,
    flops: PerElement | None = VECTORISED,
) -> Op:
    """An op whose result has the type of the ufunc `like`, computed by something else."""
    return Op(name, lambda *types, **params: ufunc_type(like, *types), compute, vjp, Kind.ELEMENTWISE, flops, __name__)


def is_complex(x: Any) -> bool:
    """Whether a Var, an array or a number has a complex dtype."""
    return bool(np.dtype(getattr(x, "dtype", type(x))).kind == "c")


def constant(*args: Any, **params: Any) -> None:
    """The rule of an op whose derivative is 0 wherever it exists."""


# A product that is 0 where one factor is, and a quotient that is 0 where the numerator is.


def _one_is_zero(a: Any, b: Any) -> Any:
    return np.equal(a, 0) | np.equal(b, 0)


def _first_is_zero(a: Any, b: Any) -> Any:
    return np.equal(a, 0)


# A context for NumPy to compute in without warnings. To run a ufunc in a copy of it takes 0.03 us; `with np.errstate()`
# takes 0.7 us, more than the ufunc itself.
_SILENT = Context()
_SILENT.run(np.seterr, all="ignore")


def _guarded(ufunc: np.ufunc, dead: Callable[[Any, Any], Any], a: Any, b: Any, out: Any = None) -> Any:
    result = _SILENT.copy().run(ufunc, a, b, out)
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


scale: Op = _kernel(
    "scale",
    np.multiply,
    partial(_guarded, np.multiply, _one_is_zero),
    lambda g, out, a, b: (scale(g, b), scale(g, a)),
)


def _ratio_vjp(g: Any, out: Any, a: Any, b: Any) -> tuple[Any, Any]:
    share = ratio(g, b)
    return share, -scale(share, out)


ratio: Op = _kernel("ratio", np.divide, partial(_guarded, np.divide, _first_is_zero), _ratio_vjp)


# Conversion.


def _cast_type(x: ValueType[Any], dtype: str) -> NumericType[Any]:
    (operand,) = numeric("astype", x)
    wanted = np.dtype(dtype)
    return scalar_type(wanted) if isinstance(operand, ScalarType) else value_type(operand.shape, wanted)


def _cast(x: Any, dtype: str) -> Any:
    if np.iscomplexobj(x) and np.dtype(dtype).kind != "c":
        x = x.real
    return np.asarray(x).astype(dtype)[()]


# A cotangent's dtype is restored by `differentiate`, so the rule hands it on as it is.
cast: Op = Op("cast", _cast_type, _cast, lambda g, out, x, dtype: g, home=__name__)


def astype(x: Any, dtype: Any, /, *, copy: bool = True) -> Any:
    """`numpy.astype`: `x` as another dtype; of complex numbers made real the real part stays. `copy` is ignored."""
    return cast(x, dtype=np.dtype(dtype).name)


# Arithmetic.

add: Op = _arithmetic("add", np.add, operator.add, lambda g, out, x, y: (g, g))
subtract: Op = _arithmetic("subtract", np.subtract, operator.sub, lambda g, out, x, y: (g, -g))
multiply: Op = _arithmetic("multiply", np.multiply, operator.mul, lambda g, out, x, y: (g * y, g * x))
divide: Op = _arithmetic("divide", np.divide, operator.truediv, _ratio_vjp)
negative: Op = _arithmetic("negative", np.negative, operator.neg, lambda g, out, x: -g)
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


# Powers and roots.


def _power_vjp(g: Any, out: Any, x: Any, y: Any) -> tuple[Any, Any]:
    # d/dx x**0 is 0, also at x = 0; d/dy 0**y is 0 for y > 0, and NaN at y = 0, where 0**y jumps.
    base = where(equal(x, 0), math.nan, x)
    return scale(g, scale(y, quiet_power(x, y - 1))), scale(scale(g, out), log(base))


power: Op = ufunc_op("power", np.power, _power_vjp, VECTORISED)
float_power: Op = ufunc_op("float_power", np.float_power, _power_vjp, VECTORISED)

# The power in a rule, whose infinities are often multiplied by 0, and so not worth a warning.
quiet_power: Op = _kernel("quiet_power", np.power, np.errstate(all="ignore")(np.power), _power_vjp)


def _power_to_vjp(g: Any, out: Any, x: Any, *, n: float) -> Any:
    if n == 0:
        return None
    slope = n * pow_static(x, n - 1)
    return g * slope if n > 0 and float(n).is_integer() else scale(g, slope)


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


sqrt: Op = ufunc_op("sqrt", np.sqrt, lambda g, out, x: ratio(g * 0.5, out), VECTORISED)
cbrt: Op = ufunc_op("cbrt", np.cbrt, lambda g, out, x: ratio(g, 3 * square(out)), VECTORISED)

# Exponentials and logarithms.

exp: Op = ufunc_op("exp", np.exp, lambda g, out, x: g * out, VECTORISED)
exp2: Op = ufunc_op("exp2", np.exp2, lambda g, out, x: g * out * LN2, VECTORISED)
expm1: Op = ufunc_op("expm1", np.expm1, lambda g, out, x: g * exp(x), VECTORISED)
log: Op = ufunc_op("log", np.log, lambda g, out, x: ratio(g, x), VECTORISED)
log2: Op = ufunc_op("log2", np.log2, lambda g, out, x: ratio(g, x * LN2), VECTORISED)
log10: Op = ufunc_op("log10", np.log10, lambda g, out, x: ratio(g, x * LN10), VECTORISED)
log1p: Op = ufunc_op("log1p", np.log1p, lambda g, out, x: ratio(g, 1 + x), VECTORISED)


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
exp_minus: Op = _kernel("exp_minus", np.logaddexp, _exp_minus, _exp_minus_vjp)

logaddexp: Op = ufunc_op(
    "logaddexp", np.logaddexp, lambda g, out, x, y: (g * exp_minus(x, out), g * exp_minus(y, out)), SCALAR
)
logaddexp2: Op = ufunc_op(
    "logaddexp2",
    np.logaddexp2,
    lambda g, out, x, y: (g * exp_minus(x * LN2, out * LN2), g * exp_minus(y * LN2, out * LN2)),
    SCALAR,
)


def logbase(base: Any, x: Any) -> Any:
    """The logarithm of `x` to a base, log(x) / log(base)."""
    return log(x) / log(base)


# The logistic family.

sigmoid: Op = ufunc_op("sigmoid", scipy.special.expit, lambda g, out, x: g * (out * (1 - out)), SCALAR)
softplus: Op = _kernel(
    "softplus", np.exp, lambda x, out=None: np.logaddexp(x, 0, out), lambda g, out, x: g * sigmoid(x), SCALAR
)

# The derivative at 0 is 0, unlike that of maximum(x, 0), which is 0.5.
relu: Op = _kernel(
    "relu", np.positive, lambda x, out=None: np.maximum(x, 0, out=out), lambda g, out, x: scale(g, x > 0)
)

# Trigonometric and hyperbolic functions.

sin: Op = ufunc_op("sin", np.sin, lambda g, out, x: g * cos(x), SCALAR)
cos: Op = ufunc_op("cos", np.cos, lambda g, out, x: -g * sin(x), SCALAR)
tan: Op = ufunc_op("tan", np.tan, lambda g, out, x: g * (1 + square(out)), VECTORISED)
arcsin: Op = ufunc_op("arcsin", np.arcsin, lambda g, out, x: ratio(g, sqrt((1 - x) * (1 + x))), VECTORISED)
arccos: Op = ufunc_op("arccos", np.arccos, lambda g, out, x: ratio(-g, sqrt((1 - x) * (1 + x))), VECTORISED)
arctan: Op = ufunc_op("arctan", np.arctan, lambda g, out, x: g / (1 + square(x)), VECTORISED)
sinh: Op = ufunc_op("sinh", np.sinh, lambda g, out, x: g * cosh(x), VECTORISED)
cosh: Op = ufunc_op("cosh", np.cosh, lambda g, out, x: g * sinh(x), VECTORISED)
tanh: Op = ufunc_op("tanh", np.tanh, lambda g, out, x: g * (1 - square(out)), VECTORISED)
arcsinh: Op = ufunc_op("arcsinh", np.arcsinh, lambda g, out, x: g / sqrt(1 + square(x)), VECTORISED)
arccosh: Op = ufunc_op("arccosh", np.arccosh, lambda g, out, x: ratio(g, sqrt(x - 1) * sqrt(x + 1)), VECTORISED)
arctanh: Op = ufunc_op("arctanh", np.arctanh, lambda g, out, x: ratio(g, (1 - x) * (1 + x)), VECTORISED)
hypot: Op = ufunc_op("hypot", np.hypot, lambda g, out, x, y: (ratio(g * x, out), ratio(g * y, out)), SCALAR)
deg2rad: Op = ufunc_op("deg2rad", np.deg2rad, lambda g, out, x: g * DEGREE, VECTORISED)
rad2deg: Op = ufunc_op("rad2deg", np.rad2deg, lambda g, out, x: g / DEGREE, VECTORISED)


def _arctan2_vjp(g: Any, out: Any, y: Any, x: Any) -> tuple[Any, Any]:
    squares = square(x) + square(y)
    return ratio(g * x, squares), ratio(-g * y, squares)


arctan2: Op = ufunc_op("arctan2", np.arctan2, _arctan2_vjp, VECTORISED)


def _bessel(x: Any, *, n: int) -> Any:
    return np.asarray(scipy.special.spherical_jn(n, x), np.result_type(x, np.float32))[()]


# Spherical Bessel functions j_n. Source: NIST DLMF 10.51.2, (2n + 1) j_n' = n j_(n-1) - (n + 1) j_(n+1).
spherical_jn: Op = Op(
    "spherical_jn",
    lambda x, *, n: ufunc_type(np.sin, x),
    _bessel,
    lambda g, out, x, *, n: g * (_below(x, n) - (n + 1) / (2 * n + 1) * spherical_jn(x, n=n + 1)),
    flops=SERIES,
    home=__name__,
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
)

# Rounding: the derivative is 0 wherever it exists.

floor: Op = ufunc_op("floor", np.floor, constant)
ceil: Op = ufunc_op("ceil", np.ceil, constant)
trunc: Op = ufunc_op("trunc", np.trunc, constant)
rint: Op = ufunc_op("rint", np.rint, constant)

around_to: Op = Op(
    "around_to",
    lambda x, *, decimals: ufunc_type(np.positive, x),
    lambda x, *, decimals: np.round(x, decimals),
    constant,
    home=__name__,
)


def around(a: Any, decimals: int = 0, out: None = None) -> Any:
    """`numpy.round`: `a` rounded to a number of decimals, halves to the even neighbour."""
    if out is not None:
        raise GraphTypeError("around: `out` is not supported", fix="use the result")
    return around_to(a, decimals=int(decimals))


# Comparison and logic, whose results have no cotangent.

equal: Op = ufunc_op("equal", np.equal)
not_equal: Op = ufunc_op("not_equal", np.not_equal)
less: Op = ufunc_op("less", np.less)
less_equal: Op = ufunc_op("less_equal", np.less_equal)
greater: Op = ufunc_op("greater", np.greater)
greater_equal: Op = ufunc_op("greater_equal", np.greater_equal)
logical_and: Op = ufunc_op("logical_and", np.logical_and)
logical_or: Op = ufunc_op("logical_or", np.logical_or)
logical_xor: Op = ufunc_op("logical_xor", np.logical_xor)
logical_not: Op = ufunc_op("logical_not", np.logical_not)
bitwise_and: Op = ufunc_op("bitwise_and", np.bitwise_and)
bitwise_or: Op = ufunc_op("bitwise_or", np.bitwise_or)
bitwise_xor: Op = ufunc_op("bitwise_xor", np.bitwise_xor)
invert: Op = ufunc_op("invert", np.invert)
left_shift: Op = ufunc_op("left_shift", np.left_shift)
right_shift: Op = ufunc_op("right_shift", np.right_shift)
isfinite: Op = ufunc_op("isfinite", np.isfinite)
isnan: Op = ufunc_op("isnan", np.isnan)
isinf: Op = ufunc_op("isinf", np.isinf)
signbit: Op = ufunc_op("signbit", np.signbit)

# Choice.


def _won_type(x: ValueType[Any], out: ValueType[Any], y: ValueType[Any]) -> NumericType[Any]:
    operands = numeric("won", x, out, y)
    return _result_type(operands, broadcast("won", operands), operands[1].dtype)


def _won(x: Any, best: Any, y: Any, out: Any = None) -> Any:
    mine = np.equal(x, best)
    halves = np.add(mine, np.greater(mine, np.equal(y, best)), dtype=np.int8)
    return np.multiply(halves, 0.5, out, dtype=np.asarray(best).dtype)


# The share of x in having been chosen over y as `out`: 1, 0, or 0.5 at a tie.
won: Op = Op("won", _won_type, _won, lambda g, out, x, best, y: (None, None, None), Kind.ELEMENTWISE, home=__name__)


def _chosen(g: Any, out: Any, x: Any, y: Any) -> tuple[Any, Any]:
    return scale(g, won(x, out, y)), scale(g, won(y, out, x))


maximum: Op = ufunc_op("maximum", np.maximum, _chosen)
minimum: Op = ufunc_op("minimum", np.minimum, _chosen)
fmax: Op = ufunc_op("fmax", np.fmax, _chosen)
fmin: Op = ufunc_op("fmin", np.fmin, _chosen)


def _where_type(condition: ValueType[Any], x: ValueType[Any], y: ValueType[Any]) -> NumericType[Any]:
    operands = numeric("where", condition, x, y)
    examples = [_asked(t)(0) if t.weak and t.dtype.kind != "b" else t.dtype for t in operands[1:]]
    return _result_type(operands[1:], broadcast("where", operands), np.result_type(*examples))


def _where(condition: Any, x: Any, y: Any, out: Any = None) -> Any:
    if out is None:
        return np.where(condition, x, y)[()]
    np.copyto(out, np.where(condition, x, y))
    return out


# `scale` takes the part of g where the condition holds, several times quicker than `where(condition, g, 0)`.
where: Op = Op(
    "where",
    _where_type,
    _where,
    lambda g, out, condition, x, y: (None, scale(g, condition), scale(g, logical_not(condition))),
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
    x = a if low is None else maximum(a, low)
    return x if high is None else minimum(x, high)


replace_nan: Op = Op(
    "replace_nan",
    lambda x, **values: ufunc_type(np.positive, x),
    lambda x, *, nan, posinf, neginf: np.nan_to_num(x, True, nan, posinf, neginf),
    lambda g, out, x, **values: scale(g, isfinite(x)),
    home=__name__,
)


def nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """`numpy.nan_to_num`: `x` with NaN and infinities replaced, through which no cotangent flows; `copy` is ignored."""
    return replace_nan(x, nan=nan, posinf=posinf, neginf=neginf)


# Complex numbers; for the convention see op.py.


def _part_type(x: ValueType[Any]) -> NumericType[Any]:
    (t,) = numeric("real", x)
    dtype = np.dtype(f"f{t.dtype.itemsize // 2}") if t.dtype.kind == "c" else t.dtype
    return _result_type((t,), t.shape, dtype) if isinstance(t, ScalarType) else value_type(t.shape, dtype)


real: Op = Op("real", _part_type, lambda x: np.real(np.asarray(x))[()], lambda g, out, x: g, Kind.VIEW, home=__name__)
imag: Op = Op(
    "imag",
    _part_type,
    lambda x: np.imag(np.asarray(x))[()],
    lambda g, out, x: -1j * g if is_complex(x) else None,
    Kind.VIEW,
    home=__name__,
)
conjugate: Op = ufunc_op("conjugate", np.conjugate, lambda g, out, x: conjugate(g) if is_complex(g) else g)


def angle(z: Any, deg: bool = False) -> Any:
    """`numpy.angle`: the argument of complex numbers, in radians or degrees; its derivative at 0 is 0."""
    radians = arctan2(imag(z), real(z))
    return rad2deg(radians) if deg else radians


# NumPy's other names.

abs = absolute
acos, acosh, asin, asinh = arccos, arccosh, arcsin, arcsinh
atan, atan2, atanh = arctan, arctan2, arctanh
bitwise_invert = bitwise_not = invert
bitwise_left_shift, bitwise_right_shift = left_shift, right_shift
conj = conjugate
degrees, radians = rad2deg, deg2rad
expit = sigmoid
fix = trunc
mod = remainder
pow = power
round = around
true_divide = divide
