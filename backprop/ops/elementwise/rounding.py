"""Rounding: the derivative is 0 wherever it exists.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import GraphTypeError
from ..core.batching import ELEMENTWISE
from ..core.op import Op
from .ufunc import constant, ufunc_op, ufunc_type

__all__ = ["around", "ceil", "fix", "floor", "rint", "round", "trunc"]

# Rounding: the derivative is 0 wherever it exists.

floor: Op = ufunc_op("floor", np.floor, constant)
ceil: Op = ufunc_op("ceil", np.ceil, constant)
trunc: Op = ufunc_op("trunc", np.trunc, constant)
rint: Op = ufunc_op("rint", np.rint, constant)

around_to: Op = Op(
    "around_to",
    lambda x, *, decimals: ufunc_type(np.positive, x),
    lambda x, *, decimals: np.round(x, decimals),
    constant,
    home=__name__,
    batch=ELEMENTWISE,
)


def around(a: Any, decimals: int = 0, out: None = None) -> Any:
    """`numpy.round`: `a` rounded to a number of decimals, halves to the even neighbour."""
    if out is not None:
        raise GraphTypeError("around: `out` is not supported", fix="use the result")
    return around_to(a, decimals=int(decimals))


fix = trunc
round = around
