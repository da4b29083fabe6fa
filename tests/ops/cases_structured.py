"""Cases of `linear_algebra.structured`: bands, Toeplitz matrices, LU, polar, Riccati."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop.ops.linear_algebra.products import adjoint, matmul
from backprop.ops.linear_algebra.structured import banded, lu, polar, riccati, tridiagonal
from tests.ops.case import Case, Example
from tests.ops.cases_linalg import regular, weights


def of_band(rows: int, main: int, *right: tuple[int, ...]) -> Example:
    """A band of a matrix of order 4 whose main diagonal outweighs the others, and right sides."""

    def make(rng: np.random.Generator) -> tuple[Any, ...]:
        band = rng.normal(size=(rows, 4))
        band[main] = np.abs(band[main]) + 2 * rows
        return (band, *(rng.normal(size=shape) for shape in right))

    return make


def of_diagonals(rng: np.random.Generator) -> tuple[Any, ...]:
    """The two diagonals of a symmetric matrix whose eigenvalues are apart."""
    return np.arange(4.0) * 3 + rng.uniform(size=4), rng.uniform(0.2, 1.0, size=3)


def of_toeplitz(rng: np.random.Generator) -> tuple[Any, ...]:
    column, row = rng.normal(size=4), rng.normal(size=4)
    column[0] = row[0] = 9.0
    return column, row, rng.normal(size=(4, 2))


def of_riccati(rng: np.random.Generator) -> tuple[Any, ...]:
    return rng.normal(size=(3, 3)) * 0.3, rng.normal(size=(3, 2)), rng.normal(size=(3, 3)), rng.normal(size=(2, 2))


def stationary(solution: Any) -> Any:
    """A Riccati equation whose last two matrices are made positive definite."""

    def solved(a: Any, b: Any, q: Any, r: Any) -> Any:
        weight, cost = (matmul(x, adjoint(x)) + np.eye(x.shape[-1], dtype=x.dtype) for x in (q, r))
        return solution(a, b, weight, cost)

    return solved


def of_lu(a: Any) -> Any:
    return lu.lu_factors(a)[0]


def of_tridiagonal(d: Any, e: Any) -> tuple[Any, ...]:
    w, v = tridiagonal.tridiagonal_eig(d, e)
    return w, matmul(v * weights(d.shape[0], d), adjoint(v))


CASES = (
    Case(banded.banded_solve, of_band(4, 2, (4, 2)), {"lower": 1, "upper": 2}, tolerance=1e-5),
    Case(banded.hermitian_banded_solve, of_band(3, 2, (4, 2)), {"lower": False}, tolerance=1e-5),
    Case(banded.hermitian_banded_solve, of_band(3, 0, (4, 2)), {"lower": True}, name="lower", tolerance=1e-5),
    Case(banded.toeplitz_solve, of_toeplitz, tolerance=1e-5),
    Case(of_lu, regular((3, 3)), name="lu_factors", tolerance=1e-5),
    Case(of_lu, regular((4, 3)), name="lu_factors-tall", tolerance=1e-5),
    Case(polar.unitary_factor, regular((3, 3)), tolerance=1e-5),
    Case(stationary(riccati.continuous_riccati), of_riccati, name="riccati", tolerance=1e-5, single=False),
    Case(stationary(riccati.discrete_riccati), of_riccati, name="riccati-steps", tolerance=1e-5, single=False),
    Case(of_tridiagonal, of_diagonals, name="tridiagonal_eig", tolerance=1e-5),
)
