"""Namesakes agree with JAX's in float64, where it is installed: values, gradients and products with a Hessian."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.scipy import integrate, linalg
from backprop.scipy.sparse import linalg as sparse_linalg

pytestmark = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")

RNG = np.random.default_rng(6)
A = RNG.normal(size=(4, 4)) + 4 * np.eye(4)
B, TALL = RNG.normal(size=(4, 2)), RNG.normal(size=(5, 3))
V, W = RNG.normal(size=4) + 3, RNG.normal(size=4)


def positive(a: Any) -> Any:
    return a @ a.T


CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "cholesky": (lambda l, a: l.cholesky(positive(a), lower=True), (A,)),
    "cho_solve": (lambda l, a, b: l.cho_solve(l.cho_factor(positive(a)), b), (A, B)),
    "solve": (lambda l, a, b: l.solve(a, b), (A, B)),
    "solve-pos": (lambda l, a, b: l.solve(positive(a), b, assume_a="pos"), (A, B)),
    "solve_triangular": (lambda l, a, b: l.solve_triangular(a, b, trans=1, lower=True), (A, B)),
    "lu": (lambda l, a: l.lu(a)[1:], (A,)),
    "lu_factor": (lambda l, a: l.lu_factor(a)[0], (TALL,)),
    "lu_solve": (lambda l, a, b: l.lu_solve(l.lu_factor(a), b), (A[::-1], B)),
    "qr": (lambda l, a: l.qr(a, mode="economic"), (TALL,)),
    "svd": (lambda l, a: l.svd(a, full_matrices=False)[1], (TALL,)),
    "eigh": (lambda l, a: l.eigh(a + a.T)[0], (A,)),
    "expm": (lambda l, a: l.expm(a / 3), (A,)),
    "expm_frechet": (lambda l, a, e: l.expm_frechet(a / 3, e), (A, A.T)),
    "sqrtm": (lambda l, a: l.sqrtm(positive(a)).real, (A,)),
    "det": (lambda l, a: l.det(a), (A,)),
    "inv": (lambda l, a: l.inv(a), (A,)),
    "polar": (lambda l, a: l.polar(a), (TALL,)),
    "block_diag": (lambda l, a, b: l.block_diag(a, b), (A, B)),
    "toeplitz": (lambda l, c, r: l.toeplitz(c, r), (V, W)),
    "hankel": (lambda l, c, r: l.hankel(c, r), (V, W)),
    "circulant": (lambda l, c: l.circulant(c), (V,)),
    "companion": (lambda l, c: l.companion(c), (V,)),
    "leslie": (lambda l, f, s: l.leslie(f, s[1:]), (V, W)),
    "eigh_tridiagonal": (lambda l, d, e: l.eigh_tridiagonal(d, e[1:], eigvals_only=True), (5 * np.arange(4.0), W)),
}


def of_tridiagonal(jax: Any, d: Any, e: Any) -> Any:
    np = jax.numpy
    return np.linalg.eigh(np.diag(d) + np.diag(e[1:], 1) + np.diag(e[1:], -1))[0]


def root_by_eigenvalues(jax: Any, a: Any) -> Any:
    values, vectors = jax.numpy.linalg.eigh(positive(a))
    return (vectors * jax.numpy.sqrt(values)) @ vectors.T


STAND_INS: dict[str, Callable[..., Any]] = {
    "eigh_tridiagonal": of_tridiagonal,
    "polar": lambda jax, a: jax.scipy.linalg.polar(a, method="svd"),
    "sqrtm": root_by_eigenvalues,
}
"""The same by JAX's functions that have a derivative, where JAX computes by a loop or by Schur's decomposition."""
SLOW = ("expm", "expm_frechet")
"""Whose second derivatives JAX compiles for half a minute."""


def weighted(result: Any, np_like: Any) -> Any:
    """A number that depends on each element of a result."""
    parts = result if isinstance(result, tuple) else (result,)
    return sum(np_like.sum(np_like.cos(np_like.arange(part.size).reshape(part.shape)) * part) for part in parts)


@pytest.mark.parametrize("name", CASES)
def test_linear_algebra(name: str) -> None:
    import jax

    jax.config.update("jax_enable_x64", True)
    f, args = CASES[name]

    def ours(*args: Any) -> Any:
        return weighted(f(linalg, *args), np)

    def theirs(*args: Any) -> Any:
        return weighted(f(jax.scipy.linalg, *args), jax.numpy)

    np.testing.assert_allclose(ours(*args), theirs(*map(jax.numpy.asarray, args)), rtol=1e-9)
    if name in STAND_INS:

        def theirs(*args: Any) -> Any:
            return weighted(STAND_INS[name](jax, *args), jax.numpy)

    every = tuple(range(len(args)))
    for one, other in zip(bp.grad(ours, every)(*args), jax.grad(theirs, every)(*args), strict=True):
        np.testing.assert_allclose(one, np.asarray(other), rtol=1e-8, atol=1e-10)
    if name in SLOW:
        return
    first = jax.grad(theirs)
    _, expected = jax.jvp(lambda x: first(x, *args[1:]), (args[0],), (np.ones_like(args[0]),))
    _, found = bp.jvp(lambda x: bp.grad(ours)(x, *args[1:]), (args[0],), (np.ones_like(args[0]),))
    np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-7, atol=1e-9)


def test_krylovs_methods() -> None:
    import jax

    jax.config.update("jax_enable_x64", True)
    matrix = positive(A)
    for name in ("cg", "bicgstab"):
        theirs, ours = getattr(jax.scipy.sparse.linalg, name), getattr(sparse_linalg, name)
        expected = jax.grad(lambda b, f=theirs: (f(matrix, b, tol=1e-13)[0] ** 2).sum())(V)
        found = bp.grad(lambda b, f=ours: np.sum(f(matrix, b, rtol=1e-13)[0] ** 2))(V)
        np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-8)


def test_an_equation_and_an_integral_of_samples() -> None:
    import jax
    from jax.experimental.ode import odeint

    jax.config.update("jax_enable_x64", True)
    times = np.array([0.0, 0.4, 1.1])

    def equation(xp: Any) -> Callable[..., Any]:
        return lambda y, t, k: xp.stack([y[1], -k * y[0] - t * y[1]])

    def theirs(y: Any, t: Any, k: Any) -> Any:
        return (odeint(equation(jax.numpy), y, t, k, rtol=1e-10, atol=1e-10) ** 2).sum()

    def ours(y: Any, t: Any, k: Any) -> Any:
        return np.sum(integrate.odeint(equation(np), y, t, (k,), rtol=1e-10, atol=1e-10) ** 2)

    args = np.array([1.0, 0.3]), times, 2.0
    for one, other in zip(bp.grad(ours, (0, 1, 2))(*args), jax.grad(theirs, (0, 1, 2))(*args), strict=True):
        np.testing.assert_allclose(one, np.asarray(other), rtol=1e-6, atol=1e-8)
    expected = jax.grad(lambda y: jax.scipy.integrate.trapezoid(y, times))(V[:3])
    np.testing.assert_allclose(bp.grad(lambda y: integrate.trapezoid(y, times))(V[:3]), np.asarray(expected))
