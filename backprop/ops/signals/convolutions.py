"""Convolution along some axes, the others broadcast: two forms of one primitive, which are each other's derivatives.

The full form has m + n - 1 elements along an axis, the other those places, m - n + 1, where the second operand lies
wholly in the first. Both are computed either directly or by Fourier transforms.

Source of the rules: the sum out[i] = sum over j of a[i - j] v[j], term by term.
"""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import scipy

from ...errors import ShapeError
from ..arrays.arguments import Axes
from ..core.batching import Batched, BatchRule, aligned, moved_axes
from ..core.op import Op
from ..core.types import NumericType, Shape, ValueType, array_type, numeric


def _lengths(a: Shape, v: Shape, axes: Axes, whole: bool) -> Shape:
    """The shape of the result: along the axes as said above, along others what the lengths broadcast to."""
    if len(a) != len(v):
        raise ShapeError(f"convolve: the shapes {a} and {v} differ in their number of axes", fix="reshape one of them")
    lengths = []
    for i, (m, n) in enumerate(zip(a, v, strict=True)):
        if i not in axes and m != n and 1 not in (m, n):
            raise ShapeError(f"convolve: the shapes {a} and {v} do not fit at axis {i}", fix="make the lengths equal")
        if i in axes and (not n or not m or (whole and n > m)):
            raise ShapeError(f"convolve: {n} elements do not lie in {m}, at axis {i}", fix="exchange the operands")
        lengths.append((m - n + 1 if whole else m + n - 1) if i in axes else (m if n == 1 else n))
    return tuple(lengths)


def _type(a: ValueType[Any], v: ValueType[Any], *, axes: Axes, whole: bool, fast: bool) -> NumericType[Any]:
    s, t = numeric("convolve", a, v)
    dtype = np.result_type(s.dtype, t.dtype)
    return array_type(_lengths(s.shape, t.shape, axes, whole), np.result_type(dtype, np.float32) if fast else dtype)


def _computed(a: Any, v: Any, *, axes: Axes, whole: bool, fast: bool) -> Any:
    lengths = _lengths(a.shape, v.shape, axes, whole)
    if fast:
        return _by_transforms(a, v, axes, whole)
    if len(axes) == 1 and math.prod(a.shape) == a.shape[axes[0]] and math.prod(v.shape) == v.shape[axes[0]]:
        return np.convolve(a.ravel(), v.ravel(), "valid" if whole else "full").reshape(lengths)
    dtype = np.result_type(a.dtype, v.dtype)
    if not whole:
        return _spread_out(a, v, axes, np.zeros(lengths, dtype))
    if math.prod(v.shape[i] for i in axes) <= math.prod(lengths[i] for i in axes):
        return _gathered(a, v, axes, np.zeros(lengths, dtype))
    return _element_by_element(a, v, axes, np.empty(lengths, dtype))


def _key(axes: Axes, count: int, places: tuple[slice, ...]) -> tuple[slice, ...]:
    at = dict(zip(axes, places, strict=True))
    return tuple(at.get(i, slice(None)) for i in range(count))


def _elements(shape: Shape, axes: Axes) -> Any:
    return product(*(range(shape[i]) for i in axes))


def _spread_out(a: Any, v: Any, axes: Axes, out: Any) -> Any:
    """The full form: each element of the smaller operand times the other one, moved by the element's place."""
    small, large = (a, v) if math.prod(a.shape[i] for i in axes) < math.prod(v.shape[i] for i in axes) else (v, a)
    for places in _elements(small.shape, axes):
        one = _key(axes, out.ndim, tuple(slice(k, k + 1) for k in places))
        target = tuple(slice(k, k + large.shape[i]) for k, i in zip(places, axes, strict=True))
        out[_key(axes, out.ndim, target)] += large * small[one]
    return out


def _gathered(a: Any, v: Any, axes: Axes, out: Any) -> Any:
    """The other form: each element of the second operand times a part of the first."""
    for places in _elements(v.shape, axes):
        one = _key(axes, out.ndim, tuple(slice(k, k + 1) for k in places))
        starts = [v.shape[i] - 1 - k for k, i in zip(places, axes, strict=True)]
        part = tuple(slice(s, s + out.shape[i]) for s, i in zip(starts, axes, strict=True))
        out += a[_key(axes, out.ndim, part)] * v[one]
    return out


def _element_by_element(a: Any, v: Any, axes: Axes, out: Any) -> Any:
    """The other form where the result is small: each element of it is a sum over the second operand."""
    turned = np.flip(v, axes)
    for places in _elements(out.shape, axes):
        part = tuple(slice(k, k + v.shape[i]) for k, i in zip(places, axes, strict=True))
        one = _key(axes, out.ndim, tuple(slice(k, k + 1) for k in places))
        out[one] = np.sum(a[_key(axes, out.ndim, part)] * turned, axes, keepdims=True)
    return out


def _by_transforms(a: Any, v: Any, axes: Axes, whole: bool) -> Any:
    dtype = np.result_type(a.dtype, v.dtype, np.float32)
    is_complex = dtype.kind == "c"
    full = [a.shape[i] + v.shape[i] - 1 for i in axes]
    sizes = [scipy.fft.next_fast_len(n, not is_complex) for n in full]
    forward, back = (scipy.fft.fftn, scipy.fft.ifftn) if is_complex else (scipy.fft.rfftn, scipy.fft.irfftn)
    found = back(forward(a.astype(dtype), sizes, axes) * forward(v.astype(dtype), sizes, axes), sizes, axes)
    first = [v.shape[i] - 1 if whole else 0 for i in axes]
    last = [a.shape[i] if whole else n for i, n in zip(axes, full, strict=True)]
    return found[_key(axes, found.ndim, tuple(map(slice, first, last)))].astype(dtype)


def turned(x: Any, axes: Axes) -> Any:
    """An array with the order of its elements along some axes reversed."""
    return x[tuple(slice(None, None, -1 if i in axes else 1) for i in range(len(x.shape)))]


def _vjp(g: Any, out: Any, a: Any, v: Any, *, axes: Axes, whole: bool, fast: bool) -> tuple[Any, Any]:
    by_a = convolution_along(g, turned(v, axes), axes=axes, whole=not whole, fast=fast)
    if whole:
        return by_a, convolution_along(turned(a, axes), g, axes=axes, whole=True, fast=fast)
    return by_a, convolution_along(g, turned(a, axes), axes=axes, whole=True, fast=fast)


def _flops(a: NumericType[Any], v: NumericType[Any], out: NumericType[Any], *, axes: Axes, **params: Any) -> float:
    if params["fast"]:
        return 60.0 * max(a.size, out.size) * math.log2(max(2, a.size, out.size))
    return 2.0 * out.size * min(math.prod(t.shape[i] for i in axes) for t in (v, out if params["whole"] else a))


def _batch(op: Any, batched: Batched, operands: Any, params: Any) -> Any:
    together = aligned(batched, operands)
    whole = [x if is_batched else x[None] for x, is_batched in zip(together, batched, strict=True)]
    return op(*whole, **moved_axes(params))


convolution_along: Op = Op(
    "convolution_along", _type, _computed, _vjp, flops=_flops, home=__name__, batch=BatchRule(_batch)
)
