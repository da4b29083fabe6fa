"""Questions about arrays: closeness, kinds of numbers, dtypes. Their answers have no cotangent.

What depends on shapes and dtypes alone is answered at once, also for Vars.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ShapeError
from ..arrays.arguments import is_traced
from ..arrays.as_array import asarray, shape
from ..arrays.axes import expand_dims
from ..arrays.views import ravel
from ..core.op import Op, broadcast
from ..core.types import NumericType, ValueType, numeric, value_type
from ..elementwise.comparison import equal, isinf, isnan, logical_and, logical_or, signbit
from ..elementwise.complex_parts import imag
from ..elementwise.conversion import cast
from ..elementwise.selection import where
from .questions import all, any, argmax, argmin

__all__ = [
    "allclose",
    "array_equal",
    "array_equiv",
    "can_cast",
    "common_type",
    "copy",
    "diag_indices_from",
    "isclose",
    "iscomplex",
    "iscomplexobj",
    "isin",
    "isneginf",
    "isposinf",
    "isreal",
    "isrealobj",
    "nanargmax",
    "nanargmin",
    "result_type",
    "tril_indices_from",
    "triu_indices_from",
]


def _closeness_type(a: ValueType[Any], b: ValueType[Any], **_: Any) -> NumericType[Any]:
    return value_type(broadcast("isclose", numeric("isclose", a, b)), np.dtype(bool))


closeness: Op = Op(
    "closeness",
    _closeness_type,
    lambda a, b, *, rtol, atol, equal_nan: np.isclose(a, b, rtol, atol, equal_nan),
    home=__name__,
)


def isclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """`numpy.isclose`: whether |a - b| <= atol + rtol |b|, for each element; with `equal_nan` NaN equals itself."""
    return closeness(asarray(a), asarray(b), rtol=float(rtol), atol=float(atol), equal_nan=bool(equal_nan))


def allclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """`numpy.allclose`: whether `isclose` holds for all elements."""
    return all(isclose(a, b, rtol, atol, equal_nan))


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    """`numpy.array_equal`: whether the shapes are equal, and all elements."""
    x, y = asarray(a1), asarray(a2)
    return all(_same(x, y, equal_nan)) if x.shape == y.shape else False


def array_equiv(a1: Any, a2: Any) -> Any:
    """`numpy.array_equiv`: whether one array broadcasts to the other, and all elements are equal."""
    x, y = asarray(a1), asarray(a2)
    try:
        common = np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return False
    return all(equal(x, y)) if common in (x.shape, y.shape) else False


def _same(x: Any, y: Any, equal_nan: bool) -> Any:
    return logical_or(equal(x, y), logical_and(isnan(x), isnan(y))) if equal_nan else equal(x, y)


def isposinf(x: Any) -> Any:
    """`numpy.isposinf`: whether elements are plus infinity."""
    return logical_and(isinf(asarray(x)), equal(signbit(asarray(x)), False))


def isneginf(x: Any) -> Any:
    """`numpy.isneginf`: whether elements are minus infinity."""
    return logical_and(isinf(asarray(x)), signbit(asarray(x)))


def isreal(x: Any) -> Any:
    """`numpy.isreal`: whether elements have no imaginary part."""
    return equal(imag(asarray(x)), 0)


def iscomplex(x: Any) -> Any:
    """`numpy.iscomplex`: whether elements have an imaginary part."""
    return equal(isreal(x), False)


def iscomplexobj(x: Any) -> bool:
    """`numpy.iscomplexobj`: whether the dtype is complex."""
    return bool(asarray(x).dtype.kind == "c")


def isrealobj(x: Any) -> bool:
    """`numpy.isrealobj`: whether the dtype is not complex."""
    return not iscomplexobj(x)


def isin(element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """`numpy.isin`: whether each element is among the test elements, or is not with `invert`."""
    among = any(equal(expand_dims(element, -1), ravel(test_elements)), -1)
    return equal(among, False) if invert else among


def nanargmax(a: Any, axis: int | None = None, out: None = None, *, keepdims: bool = False) -> Any:
    """`numpy.nanargmax`: the position of the first maximum, NaN aside."""
    x = asarray(a)
    return argmax(where(isnan(x), -np.inf, x), axis, out, keepdims=keepdims)


def nanargmin(a: Any, axis: int | None = None, out: None = None, *, keepdims: bool = False) -> Any:
    """`numpy.nanargmin`: the position of the first minimum, NaN aside."""
    x = asarray(a)
    return argmin(where(isnan(x), np.inf, x), axis, out, keepdims=keepdims)


# Dtypes.


def _stand_in(x: Any) -> Any:
    """What promotes like a Var: its dtype, or a number where the Var stands for a Python number."""
    if not is_traced(x):
        return x
    weak = getattr(getattr(x, "type", None), "weak", False)
    return x.dtype.type(0).item() if weak else x.dtype


def result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    """`numpy.result_type`: the dtype that arrays, numbers and dtypes promote to."""
    return np.result_type(*map(_stand_in, arrays_and_dtypes))


def can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    """`numpy.can_cast`: whether values of one dtype can become those of another."""
    return np.can_cast(_stand_in(from_), to, casting)


def common_type(*arrays: Any) -> Any:
    """`numpy.common_type`: the inexact scalar type that arrays promote to."""
    return np.common_type(*(np.zeros(0, asarray(a).dtype) for a in arrays))


def copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    """`numpy.copy`: a copy of an array; of a Var another one, which can be written to by itself."""
    return cast(a, dtype=a.dtype.name) if is_traced(a) else np.array(a)


# Indices that shapes determine.


def diag_indices_from(arr: Any) -> tuple[Any, ...]:
    """`numpy.diag_indices_from`: the plain indices of the diagonal of an array (n, n, ...)."""
    lengths = shape(arr)
    if len(lengths) < 2 or len(set(lengths)) > 1:
        raise ShapeError(f"diag_indices_from: {lengths} is not the shape (n, n, ...)", fix="use numpy.diag_indices")
    return np.diag_indices(lengths[0], len(lengths))


def tril_indices_from(arr: Any, k: int = 0) -> tuple[Any, ...]:
    """`numpy.tril_indices_from`: the plain indices of the lower triangle of a matrix, up to its k-th diagonal."""
    m, n = shape(arr)
    return np.tril_indices(m, k, n)


def triu_indices_from(arr: Any, k: int = 0) -> tuple[Any, ...]:
    """`numpy.triu_indices_from`: the plain indices of the upper triangle of a matrix, from its k-th diagonal."""
    m, n = shape(arr)
    return np.triu_indices(m, k, n)
