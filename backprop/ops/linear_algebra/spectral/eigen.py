"""Eigenvalues and eigenvectors, of stacks of matrices.

Eigenvectors have a derivative up to their phases: it is right for results that do not depend on these. Where
eigenvalues are equal, see `decompositions`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...arrays.as_array import asarray
from ...arrays.axes import expand_dims, matrix_transpose
from ...arrays.diagonals import diagonal
from ...core.batching import STACKS
from ...core.costs import PerMatrix
from ...core.op import Op
from ...core.types import TupleType, ValueType, array_type
from ...elementwise.arithmetic import absolute
from ...elementwise.comparison import logical_and
from ...elementwise.complex_parts import real
from ...reductions.questions import any
from ...reductions.reductions import max
from ..decompositions import apart, both, diagonal_matrix, differ, hermitian, inverse, is_near, pairs, real_of, used
from ..equations import inexact, matrices, solve_matrices
from ..products import conjugated, matmul
from ..undetermined import is_absent, line_of, where_undetermined

__all__ = ["eig", "eigh", "eigvals", "eigvalsh"]


class EigResult(NamedTuple):
    """What `eig` returns."""

    eigenvalues: Any
    eigenvectors: Any


class EighResult(NamedTuple):
    """What `eigh` returns."""

    eigenvalues: Any
    eigenvectors: Any


VECTORS = "eigenvectors of equal eigenvalues are not determined"


def _gaps(w: Any) -> tuple[Any, Any]:
    """The differences of eigenvalues (..., n, n), and which are but rounding errors; those of one with itself are."""
    gap = expand_dims(w, -2) - expand_dims(w, -1)
    return gap, is_near(gap, expand_dims(max(absolute(w), -1, keepdims=True), -1))


# Eigenvalues.


def _eigh_type(x: ValueType[Any], *, uplo: str) -> TupleType:
    t = matrices("eigh", x)
    return TupleType((array_type(t.shape[:-1], real_of(inexact(t))), array_type(t.shape, inexact(t))))


def hermitian_cotangent(g: Any, w: Any, v: Any, name: str) -> Any:
    """The cotangent of Hermitian matrices, given those of their eigenvalues and eigenvectors.

    Arguments:
        g: the tuple of both cotangents.
        w, v: the eigenvalues (..., n) and eigenvectors (..., n, n).
        name: of the op, for warnings.
    """
    gw, gv = both(g)
    rows, line = matrix_transpose(v), line_of(g)
    gap, near = _gaps(w)
    change, free = matmul(rows, gv), apart(near)
    inner = change * inverse(gap, near) + diagonal_matrix(gw)
    total = hermitian(matmul(conjugated(v), matmul(inner, rows)))
    bad = logical_and(free, pairs(used(gv)))
    total = where_undetermined(total, change, bad, free, what=f"{name}: {VECTORS}", line=line)
    if is_absent(g, 1):  # equal eigenvalues are told apart by their place
        return total
    what = f"{name}: equal eigenvalues have no derivative one by one beside that of their vectors"
    return where_undetermined(total, expand_dims(gw, -2), _split(near, gw), what=what, line=line)


def _split(near: Any, gw: Any) -> Any:
    """Which eigenvalues have an equal one that counts for another share: booleans (..., 1, n)."""
    return any(logical_and(near, differ(gw)), -2, keepdims=True)


def _eigh_vjp(g: Any, out: Any, x: Any, *, uplo: str) -> Any:
    return hermitian_cotangent(g, *both(out), "eigh")


hermitian_eig: Op = Op(
    "hermitian_eig",
    _eigh_type,
    lambda x, *, uplo: tuple(np.linalg.eigh(x, uplo)),
    _eigh_vjp,
    flops=PerMatrix(20),
    home=__name__,
    batch=STACKS,
)


def eigh(a: Any, UPLO: str = "L") -> EighResult:
    """`numpy.linalg.eigh`: eigenvalues (..., n) and eigenvectors (..., n, n) of Hermitian matrices.

    Arguments:
        a: matrices (..., n, n), of which one triangle is read.
        UPLO: "L" or "U", which triangle.
    Returns:
        the eigenvalues, ascending, and the eigenvectors, as columns.
    Errors:
        ShapeError: no square matrix.
    """
    return EighResult(*both(hermitian_eig(asarray(a), uplo=UPLO.upper())))


def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """`numpy.linalg.eigvalsh`: the eigenvalues of Hermitian matrices (..., n, n), ascending."""
    return eigh(a, UPLO).eigenvalues


def _complex(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.result_type(dtype, np.complex64)


def _eig_type(x: ValueType[Any]) -> TupleType:
    t = matrices("eig", x)
    dtype = _complex(inexact(t))
    return TupleType((array_type(t.shape[:-1], dtype), array_type(t.shape, dtype)))


def _eig(x: Any) -> tuple[Any, Any]:
    w, v = np.linalg.eig(x)
    return w.astype(_complex(w.dtype), copy=False), v.astype(_complex(v.dtype), copy=False)


def _eig_vjp(g: Any, out: Any, x: Any) -> Any:
    (gw, gv), (w, v) = both(g), both(out)
    rows = matrix_transpose(v)
    product = matmul(rows, gv)
    of_length = matmul(rows, conjugated(v)) * expand_dims(real(diagonal(product, 0, -2, -1)), -2)
    gap, near = _gaps(w)
    change, free, line = product - of_length, apart(near), line_of(g)
    inner = change * inverse(gap, near) + diagonal_matrix(gw)
    total = solve_matrices(rows, matmul(inner, rows))
    bad = logical_and(free, pairs(used(gv)))
    total = where_undetermined(total, change, bad, free, what=f"eig: {VECTORS}", line=line)
    what = "eig: equal eigenvalues of a matrix that is not symmetric have no derivative one by one"
    return where_undetermined(total, expand_dims(gw, -2), _split(near, gw), what=what, line=line)


# Source of the rule: Boeddeker et al., On the computation of complex-valued gradients, arXiv:1701.00392, section 4.2:
# the eigenvectors have length 1.
general_eig: Op = Op("general_eig", _eig_type, _eig, _eig_vjp, flops=PerMatrix(100), home=__name__, batch=STACKS)


def eig(a: Any) -> EigResult:
    """`numpy.linalg.eig`: eigenvalues and eigenvectors of matrices (..., n, n), complex for real matrices too."""
    return EigResult(*both(general_eig(asarray(a))))


def eigvals(a: Any) -> Any:
    """`numpy.linalg.eigvals`: the eigenvalues of matrices (..., n, n), complex for real matrices too."""
    return eig(a).eigenvalues
