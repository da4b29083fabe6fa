"""Equations whose unknown is a matrix: Sylvester's, Lyapunov's, Riccati's."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.arrays import asarray
from ...ops.linear_algebra import inv, matmul, solve, solve_sylvester
from ...ops.linear_algebra.products import adjoint
from ...ops.linear_algebra.structured.riccati import continuous_riccati, discrete_lyapunov, discrete_riccati
from ..plain import refuse

__all__ = [
    "solve_continuous_are",
    "solve_continuous_lyapunov",
    "solve_discrete_are",
    "solve_discrete_lyapunov",
    "solve_lyapunov",
    "solve_sylvester",
]


def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    """`scipy.linalg.solve_continuous_lyapunov`: the x with a x + x a^H = q, for matrices (n, n)."""
    return solve_sylvester(asarray(a), adjoint(asarray(a)), asarray(q))


solve_lyapunov = solve_continuous_lyapunov


def solve_discrete_lyapunov(a: Any, q: Any, method: str | None = None) -> Any:
    """`scipy.linalg.solve_discrete_lyapunov`: the x with a x a^H - x + q = 0.

    Arguments:
        a, q: matrices (n, n).
        method: "direct", an equation of n^2 unknowns, or "bilinear"; by default the former below n = 10.
    """
    x, y = asarray(a), asarray(q)
    if method not in (None, "direct", "bilinear"):
        refuse("solve_discrete_lyapunov", f"method={method!r}", 'take "direct" or "bilinear"')
    if method == "direct" or (method is None and x.shape[-1] < 10):
        return discrete_lyapunov(x, y)
    one, columns = np.eye(x.shape[-1], dtype=x.dtype), adjoint(x)
    shift = inv(columns - one)
    half = matmul(columns + one, shift)
    right = matmul(matmul(solve(x - one, y), shift), 2 * one)
    return solve_sylvester(adjoint(half), half, -right)


def solve_continuous_are(a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True) -> Any:
    """`scipy.linalg.solve_continuous_are`: the stabilising x with a^H x + x a - x b r^-1 b^H x + q = 0.

    Arguments:
        a: a matrix (n, n).
        b: a matrix (n, k).
        q, r: Hermitian matrices (n, n) and (k, k).
        e, s: None.
        balanced: ignored.
    Errors:
        GraphTypeError: `e` or `s`. LinAlgError: there is no such x, when it runs.
    """
    _refuse_terms("solve_continuous_are", e, s)
    return continuous_riccati(asarray(a), asarray(b), asarray(q), asarray(r))


def solve_discrete_are(a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True) -> Any:
    """`scipy.linalg.solve_discrete_are`: the x with a^H x a - x - a^H x b (r + b^H x b)^-1 b^H x a + q = 0.

    Arguments and errors are those of `solve_continuous_are`.
    """
    _refuse_terms("solve_discrete_are", e, s)
    return discrete_riccati(asarray(a), asarray(b), asarray(q), asarray(r))


def _refuse_terms(name: str, e: Any, s: Any) -> None:
    if e is not None or s is not None:
        refuse(name, "e= or s=", "bring the equation into the form without: a - b r^-1 s^H, q - s r^-1 s^H, and e^-1 a")
