"""Riccati's equations of optimal control, and the discrete one of Lyapunov.

The rules: the equation is differentiated where it holds, which gives a linear one of Lyapunov's kind for the change of
the solution; the cotangents follow from its adjoint. They are those for real operands; for complex ones they hold for
the conjugated cotangents, and conjugate at the end.

Source: Kao and Hennequin, Automatic differentiation of Sylvester, Lyapunov, and algebraic Riccati equations,
arXiv:2011.11430, 2020.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import scipy

from ....errors import ShapeError
from ...arrays.views import reshape
from ...core.costs import PerMatrix
from ...core.op import Op
from ...core.types import NumericType, ValueType, array_type
from ..decompositions import hermitian
from ..equations import inexact, matrices, solve_matrices, solve_sylvester
from ..products import adjoint, conjugated, kron, matmul


def discrete_lyapunov(a: Any, q: Any) -> Any:
    """The x with a x a^H - x + q = 0, for matrices (n, n), as an equation of n^2 unknowns."""
    n = a.shape[-1]
    whole = np.eye(n * n, dtype=a.dtype) - kron(a, conjugated(a))
    return reshape(solve_matrices(whole, reshape(q, (n * n, 1))), (n, n))


def _type(name: str, a: ValueType[Any], b: ValueType[Any], q: ValueType[Any], r: ValueType[Any]) -> NumericType[Any]:
    square = [matrices(name, x) for x in (a, q, r)]
    t = matrices(name, b, False)
    n, k = square[0].shape[-1], square[2].shape[-1]
    if [x.shape for x in square] != [(n, n), (n, n), (k, k)] or t.shape != (n, k):
        shapes = ", ".join(str(x.shape) for x in (square[0], t, *square[1:]))
        raise ShapeError(f"{name}: the shapes {shapes} do not fit", fix="give a (n, n), b (n, k), q (n, n), r (k, k)")
    return array_type((n, n), inexact(*square, t))


def _solved(solver: str, a: Any, b: Any, q: Any, r: Any) -> Any:
    dtype = inexact(*(array_type(x.shape, x.dtype) for x in (a, b, q, r)))
    return np.array(getattr(scipy.linalg, solver)(a, b, q, r), dtype, order="C")


def _continuous_vjp(g: Any, out: Any, a: Any, b: Any, q: Any, r: Any) -> tuple[Any, ...]:
    gain = solve_matrices(r, matmul(adjoint(b), out))
    closed = a - matmul(b, gain)
    share = -hermitian(solve_sylvester(closed, adjoint(closed), hermitian(conjugated(g))))
    of_a = 2 * matmul(out, share)
    return tuple(map(conjugated, _parts(of_a, share, gain)))


def _discrete_vjp(g: Any, out: Any, a: Any, b: Any, q: Any, r: Any) -> tuple[Any, ...]:
    turned = matmul(adjoint(b), out)
    gain = solve_matrices(r + matmul(turned, b), matmul(turned, a))
    closed = a - matmul(b, gain)
    share = hermitian(discrete_lyapunov(closed, hermitian(conjugated(g))))
    of_a = 2 * matmul(matmul(out, closed), share)
    return tuple(map(conjugated, _parts(of_a, share, gain)))


def _parts(of_a: Any, share: Any, gain: Any) -> tuple[Any, ...]:
    """The cotangents of a, b, q and r."""
    columns = adjoint(gain)
    return of_a, -matmul(of_a, columns), share, matmul(gain, matmul(share, columns))


# a^H x + x a - x b r^-1 b^H x + q = 0.
continuous_riccati: Op = Op(
    "continuous_riccati",
    partial(_type, "solve_continuous_are"),
    partial(_solved, "solve_continuous_are"),
    _continuous_vjp,
    flops=PerMatrix(500),
    home=__name__,
)

# a^H x a - x - a^H x b (r + b^H x b)^-1 b^H x a + q = 0.
discrete_riccati: Op = Op(
    "discrete_riccati",
    partial(_type, "solve_discrete_are"),
    partial(_solved, "solve_discrete_are"),
    _discrete_vjp,
    flops=PerMatrix(500),
    home=__name__,
)
