"""The sum of the contributions to one cotangent: one n-ary op, added up from left to right; and its neutral element.

The order of additions stands in the graph, never in who finishes first, so that all executors give the same bits.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from ...errors import ShapeError
from ..core.batching import STACKS
from ..core.op import Kind, Op
from ..core.types import ArrayType, NumericType, UserType, ValueType, value_type


def _sum_type(*types: ValueType[Any]) -> ValueType[Any]:
    shapes = {t.shape for t in types if isinstance(t, NumericType)}
    if len(shapes) > 1:
        fix = "sum each term to the shape of the input first, with sum_to"
        raise ShapeError(f"accumulate: the terms have the shapes {sorted(shapes)}", fix=fix)
    first = types[0]
    if isinstance(first, ArrayType) and not first.shape:
        return value_type((), first.dtype)  # as NumPy's sums of such arrays are numbers
    return first


def _accumulate(*terms: Any, out: Any = None) -> Any:
    total = np.add(terms[0], terms[1], out=out)
    for term in terms[2:]:
        total = np.add(total, term, out=out)
    return total


accumulate = Op(
    "accumulate",
    _sum_type,
    _accumulate,
    lambda g, out, *terms: (g,) * len(terms),
    Kind.ELEMENTWISE,
    home=__name__,
    kernel=lambda *types: np.add if len(types) == 2 else _accumulate,
    batch=STACKS,
)


def _same(*types: ValueType[Any], of: UserType[Any]) -> ValueType[Any]:
    return of


# Values of registered classes are added up by what was registered.
accumulate_values = Op(
    "accumulate_values",
    _same,
    lambda *terms, of: reduce(of.add, terms),
    lambda g, out, *terms, of: (g,) * len(terms),
    home=__name__,
)
zero_value = Op("zero_value", _same, lambda x, *, of: of.zeros_like(x), lambda g, out, x, *, of: None, home=__name__)
