"""New arrays: of one value, or like another array.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from ..core.op import Op
from ..core.rows import RowRule
from ..core.types import Shape, value_type
from ..elementwise.conversion import cast
from .arguments import Ints, is_traced, lengths_of
from .as_array import asarray
from .views import broadcast_to, reshape

__all__ = ["array", "empty_like", "full", "full_like", "ones_like", "zeros_like"]


def array(
    object: Any, dtype: Any = None, *, copy: bool = True, order: str = "K", subok: bool = False, ndmin: int = 0
) -> Any:
    """`numpy.array`, also of nested lists that hold Vars.

    Arguments:
        object: a Var, an array, a number, or nested sequences of these.
        dtype: dtype of the result; None keeps that of `object`.
        copy, order, subok: ignored.
        ndmin: the least number of axes, filled up from the left.
    Returns:
        a Var where `object` holds one, else an array.
    """
    x = asarray(object, dtype)
    x = reshape(x, (1,) * (ndmin - len(x.shape)) + x.shape)
    return cast(x, dtype=x.dtype.name) if is_traced(x) else np.array(x)


# Constants.


_READERS: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {"f": float, "c": complex, "i": int, "u": int, "b": "True".__eq__}
)


def _filled(*, shape: Shape, dtype: str, value: str) -> Any:
    kind = np.dtype(dtype)
    number = kind.type(_READERS[kind.kind](value))
    return np.full(shape, number) if shape else number


# An array of one value, written as text, since 0.0 == -0.0 but their arrays differ. It has no operand, so whoever
# traces it hands it to a Var (see full_like).
filled: Op = Op(
    "filled",
    lambda *, shape, dtype, value: value_type(shape, np.dtype(dtype)),
    _filled,
    home=__name__,
    rows=RowRule(lambda out, **params: None, shaped=True, repeats=True),
    cheap=True,
)


def full(shape: Ints, fill_value: Any, dtype: Any = None, order: str = "C") -> Any:
    """`numpy.full`: an array of one value, which may be a Var; `order` is ignored."""
    return broadcast_to(asarray(fill_value, dtype), shape)


def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None
) -> Any:
    """`numpy.full_like`: an array of one value with the shape and dtype of `a`; `order` and `subok` are ignored.

    Nothing of it depends on the values of `a`. The derivative with respect to `fill_value`, if it is a Var, is kept.
    """
    x = asarray(a)
    lengths = x.shape if shape is None else lengths_of(shape)
    kind = np.dtype(x.dtype if dtype is None else dtype)
    if is_traced(fill_value) or np.ndim(fill_value):
        return broadcast_to(asarray(fill_value, kind), lengths)
    params = {"shape": lengths, "dtype": kind.name, "value": repr(np.asarray(fill_value).astype(kind).item())}
    return x.__backprop_emit__(filled, (), params) if is_traced(x) else filled(**params)


def zeros_like(a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None) -> Any:
    """`numpy.zeros_like`: zeros with the shape and dtype of `a`; `order` and `subok` are ignored."""
    return full_like(a, 0, dtype, order, subok, shape)


def ones_like(a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None) -> Any:
    """`numpy.ones_like`: ones with the shape and dtype of `a`; `order` and `subok` are ignored."""
    return full_like(a, 1, dtype, order, subok, shape)


empty_like = zeros_like
