"""How the ops of this room are made: of ufuncs with one result or several, and of kernels."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.special

from ..core.costs import SCALAR, SERIES
from ..core.op import Op, module_of_caller
from ..core.rows import BY_ELEMENT
from ..elementwise.ufunc import ufunc_op, ufunc_type

Rule = Callable[..., Any]
# A ufunc of so many real operands, whose promotion a kernel shares.
LIKE = {1: scipy.special.gammaln, 2: scipy.special.kl_div, 3: scipy.special.nrdtrimn}


def special_op(name: str, vjp: Rule | None = None) -> Op:
    """The op of the ufunc of a name in scipy.special, which is computed as quickly as an exponential."""
    return ufunc_op(name, getattr(scipy.special, name), vjp, SCALAR, module_of_caller())


def series_op(name: str, vjp: Rule | None = None) -> Op:
    """The op of the ufunc of a name in scipy.special, which sums up a series."""
    return ufunc_op(name, getattr(scipy.special, name), vjp, SERIES, module_of_caller())


def hidden_op(name: str, hidden: str, vjp: Rule | None = None) -> Op:
    """The op of a ufunc that a function of scipy.special calls, under a name of its own."""
    return ufunc_op(name, getattr(scipy.special._ufuncs, hidden), vjp, SERIES, module_of_caller())


def part_op(name: str, ufunc: np.ufunc, k: int, vjp: Rule | None = None) -> Op:
    """The op of the k-th of several results of a ufunc."""
    infer = partial(_part_type, ufunc, k)
    return Op(name, infer, lambda *args: ufunc(*args)[k], vjp, flops=SERIES, home=module_of_caller(), rows=BY_ELEMENT)


def kernel_op(name: str, kernel: Callable[..., Any], vjp: Rule | None = None, like: Any = 1) -> Op:
    """The op of a function of arrays of equal shape, with at least one axis.

    Arguments:
        name: the attribute of the caller's module that holds the op.
        kernel: (*arrays, **params) -> the result in float64 or complex128; it need not mind warnings.
        vjp: its rule.
        like: a ufunc with the same promotion, or the number of operands where they are real.
    """
    model = LIKE.get(like, like)

    def compute(*args: Any, **params: Any) -> Any:
        dtype = np.result_type(np.float32, *args)
        arrays = np.broadcast_arrays(*args)
        wide = [np.atleast_1d(x).astype(np.result_type(x, np.float64)) for x in arrays]
        with np.errstate(all="ignore"):
            return kernel(*wide, **params).reshape(arrays[0].shape).astype(dtype)[()]

    def infer(*types: Any, **params: Any) -> Any:
        return ufunc_type(model, *types)

    return Op(name, infer, compute, vjp, flops=SERIES, home=module_of_caller(), rows=BY_ELEMENT)


def _part_type(ufunc: np.ufunc, k: int, *types: Any) -> Any:
    return ufunc_type(ufunc, *types)
