"""Ops of elementwise, reduce, scan, norms, softmax, statistics and special, with operands to try them on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from backprop.ops.elementwise import (
    arithmetic,
    comparison,
    complex_parts,
    conversion,
    exponential,
    masking,
    powers,
    rounding,
    selection,
    trigonometric,
)
from backprop.ops.reductions import log_sums, norms, quantiles, questions, reductions, running, statistics, variances
from tests.ops import cases_special
from tests.ops.case import (
    Case,
    Sampler,
    arrays,
    away_from_zero,
    booleans,
    distinct,
    domain,
    elementwise,
    integers,
    mixed,
    normal,
    positive,
    share,
    unit,
)


def between(rng: Any, shape: tuple[int, ...]) -> Any:
    """Numbers that keep a distance of 0.15 from those of `distinct`."""
    return distinct(rng, shape) + 0.35


def above_one(rng: Any, shape: tuple[int, ...]) -> Any:
    return rng.uniform(1.5, 3.0, shape)


def away_from_multiples(rng: Any, shape: tuple[int, ...]) -> Any:
    """Numbers x so that x / 1.0 and x / 2.0 are away from integers."""
    return rng.integers(-4, 4, shape) + rng.uniform(0.3, 0.7, shape)


def one_or_two(rng: Any, shape: tuple[int, ...]) -> Any:
    return rng.choice([-2.0, -1.0, 1.0, 2.0], shape) + rng.uniform(-0.01, 0.01, shape)


ELEMENTWISE = (
    *(arithmetic, comparison, complex_parts, conversion, exponential, masking),
    *(powers, rounding, selection, trigonometric),
)


def each(modules: Sequence[ModuleType], names: str, *samplers: Sampler, **options: Any) -> tuple[Case, ...]:
    """The cases of several ops that some modules hold, with operands from the same samplers."""
    held = {name: f for module in reversed(modules) for name, f in vars(module).items()}
    return tuple(elementwise(held[name], *samplers, **options) for name in names.split())


UNARY = (
    *each(
        ELEMENTWISE, "negative positive square reciprocal exp exp2 expm1 sin cos sinh", away_from_zero, complex_ok=True
    ),
    *each(ELEMENTWISE, "cosh tanh arcsinh arctan conjugate absolute sign real imag", away_from_zero, complex_ok=True),
    *each(ELEMENTWISE, "arcsin arccos arctanh tan one_less_square", unit, complex_ok=True),
    *each(ELEMENTWISE, "sqrt log log2 log10 log1p", positive, complex_ok=True),
    *each(
        ELEMENTWISE,
        "fabs cbrt sigmoid softplus relu deg2rad rad2deg sech_squared logistic_slope tanh_of_half arctan_slope",
        away_from_zero,
    ),
    elementwise(trigonometric.arccosh, above_one, complex_ok=True),
    elementwise(trigonometric.sinc, away_from_zero, single=True),
    *(
        elementwise(partial(trigonometric.spherical_jn, n=n), away_from_zero, name=f"spherical_jn-{n}")
        for n in (0, 1, 2)
    ),
    *each(ELEMENTWISE, "floor ceil trunc rint around", away_from_multiples),
    elementwise(reductions.exponents, away_from_zero, order=0),
    *each(ELEMENTWISE, "isfinite isnan isinf signbit logical_not", away_from_zero, order=0),
    *each(ELEMENTWISE, "invert negative sqrt square absolute sign", integers, order=0),
    elementwise(selection.nan_to_num, away_from_zero),
    elementwise(partial(conversion.cast, dtype="complex128"), normal, name="cast-complex", single=False),
    elementwise(partial(conversion.cast, dtype="float64"), normal, name="cast-real", single=False, complex_ok=True),
    Case(
        lambda x: conversion.python_number(x) * np.ones(2),
        lambda rng: (np.float64(rng.normal()),),
        name="item",
        complex_ok=True,
        single=False,
    ),
    elementwise(trigonometric.angle, away_from_zero, name="angle", complex_ok=True),
    elementwise(partial(trigonometric.angle, deg=True), away_from_zero, name="angle-degrees", complex_ok=True),
    *(
        elementwise(partial(lambda n, x: powers.pow_static(x, n), n), positive, name=f"power-{n}", complex_ok=True)
        for n in (-2, -1, 0, 0.5, 1, 1.5, 2, 3, 4.0)
    ),
    elementwise(partial(lambda n, x: powers.pow_static(x, n), 3), away_from_zero, name="power-of-negative"),
)

BINARY = (
    *each(ELEMENTWISE, "add subtract multiply divide", normal, away_from_zero, complex_ok=True),
    *each(ELEMENTWISE, "scale vanishing ratio over", away_from_zero, away_from_zero, complex_ok=True),
    *each(ELEMENTWISE, "power quiet_power", positive, normal, complex_ok=True),
    elementwise(powers.float_power, positive, normal, single=False),
    elementwise(lambda odds: exponential.share_of_odds(odds, 1 / (1 + odds)), positive, name="share_of_odds"),
    *each(ELEMENTWISE, "maximum minimum fmax fmin", distinct, between),
    *each(ELEMENTWISE, "logaddexp logaddexp2 exp_minus logistic_share", normal, normal),
    *each(ELEMENTWISE, "arctan2 hypot direction copysign heaviside", away_from_zero, away_from_zero),
    *each(ELEMENTWISE, "remainder fmod floor_divide divmod", away_from_multiples, one_or_two),
    elementwise(arithmetic.ldexp, normal, lambda rng, shape: rng.integers(-3, 3, shape, np.int32)),
    elementwise(exponential.logbase, above_one, above_one),
    *each(ELEMENTWISE, "equal not_equal less less_equal greater greater_equal", normal, normal, order=0),
    *each(ELEMENTWISE, "logical_and logical_or logical_xor", normal, normal, order=0),
    *each(ELEMENTWISE, "bitwise_and bitwise_or bitwise_xor left_shift right_shift", integers, integers, order=0),
    *each(ELEMENTWISE, "add divide power floor_divide remainder maximum", integers, integers, order=0),
    *each(ELEMENTWISE, "bitwise_and bitwise_or bitwise_xor add", booleans, booleans, order=0),
    elementwise(arithmetic.add, integers, normal, name="add-mixed", single=False),
    elementwise(arithmetic.modf, away_from_multiples),
)

CHOICE = (
    elementwise(selection.where, booleans, normal, normal, complex_ok=True),
    elementwise(lambda c, x: selection.where(c, x, 0), booleans, normal, name="where-number"),
    elementwise(selection.tie_share, distinct, between, order=1),
    *each(ELEMENTWISE, "masked", normal, booleans, complex_ok=True),
    elementwise(masking.cleared, normal, lambda rng, shape: np.ones(shape, bool)[()], complex_ok=True),
    *each(ELEMENTWISE, "exceeds attains", normal, normal, order=0),
    *each(ELEMENTWISE, "nan_with", normal, normal),
    *each(ELEMENTWISE, "cornered undefined", normal, distinct, between),
    elementwise(lambda x, low: selection.clip(x, low - 1, None), distinct, between, name="clip-below"),
    elementwise(lambda x: selection.clip(x, -1.0, 1.0), away_from_multiples, name="clip"),
)

AXES: tuple[dict[str, Any], ...] = (
    {},
    {"axis": 0},
    {"axis": -1, "keepdims": True},
    {"axis": (0, 2)},
    {"axis": (0, 1, 2), "keepdims": True},
)
SHAPE = (2, 3, 2)


def over_axes(f: Any, sampler: Any = normal, empty: bool = True, **options: Any) -> tuple[Case, ...]:
    """The cases of a reduction with NumPy's signature."""
    name = f.func.__name__ if isinstance(f, partial) else f.__name__
    some = tuple(
        Case(f, domain(sampler, SHAPE), params, f"{name}{list(params.values())}", **options) for params in AXES
    )
    none = Case(f, domain(sampler, (3, 0)), {"axis": 0}, f"{name}-empty", **{**options, "complex_ok": False})
    scalar = Case(f, domain(sampler, ()), {}, f"{name}-scalar", **options)
    return (*some, scalar, none) if empty else (*some, scalar)


def with_zeros(rng: Any, shape: tuple[int, ...]) -> Any:
    """Numbers among which there are zeros, two of them in a row."""
    x = away_from_zero(rng, shape)
    x.reshape(-1)[: x.size // 2 : 2] = 0
    return x


REDUCTIONS = (
    *(c for f in (reductions.sum, reductions.mean, reductions.prod) for c in over_axes(f, complex_ok=True)),
    *over_axes(partial(reductions.prod), with_zeros),
    *over_axes(variances.var, complex_ok=True),
    *(c for c in over_axes(variances.std, distinct, complex_ok=True) if "scalar" not in c.name),
    *over_axes(partial(variances.var, ddof=1))[:-2],
    *over_axes(partial(variances.std, ddof=1), distinct)[:-2],
    *(c for f in (reductions.max, reductions.min, reductions.ptp) for c in over_axes(f, distinct)),
    *(c for f in (questions.all, questions.any, questions.count_nonzero) for c in over_axes(f, with_zeros, order=0)),
    *(
        Case(f, domain(distinct, SHAPE), params, order=0)
        for f in (questions.argmax, questions.argmin)
        for params in AXES[:3]
    ),
    *(
        Case(f, domain(integers, SHAPE), order=0, name=f"{f.__name__}-int")
        for f in (reductions.sum, reductions.mean, variances.var)
    ),
    Case(reductions.sum, domain(booleans, SHAPE), order=0, name="sum-bool"),
    *over_axes(log_sums.logsumexp),
    Case(lambda a, b: log_sums.logsumexp(a, 1, b), mixed((normal, (2, 3)), (positive, (3,))), name="logsumexp-weights"),
    Case(
        lambda a, b: log_sums.logsumexp(a, b=b, return_sign=True)[0],
        mixed((normal, (2, 3)), (normal, (2, 3))),
        name="logsumexp-signs",
    ),
    *(
        Case(f, domain(normal, SHAPE), {"axis": axis}, f"{f.__name__}-{axis}")
        for f in (log_sums.softmax, log_sums.log_softmax)
        for axis in (None, 0, -1, (0, 2))
    ),
    Case(log_sums.softmax, domain(normal, (0, 3)), {"axis": 1}, "softmax-empty"),
    Case(log_sums.log_softmax, domain(normal, ()), {}, "log_softmax-scalar"),
    *(c for c in over_axes(norms.norm, away_from_zero, complex_ok=True) if c.params.get("axis") != (0, 1, 2)),
    *(
        Case(norms.norm, domain(distinct, (3, 2)), {"ord": ord, "axis": 0}, f"norm-{ord}")
        for ord in (None, 2, 1, 3, 2.5, 0.5, np.inf, -np.inf, 0)
    ),
    Case(norms.norm, domain(away_from_zero, (3, 2)), {"ord": 3, "axis": 0}, "norm-3-complex", complex_ok=True),
    *(
        Case(norms.norm, domain(distinct, (3, 2)), {"ord": ord}, f"matrix-norm-{ord}")
        for ord in ("fro", 1, -1, np.inf, -np.inf)
    ),
    Case(norms.norm, domain(distinct, SHAPE), {"ord": 1, "axis": (2, 0), "keepdims": True}, "matrix-norm-axes"),
)

SCANS = (
    *(
        Case(f, domain(sampler, SHAPE), {"axis": axis}, f"{f.__name__}-{axis}", complex_ok=True)
        for f, sampler in ((running.cumsum, normal), (running.cumprod, away_from_zero))
        for axis in (None, 0, 1, -1)
    ),
    Case(running.cumprod, domain(with_zeros, (5, 2)), {"axis": 0}, "cumprod-zeros"),
    Case(running.cumprod_along, domain(with_zeros, (6,)), {"axis": 0, "reverse": True}, "cumprod-reverse"),
    Case(running.cumsum_along, arrays((6,)), {"axis": 0, "reverse": True}, "cumsum-reverse"),
    Case(running.cumprod, domain(normal, (0,)), {}, "cumprod-empty"),
    Case(running.cumsum, domain(normal, ()), {}, "cumsum-scalar"),
    *(
        Case(running.shift, arrays((4, 3)), {"axis": axis, "by": by, "fill": 1}, f"shift-{by}")
        for axis, by in ((0, 1), (1, -2), (1, 3))
    ),
    *(
        Case(running.recurrence, arrays((7, 2), (7, 2)), {"axis": 0, "reverse": reverse}, f"recurrence-{reverse}")
        for reverse in (False, True)
    ),
    *(Case(running.sort, domain(distinct, (3, 4)), {"axis": axis}, f"sort-{axis}") for axis in (None, 0, 1)),
    Case(
        lambda x: running.permute_along(x, np.array([[1, 0, 2], [2, 0, 1]]), axis=1),
        arrays((2, 3)),
        name="permute_along",
    ),
    *(
        Case(running.argsort, domain(distinct, (3, 4)), {"axis": axis}, f"argsort-{axis}", order=0)
        for axis in (None, 0)
    ),
    Case(
        lambda x: running.inverse_order(running.argsort(x, axis=1), axis=1),
        domain(distinct, (3, 4)),
        name="inverse_order",
        order=0,
    ),
)


def with_nan(rng: Any, shape: tuple[int, ...]) -> Any:
    x = distinct(rng, shape)
    x.reshape(-1)[1::4] = np.nan
    return x


STATISTICS = (
    *over_axes(quantiles.median, distinct, empty=False),
    *(
        Case(
            quantiles.quantile,
            domain(distinct, (4, 3)),
            {"q": q, **params},
            f"quantile-{q}-{params}",
            single=q == 1.0 or q == 0.3,
        )
        for q in (0.3, 1.0, (0.1, 0.5))
        for params in AXES[:3]
    ),
    Case(quantiles.percentile, domain(distinct, (5,)), {"q": 30}, "percentile"),
    Case(quantiles.quantile, domain(distinct, (5, 2)), {"q": 0.4, "axis": 0, "method": "hazen"}, "quantile-hazen"),
    Case(
        quantiles.nanquantile,
        domain(with_nan, (3, 5)),
        {"q": (0.3, 0.8), "axis": 1},
        "nanquantile",
        wrt=(0,),
        single=False,
    ),
    Case(quantiles.nanpercentile, domain(with_nan, (3, 5)), {"q": 40, "axis": 1}, "nanpercentile"),
    Case(quantiles.nanmedian, domain(with_nan, (3, 5)), {"axis": 1, "keepdims": True}, "nanmedian"),
    Case(statistics.average, arrays((2, 3)), {"axis": 0}, "average"),
    Case(statistics.average, arrays((2, 3)), {"returned": True, "keepdims": True}, "average-returned"),
    Case(
        lambda a, w: statistics.average(a, 1, w, True),
        mixed((normal, (2, 3)), (share, (3,))),
        name="average-weights",
    ),
    Case(lambda a, w: statistics.average(a, weights=w), mixed((normal, (2, 3)), (share, (2, 3))), name="average-all"),
    *(
        c
        for f in (statistics.nansum, statistics.nanprod, statistics.nanmean, statistics.nanmax, statistics.nanmin)
        for c in over_axes(f, with_nan, empty=False)[1:5]
    ),
    Case(statistics.nanvar, domain(with_nan, (7, 2)), {"ddof": 1}, "nanvar"),
    Case(statistics.nanstd, domain(with_nan, (7, 3)), {"axis": 0}, "nanstd"),
    Case(statistics.nancumsum, domain(with_nan, (7,)), {}, "nancumsum"),
)


CASES: tuple[Case, ...] = (*UNARY, *BINARY, *CHOICE, *REDUCTIONS, *SCANS, *STATISTICS, *cases_special.CASES)

WITHOUT_SLOPE = """
all allclose any argmax argmin argpartition argsort argwhere around array_equal array_equiv bitwise_and bitwise_or
bitwise_xor can_cast ceil common_type count_nonzero diag_indices_from digitize empty_like equal fix flatnonzero floor
floor_divide gammasgn greater greater_equal heaviside invert isclose iscomplex iscomplexobj isfinite isin isinf
isnan isneginf isposinf isreal isrealobj ix_ left_shift less less_equal logical_and logical_not logical_or logical_xor
matrix_rank nanargmax nanargmin ndim nonzero not_equal ones_like result_type right_shift rint round searchsorted shape
signbit size tril_indices_from triu_indices_from trunc zeros_like
"""
"""The functions whose derivative is zero or none, of this table and of the others."""
