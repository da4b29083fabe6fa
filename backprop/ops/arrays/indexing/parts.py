"""An array whose parts have been replaced, all at once: what a loop makes that writes to one element after the other.

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
    t, *parts = numeric("put_parts", x, *values)
    for part, key in zip(parts, keys, strict=True):
        fits("put_parts", part, selected(t.shape, key, ()))
    return array_type(t.shape, t.dtype)


def _put(x: Any, *values: Any, keys: tuple[Key, ...], out: Any = None) -> Any:
    if out is None:
        out = np.array(x, order="C")
    else:
        np.copyto(out, x)
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
