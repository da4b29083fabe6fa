"""Comparison and logic, whose results have no cotangent."""

from __future__ import annotations

import numpy as np

from ..core.op import Op
from .ufunc import ufunc_op

__all__ = [
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "equal",
    "greater",
    "greater_equal",
    "invert",
    "isfinite",
    "isinf",
    "isnan",
    "left_shift",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "not_equal",
    "right_shift",
    "signbit",
]

# Comparison and logic, whose results have no cotangent.

equal: Op = ufunc_op("equal", np.equal)
not_equal: Op = ufunc_op("not_equal", np.not_equal)
less: Op = ufunc_op("less", np.less)
less_equal: Op = ufunc_op("less_equal", np.less_equal)
greater: Op = ufunc_op("greater", np.greater)
greater_equal: Op = ufunc_op("greater_equal", np.greater_equal)
logical_and: Op = ufunc_op("logical_and", np.logical_and)
logical_or: Op = ufunc_op("logical_or", np.logical_or)
logical_xor: Op = ufunc_op("logical_xor", np.logical_xor)
logical_not: Op = ufunc_op("logical_not", np.logical_not)
bitwise_and: Op = ufunc_op("bitwise_and", np.bitwise_and)
bitwise_or: Op = ufunc_op("bitwise_or", np.bitwise_or)
bitwise_xor: Op = ufunc_op("bitwise_xor", np.bitwise_xor)
invert: Op = ufunc_op("invert", np.invert)
left_shift: Op = ufunc_op("left_shift", np.left_shift)
right_shift: Op = ufunc_op("right_shift", np.right_shift)
isfinite: Op = ufunc_op("isfinite", np.isfinite)
isnan: Op = ufunc_op("isnan", np.isnan)
isinf: Op = ufunc_op("isinf", np.isinf)
signbit: Op = ufunc_op("signbit", np.signbit)
bitwise_invert = bitwise_not = invert
bitwise_left_shift, bitwise_right_shift = left_shift, right_shift
