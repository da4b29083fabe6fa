"""Integral: an op that integrates a body over its first input.

    integral(low, high, *others; bodies, options)  ->  (*integrals, error)

The derivative by the others is the integral of the derivative, by the same op; that by the limits is the body there. So
it can be differentiated again, to any order. The estimate of the error counts as a constant.

A body with one result is integrated by SciPy's `quad`, one with several, or with arrays, by its `quad_vec`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import scipy

from ...errors import GraphTypeError
from ...ops.core.op import Op
from ...ops.core.stopping import check_stop
from ...ops.core.types import NumericType, TupleType, ValueType, scalar_type
from ...ops.reductions.reductions import sum as total
from ..autodiff.control_flow import all_fit, call, cotangents, emit
from ..graph import Graph
from .jacobian import called, pullback_of, seeds_of, shape_of

REAL = scalar_type(np.dtype(np.float64))


def _type(*types: ValueType[Any], bodies: Sequence[Graph], options: tuple[tuple[str, Any], ...]) -> TupleType:
    (body,) = bodies
    found = body.output_types
    if not all_fit(body.inputs, (REAL, *types[2:])) or not all_fit(types[:2], (REAL, REAL)):
        raise GraphTypeError(f"an integrand of {TupleType(body.inputs)} cannot take {TupleType(types)}")
    if not all([isinstance(t, NumericType) and t.dtype.kind == "f" for t in found]):
        raise GraphTypeError(f"an integrand returns {TupleType(found)}", fix="return real numbers")
    return TupleType((*found, REAL))


def _integrate(low: Any, high: Any, *others: Any, bodies: Sequence[Any], options: Any) -> tuple[Any, ...]:
    (body,) = bodies
    types = body.graph.output_types

    def integrand(x: float) -> Sequence[Any]:
        check_stop()
        return body(np.float64(x), *others)  # type: ignore[no-any-return]

    given = dict(options)
    if len(types) == 1 and not types[0].shape:
        value, error = scipy.integrate.quad(lambda x: float(integrand(x)[0]), float(low), float(high), **given)[:2]
        return types[0].dtype.type(value), np.float64(error)
    kept = {name: given[name] for name in ("epsabs", "epsrel", "limit", "points") if name in given}
    vector, error = scipy.integrate.quad_vec(
        lambda x: np.concatenate([np.ravel(y) for y in integrand(x)]).astype(np.float64),
        float(low),
        float(high),
        **kept,
    )[:2]
    return (*_parts(vector, types), np.float64(error))


def _parts(vector: Any, types: Sequence[Any]) -> list[Any]:
    ends = np.cumsum([t.size for t in types])[:-1]
    parts = [part.astype(t.dtype).reshape(t.shape) for part, t in zip(np.split(vector, ends), types, strict=True)]
    return [part if t.shape else part[()] for part, t in zip(parts, types, strict=True)]


def _vjp(
    g: Any, out: Any, low: Any, high: Any, *others: Any, bodies: Any, options: Any, active: Any, masks: Any
) -> tuple[Any, ...]:
    (body,) = bodies
    seeds = seeds_of(g.builder, body.output_types, cotangents(g))
    limits: list[Any] = [
        _at_limit(g.builder, body, seeds, limit, others) if active[k] else None for k, limit in enumerate((low, high))
    ]
    wrt = [1 + k for k in range(len(others)) if active[2 + k]]
    answers: dict[int, Any] = {}
    if wrt:
        found = emit(
            g.builder, integral, [low, high, *others, *seeds], {"bodies": (pullback_of(body, wrt),), "options": options}
        )
        answers = {k: found[place] for place, k in enumerate(wrt)}
    start = None if limits[0] is None else -limits[0]
    return (start, limits[1], *(answers.get(1 + k) for k in range(len(others))))


def _at_limit(builder: Any, body: Graph, seeds: Sequence[Any], limit: Any, others: Sequence[Any]) -> Any:
    return product_of(seeds, called(builder, call, body, [limit, *others]))


def product_of(one: Sequence[Any], other: Sequence[Any]) -> Any:
    """The sum of all products of elements of values."""
    pairs = zip(one, other, strict=True)
    return reduce(add, [total(x * y) if shape_of(x.type) else x * y for x, y in pairs])


integral: Op = Op("integral", _type, _integrate, _vjp, home=__name__)
