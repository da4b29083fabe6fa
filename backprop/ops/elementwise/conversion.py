"""Conversion to another dtype.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.op import Op
from ..core.rows import BY_ELEMENT
from ..core.types import NumericType, ScalarType, ValueType, numeric, scalar_type, value_type

__all__ = ["astype"]

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
cast: Op = Op("cast", _cast_type, _cast, lambda g, out, x, dtype: g, home=__name__, rows=BY_ELEMENT)


def astype(x: Any, dtype: Any, /, *, copy: bool = True) -> Any:
    """`numpy.astype`: `x` as another dtype, or itself where it has it and need not be copied.

    Of complex numbers made real the real part stays.
    """
    return x if not copy and x.dtype == np.dtype(dtype) else cast(x, dtype=np.dtype(dtype).name)


def _number_type(x: ValueType[Any]) -> NumericType[Any]:
    (operand,) = numeric("item", x)
    return scalar_type(np.dtype(type(operand.dtype.type(0).item())), weak=True)


# What `x.item()` gives of a scalar: a Python number, which takes the dtype of its company.
python_number: Op = Op(
    "python_number", _number_type, lambda x: np.asarray(x).item(), lambda g, out, x: g, home=__name__
)


def copied(x: Any) -> Any:
    """`x` as an array of its own, as NumPy's functions that copy return it: a write to it leaves `x` as it was."""
    return cast(x, dtype=x.dtype.name)
