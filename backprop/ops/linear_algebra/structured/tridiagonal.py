"""Eigenvalues and eigenvectors of real symmetric tridiagonal matrices, given by their diagonals."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from ....errors import ShapeError
from ...arrays.diagonals import take_diagonal
from ...core.op import Op
from ...core.types import TupleType, ValueType, array_type, numeric
from ..decompositions import both
from ..equations import inexact
from ..spectral.eigen import hermitian_cotangent


def _type(d: ValueType[Any], e: ValueType[Any]) -> TupleType:
    s, t = numeric("eigh_tridiagonal", d, e)
    n = s.size
    if s.ndim != 1 or t.shape != (max(n - 1, 0),) or inexact(s, t).kind != "f":
        raise ShapeError(
            f"eigh_tridiagonal: {s} and {t} are no diagonals of a real symmetric matrix",
            fix="give real vectors of n and n - 1 numbers; for a complex matrix use eigh",
        )
    dtype = inexact(s, t)
    return TupleType((array_type((n,), dtype), array_type((n, n), dtype)))


def _eig(d: Any, e: Any) -> tuple[Any, Any]:
    dtype = inexact(array_type(d.shape, d.dtype), array_type(e.shape, e.dtype))
    if not d.size:
        return np.zeros(0, dtype), np.zeros((0, 0), dtype)
    w, v = scipy.linalg.eigh_tridiagonal(d, e, check_finite=False)
    return w.astype(dtype, copy=False), np.array(v, dtype, order="C")


def _vjp(g: Any, out: Any, d: Any, e: Any) -> tuple[Any, Any]:
    if not d.shape[0]:
        return d, e
    whole = hermitian_cotangent(g, *both(out), "eigh_tridiagonal")
    return take_diagonal(whole, offset=0), 2 * take_diagonal(whole, offset=1)


# d (n), e (n - 1) -> w (n), v (n, n). The rule is that of eigh, of which both diagonals are taken.
tridiagonal_eig: Op = Op(
    "tridiagonal_eig", _type, _eig, _vjp, flops=lambda d, e, out: 10.0 * d.size * d.size, home=__name__
)
