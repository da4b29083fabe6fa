"""Solvers of sparse equations: derivatives by the right side and by each element of the pattern of the matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from ....errors import ArgumentError
from ....graph.tracing.source_lines import user_line
from ....ops.arrays import asarray, reshape
from ....ops.arrays.tuples import item
from ....ops.elementwise import conj
from ....ops.sparse.matrix import Sparse, is_sparse, sparse
from ....ops.sparse.patterns import Pattern, compressed
from ....ops.sparse.solves import DIRECT, sparse_solve
from ...plain import refuse

__all__ = [
    "bicg",
    "bicgstab",
    "cg",
    "cgs",
    "factorized",
    "gmres",
    "minres",
    "qmr",
    "splu",
    "spsolve",
    "spsolve_triangular",
    "tfqmr",
]


def taken(name: str, A: Any) -> Sparse:
    """A matrix that may be traced, as one that is sparse; of an array each element belongs to the pattern."""
    if is_sparse(A):
        kind = getattr(A, "format", "csr")
        return sparse(A if kind in ("csr", "csc", "coo") else A.tocsr())
    if isinstance(A, sp.linalg.LinearOperator) or not hasattr(A, "__len__"):
        refuse(name, f"matrix of class {type(A).__name__}", "give the matrix itself, sparse or as an array")
    array = asarray(A)
    pattern = Pattern.of(sp.csr_array(np.ones(array.shape, bool)))
    return Sparse(reshape(array, (-1,)), pattern)


def _solved(A: Sparse, b: Any, trans: bool = False, method: str = DIRECT, **options: Any) -> Any:
    form = compressed(A.pattern)
    data = A.data if form.order is None else A.data[form.order]
    chosen = tuple((name, value) for name, value in options.items() if value is not None)
    params = {"shape": form.shape, "flip": form.flip != trans, "method": method, "options": chosen}
    return sparse_solve(asarray(data), form.indices, form.indptr, asarray(b), **params)


# By factors.


def spsolve(A: Any, b: Any, permc_spec: str | None = None, use_umfpack: bool = True) -> Any:
    """`scipy.sparse.linalg.spsolve`: the x with A x = b.

    Arguments:
        A: a sparse matrix (n, n), traced or plain.
        b: a vector (n,) or an array (n, k); no sparse matrix.
        permc_spec, use_umfpack: ignored.
    Returns:
        x, of the shape of `b`.
    Errors:
        ShapeError: shapes that do not fit. RuntimeError: a singular matrix, when it runs.
    """
    if is_sparse(b):
        refuse("spsolve", "sparse right side", "give b.toarray()")
    return item(_solved(taken("spsolve", A), b), index=0)


def spsolve_triangular(
    A: Any,
    b: Any,
    lower: bool = True,
    overwrite_A: bool = False,
    overwrite_b: bool = False,
    unit_diagonal: bool = False,
) -> Any:
    """`scipy.sparse.linalg.spsolve_triangular`: as `spsolve`, of a matrix that is triangular.

    Arguments:
        A: a sparse matrix (n, n) with elements in one triangle only.
        b: a vector (n,) or an array (n, k).
        lower, overwrite_A, overwrite_b: ignored.
        unit_diagonal: False; add the ones of the diagonal to the matrix.
    Errors:
        GraphTypeError: unit_diagonal=True.
    """
    if unit_diagonal:
        refuse("spsolve_triangular", "unit_diagonal=True", "add the diagonal to A: A + scipy.sparse.eye_array(n)")
    return spsolve(A, b)


@dataclass(frozen=True, slots=True)
class SuperLU:
    """What `splu` returns: it solves equations with a matrix."""

    matrix: Sparse

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the matrix."""
        return self.matrix.shape

    def solve(self, rhs: Any, trans: str = "N") -> Any:
        """The x with A x = rhs; with trans="T" A^T x = rhs, with "H" A^H x = rhs."""
        if trans not in ("N", "T", "H"):
            raise ArgumentError(f"solve: no trans is called {trans!r}", user_line(), 'take "N", "T" or "H"')
        if trans == "H":
            return conj(item(_solved(self.matrix, conj(asarray(rhs)), True), index=0))
        return item(_solved(self.matrix, rhs, trans == "T"), index=0)


def splu(
    A: Any,
    permc_spec: str | None = None,
    diag_pivot_thresh: float | None = None,
    relax: int | None = None,
    panel_size: int | None = None,
    options: Any = None,
) -> SuperLU:
    """`scipy.sparse.linalg.splu`: an object whose `solve(b)` solves A x = b; all options are ignored.

    The factors are made anew in each call of `solve`.
    """
    return SuperLU(taken("splu", A))


def factorized(A: Any) -> Callable[[Any], Any]:
    """`scipy.sparse.linalg.factorized`: the function b -> x with A x = b."""
    return splu(A).solve


# By Krylov's methods.


def _method(name: str) -> Callable[..., tuple[Any, Any]]:
    def solver(
        A: Any,
        b: Any,
        x0: Any = None,
        *,
        rtol: float = 1e-05,
        atol: float = 0.0,
        maxiter: int | None = None,
        M: Any = None,
        callback: Any = None,
    ) -> tuple[Any, Any]:
        _refuse_callback(name, callback)
        return _both(name, A, b, rtol=float(rtol), atol=float(atol), maxiter=maxiter)

    solver.__name__ = solver.__qualname__ = name
    solver.__doc__ = f"""`scipy.sparse.linalg.{name}`: (x, info), the x with A x = b by Krylov's method of this name.

    Arguments:
        A: a matrix (n, n), sparse or an array, traced or plain.
        b: a vector (n,).
        x0, M: taken and not used, as they change the way to the solution, not the solution. Where the
            method does not converge without a preconditioner, take `spsolve`.
        callback: None.
        rtol, atol: the residual is to be below the larger of rtol |b| and atol; the derivative is as exact.
        maxiter: the largest number of iterations.
    Returns:
        x, and 0 where it has converged.
    Errors:
        GraphTypeError: `callback`, or a LinearOperator.
    """
    return solver


def _refuse_callback(name: str, callback: Any) -> None:
    if callback is not None:
        refuse(name, "callback=", "leave it out: a graph that runs elsewhere has nobody to call")


def _both(name: str, A: Any, b: Any, **options: Any) -> tuple[Any, Any]:
    found = _solved(taken(name, A), b, method=name, **options)
    return item(found, index=0), item(found, index=1)


cg, cgs, bicg, bicgstab, tfqmr = map(_method, ("cg", "cgs", "bicg", "bicgstab", "tfqmr"))


def gmres(
    A: Any,
    b: Any,
    x0: Any = None,
    *,
    rtol: float = 1e-05,
    atol: float = 0.0,
    restart: int | None = None,
    maxiter: int | None = None,
    M: Any = None,
    callback: Any = None,
    callback_type: str | None = None,
) -> tuple[Any, Any]:
    """`scipy.sparse.linalg.gmres`: (x, info), as `cg`; `restart` is the number of iterations between restarts."""
    _refuse_callback("gmres", callback)
    return _both("gmres", A, b, rtol=float(rtol), atol=float(atol), restart=restart, maxiter=maxiter)


def minres(
    A: Any,
    b: Any,
    x0: Any = None,
    *,
    rtol: float = 1e-05,
    shift: float = 0.0,
    maxiter: int | None = None,
    M: Any = None,
    callback: Any = None,
    show: bool = False,
    check: bool = False,
) -> tuple[Any, Any]:
    """`scipy.sparse.linalg.minres`: (x, info), as `cg`, for a symmetric matrix; shift=0."""
    _refuse_callback("minres", callback)
    if shift:
        refuse("minres", f"shift={shift}", "subtract it from the diagonal of A")
    return _both("minres", A, b, rtol=float(rtol), maxiter=maxiter)


def qmr(
    A: Any,
    b: Any,
    x0: Any = None,
    *,
    rtol: float = 1e-05,
    atol: float = 0.0,
    maxiter: int | None = None,
    M1: Any = None,
    M2: Any = None,
    callback: Any = None,
) -> tuple[Any, Any]:
    """`scipy.sparse.linalg.qmr`: (x, info), as `cg`."""
    _refuse_callback("qmr", callback)
    return _both("qmr", A, b, rtol=float(rtol), atol=float(atol), maxiter=maxiter)
