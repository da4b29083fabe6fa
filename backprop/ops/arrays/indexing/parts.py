"""An array whose parts have been replaced or added to, all at once: what a loop makes that writes part by part.

Source: the functionalisation of views and mutations in PyTorch, https://dev-discuss.pytorch.org/t/965.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.batching import Batched, BatchRule, Params
from ...core.op import Kind, Op
from ...core.types import NumericType, ValueType, array_type, numeric
from ...elementwise.masking import masked
from ..creation import ones_like
from .items import basic_index, fits
from .keys import Key, Slice, numpy_key, selected


def _type(x: ValueType[Any], *values: ValueType[Any], keys: tuple[Key, ...]) -> NumericType[Any]:
    t, *parts = numeric("parts", x, *values)
    for part, key in zip(parts, keys, strict=True):
        fits("parts", part, selected(t.shape, key, ()))
    return array_type(t.shape, t.dtype)


def _copy(x: Any, out: Any) -> Any:
    if out is None:
        return np.array(x, order="C")
    np.copyto(out, x)
    return out


def _put(x: Any, *values: Any, keys: tuple[Key, ...], out: Any = None) -> Any:
    out = _copy(x, out)
    for key, value in zip(keys, values, strict=True):
        out[numpy_key(key, 0)] = value
    return out


def _vjp(g: Any, out: Any, x: Any, *values: Any, keys: tuple[Key, ...]) -> tuple[Any, ...]:
    stay = put_parts(ones_like(g, bool), *[False] * len(keys), keys=keys)
    return masked(g, stay), *[basic_index(g, key=key) for key in keys]


def _batch(op: Any, batched: Batched, operands: Any, params: Params) -> Any:
    whole = Slice(0, operands[0].shape[0], 1)
    return op(*operands, keys=tuple([(whole, *key) for key in params["keys"]]))


# A copy of `x` with values at the places of basic keys that select no element in common.
put_parts: Op = Op("put_parts", _type, _put, _vjp, Kind.INTO, home=__name__, batch=BatchRule(_batch, alike=True))


def _add(x: Any, *values: Any, keys: tuple[Key, ...], out: Any = None) -> Any:
    out = _copy(x, out)
    for key, value in zip(keys, values, strict=True):
        out[numpy_key(key, 0)] += value
    return out


def _add_vjp(g: Any, out: Any, x: Any, *values: Any, keys: tuple[Key, ...]) -> tuple[Any, ...]:
    return g, *[basic_index(g, key=key) for key in keys]


# A copy of `x` with values added at the places of basic keys that select no element in common.
add_parts: Op = Op("add_parts", _type, _add, _add_vjp, Kind.INTO, home=__name__, batch=BatchRule(_batch, alike=True))
