"""The parts of complex numbers; for the convention of their derivatives see core/op.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.op import Kind, Op
from ..core.rows import BY_ELEMENT
from ..core.types import NumericType, ScalarType, ValueType, numeric, value_type
from .ufunc import is_complex, result_type, ufunc_op

__all__ = ["conj", "conjugate", "imag", "real"]

# Complex numbers; for the convention see op.py.


def _part_type(x: ValueType[Any]) -> NumericType[Any]:
    (t,) = numeric("real", x)
    dtype = np.dtype(f"f{t.dtype.itemsize // 2}") if t.dtype.kind == "c" else t.dtype
    return result_type((t,), t.shape, dtype) if isinstance(t, ScalarType) else value_type(t.shape, dtype)


real: Op = Op(
    "real",
    _part_type,
    lambda x: np.real(np.asarray(x))[()],
    lambda g, out, x: g,
    Kind.VIEW,
    home=__name__,
    rows=BY_ELEMENT,
)
imag: Op = Op(
    "imag",
    _part_type,
    lambda x: np.imag(np.asarray(x))[()],
    lambda g, out, x: -1j * g if is_complex(x) else None,
    Kind.VIEW,
    home=__name__,
    rows=BY_ELEMENT,
)
conjugate: Op = ufunc_op("conjugate", np.conjugate, lambda g, out, x: conjugate(g) if is_complex(g) else g)
conj = conjugate
