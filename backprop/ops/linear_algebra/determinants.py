"""Determinants of square matrices (..., n, n), also where these are singular.

Source of the rules: Giles, An extended collection of matrix derivative results, NA-08-01, 2008; others beside them.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..arrays.as_array import asarray
from ..arrays.axes import expand_dims, matrix_transpose
from ..arrays.tuples import item
from ..arrays.views import reshape
from ..core.batching import STACKS
from ..core.costs import PerMatrix
from ..core.op import Op
from ..core.types import NumericType, TupleType, ValueType, value_type
from ..elementwise.complex_parts import imag
from .decompositions import both, real_of
from .equations import inexact, inv, matrices, same_type
from .products import matmul, row_dot

__all__ = ["det", "slogdet"]


class SlogdetResult(NamedTuple):
    """What `slogdet` returns."""

    sign: Any
    logabsdet: Any


def _of_matrices(x: Any) -> Any:
    """Numbers, one a matrix, as (..., 1, 1)."""
    return expand_dims(x, (-2, -1))


# Determinants.


def _numbers_type(op: str, x: ValueType[Any]) -> NumericType[Any]:
    t = matrices(op, x)
    return value_type(t.shape[:-2], inexact(t))


det: Op = Op(
    "det",
    partial(_numbers_type, "det"),
    np.linalg.det,
    lambda g, out, x: _of_matrices(g) * cofactor(x),
    flops=PerMatrix(1.5),
    home=__name__,
    batch=STACKS,
)


def _cofactor(x: Any) -> Any:
    n, d = x.shape[-1], np.linalg.det(x)
    # Source: Guggenheimer, Edelman and Johnson, College Math. J. 26(1), 1995: the condition is below 2 / share.
    with np.errstate(all="ignore"):
        share = abs(d) / (np.linalg.norm(x, axis=(-2, -1)) / math.sqrt(max(n, 1))) ** n
    if np.all(share > 1e-4):
        return d[..., None, None] * np.swapaxes(np.linalg.inv(x), -1, -2)
    u, s, vh = np.linalg.svd(x)
    others = np.where(np.eye(n, dtype=bool), 1, s[..., None, :]).prod(-1)
    phase = (np.linalg.det(u) * np.linalg.det(vh))[..., None, None]
    return phase * np.matmul(u.conj() * others[..., None, :], vh.conj())


def _cofactor_vjp(g: Any, out: Any, x: Any) -> Any:
    flat = (*x.shape[:-2], x.shape[-1] ** 2)
    w, along = matrix_transpose(inv(x)), row_dot(reshape(g, flat), reshape(out, flat))
    return _of_matrices(along) * w - matmul(matmul(out, matrix_transpose(g)), w)


# The derivative of det, det(x) inv(x)^T, but right for singular matrices too; its own derivative wants regular ones.
cofactor: Op = Op(
    "cofactor",
    partial(same_type, "cofactor"),
    _cofactor,
    _cofactor_vjp,
    flops=PerMatrix(8),
    home=__name__,
    batch=STACKS,
)


def _slogdet_type(x: ValueType[Any]) -> TupleType:
    t = matrices("slogdet", x)
    return TupleType((value_type(t.shape[:-2], inexact(t)), value_type(t.shape[:-2], real_of(inexact(t)))))


def _slogdet_vjp(g: Any, out: Any, x: Any) -> Any:
    of_sign, of_log = both(g)
    if x.dtype.kind == "c":
        of_log = of_log + 1j * imag(of_sign * item(out, index=0))
    return _of_matrices(of_log) * matrix_transpose(inv(x))


signed_log_det: Op = Op(
    "signed_log_det",
    _slogdet_type,
    lambda x: tuple(np.linalg.slogdet(x)),
    _slogdet_vjp,
    flops=PerMatrix(1.5),
    home=__name__,
    batch=STACKS,
)


def slogdet(a: Any) -> SlogdetResult:
    """`numpy.linalg.slogdet`: the sign and the logarithm of the size of the determinants of `a` (..., n, n)."""
    return SlogdetResult(*both(signed_log_det(asarray(a))))
