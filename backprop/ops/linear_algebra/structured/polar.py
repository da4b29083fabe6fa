"""The polar decomposition: a matrix is one with orthonormal columns times a Hermitian one that is positive definite."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....errors import ShapeError
from ...core.costs import PerMatrix
from ...core.op import Op
from ...core.types import NumericType, ValueType, array_type
from ...elementwise.arithmetic import absolute
from ...elementwise.selection import where
from ...reductions.questions import any
from ...reductions.reductions import max
from ..decompositions import both, hermitian, is_near
from ..equations import inexact, matrices, solve_matrices, solve_sylvester
from ..products import adjoint, conjugated, matmul
from ..spectral.eigen import hermitian_eig
from ..undetermined import line_of, where_undetermined


def _type(x: ValueType[Any]) -> NumericType[Any]:
    t = matrices("polar", x, False)
    if t.ndim != 2 or t.shape[0] < t.shape[1]:
        raise ShapeError(f"polar takes one matrix, not the shape {t.shape}", fix="call it for each matrix")
    return array_type(t.shape, inexact(t))


def _unitary(x: Any) -> Any:
    u, _, vh = np.linalg.svd(x, full_matrices=False)
    return u @ vh


def _unitary_vjp(g: Any, out: Any, x: Any) -> Any:
    gu, rows = conjugated(g), adjoint(out)
    whole = hermitian(matmul(rows, x))
    flat = _is_flat(whole)
    stretch = where(flat, np.eye(x.shape[1], dtype=x.dtype), whole)
    inside = matmul(rows, gu)
    turn = solve_sylvester(stretch, stretch, inside)
    outside = adjoint(solve_matrices(stretch, adjoint(gu - matmul(out, inside))))
    answer = conjugated(matmul(out, turn - adjoint(turn)) + outside)
    what = "polar: the factor with orthonormal columns is not determined where the rank is not full"
    return where_undetermined(answer, answer, flat, what=what, line=line_of(g))


def _is_flat(stretch: Any) -> Any:
    """Whether an eigenvalue of a Hermitian matrix is but a rounding error of the others: booleans (1, 1)."""
    sizes = absolute(both(hermitian_eig(stretch, uplo="L"))[0])
    return any(is_near(sizes, max(sizes, keepdims=True)), keepdims=True)[None] if sizes.shape[0] else False


# x (m, n) of full rank, m >= n. The rule: with x = u p, the skew s = u^H du solves p s + s p = u^H dx - dx^H u, and
# what leaves the span of u is (1 - u u^H) dx p^-1. It needs no singular values that differ.
unitary_factor: Op = Op("unitary_factor", _type, _unitary, _unitary_vjp, flops=PerMatrix(40), home=__name__)
