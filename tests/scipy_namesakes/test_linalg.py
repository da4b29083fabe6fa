"""Namesakes of `scipy.linalg` have SciPy's values and signatures, and derivatives of both orders."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import backprop as bp
from backprop.errors import GraphTypeError, ShapeError, UnknownFunctionError
from backprop.scipy import linalg
from backprop.scipy.plain import PlainOnly

RNG = np.random.default_rng(5)
A, B, E = (RNG.normal(size=(3, 3)) + k * np.eye(3) for k in (4, 5, 0))
TALL, WIDE = RNG.normal(size=(4, 2)), RNG.normal(size=(2, 4))
X, Y = RNG.normal(size=3), RNG.normal(size=(3, 2))
POSITIVE, OTHER = A @ A.T, B @ B.T + np.eye(3)
BAND = RNG.normal(size=(4, 5)) + np.array([0, 0, 6, 0])[:, None]
HALF = RNG.normal(size=(3, 5)) * np.array([0.3, 0.5, 0])[:, None] + np.array([0, 0, 4])[:, None]
COLUMN, ROW = np.array([4.0, 0.7, -0.3, 0.2]), np.array([9.0, -0.6, 0.5, 0.1])
RIGHT = RNG.normal(size=(4, 2))

PLAIN: dict[str, tuple[Any, ...]] = {
    "cholesky": (POSITIVE,),
    "cho_factor": (POSITIVE,),
    "solve": (A, Y),
    "inv": (A,),
    "det": (A,),
    "norm": (A,),
    "pinv": (TALL,),
    "pinvh": (POSITIVE,),
    "solve_toeplitz": ((COLUMN, ROW), RIGHT),
    "matmul_toeplitz": ((COLUMN, ROW), RIGHT),
    "solve_circulant": (COLUMN, RIGHT),
    "lu_factor": (A,),
    "lu": (TALL,),
    "qr": (TALL,),
    "rq": (A,),
    "polar": (TALL,),
    "svd": (A,),
    "svdvals": (TALL,),
    "eigh": (POSITIVE,),
    "eigvalsh": (POSITIVE,),
    "eigh_tridiagonal": (COLUMN, ROW[1:]),
    "eigvalsh_tridiagonal": (COLUMN, ROW[1:]),
    "eig_banded": (HALF,),
    "eigvals_banded": (HALF,),
    "expm": (E,),
    "logm": (POSITIVE,),
    "sqrtm": (POSITIVE,),
    "signm": (E,),
    "expm_frechet": (A, E),
    **{name: (E,) for name in ("cosm", "sinm", "tanm", "coshm", "sinhm", "tanhm")},
    "solve_sylvester": (A, B, E),
    "solve_continuous_lyapunov": (A, E),
    "solve_discrete_lyapunov": (A, E),
    "solve_continuous_are": (A, Y, POSITIVE, OTHER[:2, :2]),
    "solve_discrete_are": (A, Y, POSITIVE, OTHER[:2, :2]),
    "lstsq": (TALL, RIGHT),
    "null_space": (WIDE,),
    "orth": (TALL,),
    "subspace_angles": (TALL, TALL[::-1]),
    "orthogonal_procrustes": (TALL, TALL[::-1]),
    "block_diag": (A, TALL),
    "circulant": (COLUMN,),
    "hankel": (COLUMN, ROW),
    "companion": (COLUMN,),
    "leslie": (COLUMN, ROW[1:]),
    "fiedler": (COLUMN,),
    "convolution_matrix": (COLUMN, 3),
    "khatri_rao": (A, Y.T @ Y @ np.ones((2, 3))),
    "diagsvd": (X, 3, 4),
    "toeplitz": (COLUMN, ROW),
}
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    *((name, args, {}) for name, args in PLAIN.items()),
    ("cholesky", (POSITIVE,), {"lower": True}),
    ("cho_solve", ((scipy.linalg.cholesky(POSITIVE), False), X), {}),
    ("solve_triangular", (A, X), {"trans": 1, "lower": True}),
    *(("solve", (A, X), {"assume_a": kind}) for kind in ("gen", "diagonal", "tridiagonal", "upper triangular")),
    *(("solve", (A + A.T, X), {"assume_a": kind, "lower": low}) for kind in ("sym", "her") for low in (False, True)),
    *(("solve", (POSITIVE, Y), {"assume_a": "pos", "lower": low}) for low in (False, True)),
    ("solve", (A, X), {"transposed": True}),
    ("solve_banded", ((1, 2), BAND, np.arange(5.0)), {}),
    ("solveh_banded", (HALF, RNG.normal(size=(5, 2))), {}),
    ("solveh_banded", (HALF[::-1], np.arange(5.0)), {"lower": True}),
    *(("lu_solve", (scipy.linalg.lu_factor(A), Y), {"trans": trans}) for trans in (0, 1, 2)),
    *(("lu", (WIDE,), options) for options in ({"permute_l": True}, {"p_indices": True})),
    *(("qr", (TALL,), {"mode": mode}) for mode in ("economic", "r")),
    ("qr", (A,), {"pivoting": True}),
    ("rq", (WIDE,), {"mode": "economic"}),
    ("polar", (WIDE,), {"side": "left"}),
    ("polar", (WIDE,), {}),
    *(("eigh", (A, OTHER), {"type": kind}) for kind in (1, 2, 3)),
    ("eigh", (A, OTHER), {"lower": False, "subset_by_index": [1, 2]}),
    ("eigvalsh", (POSITIVE,), {"subset_by_value": [20.0, 1000.0]}),
    ("eigh_tridiagonal", (COLUMN, ROW[1:]), {"select": "i", "select_range": (1, 2)}),
    ("fractional_matrix_power", (POSITIVE, 0.3), {}),
    ("fractional_matrix_power", (A, -2), {}),
    ("funm", (POSITIVE, lambda x: x * x + 1), {}),
    ("solve_discrete_lyapunov", (A, E), {"method": "bilinear"}),
    ("eigvals", (POSITIVE, OTHER), {}),
    ("lstsq", (TALL, RIGHT[:, 0]), {}),
    ("convolution_matrix", (COLUMN, 3), {"mode": "same"}),
    ("convolution_matrix", (COLUMN, 6), {"mode": "valid"}),
    ("pinv", (TALL,), {"return_rank": True}),
]


def equal(found: Any, expected: Any) -> None:
    if isinstance(expected, tuple | list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            equal(one, other)
        return
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9)
    assert np.shape(found) == np.shape(expected)


def without_signs(result: Any) -> Any:
    """Eigenvectors are determined but for their signs."""
    return [np.abs(part) for part in result] if isinstance(result, tuple) else np.abs(result)


@pytest.mark.parametrize(("name", "args", "options"), CALLS, ids=lambda x: x if isinstance(x, str) else "")
def test_values_are_those_of_scipy(name: str, args: Any, options: Any) -> None:
    found, expected = getattr(linalg, name)(*args, **options), getattr(scipy.linalg, name)(*args, **options)
    if name == "cho_factor":  # the other triangle holds anything
        found, expected = (np.triu(found[0]), found[1]), (np.triu(expected[0]), expected[1])
    if name in ("eigvals", "eig"):
        found, expected = np.sort(found), np.sort(expected)
    if name.startswith("eig") or name in ("orth", "null_space", "svd"):
        found, expected = without_signs(found), without_signs(expected)
    equal(found, expected)


# Derivatives.


def T(x: Any) -> Any:
    return np.conj(np.swapaxes(x, -1, -2))


def positive(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of a positive-definite matrix as one of any."""
    return lambda a, *rest: f(a @ T(a) + np.eye(len(a)), *rest)


def hermitian(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda a, *rest: f(a + T(a), *rest)


def projected(pair: Any) -> Any:
    """What does not depend on the phases of vectors."""
    w, v = pair
    return w, (v * np.arange(1.0, v.shape[-1] + 1)) @ T(v)


def space(basis: Any) -> Any:
    return basis @ T(basis)


def low(f: Callable[..., Any], n: int, *options: Any) -> Callable[..., Any]:
    return lambda *args: f(*args, *options)[:n]


FUNCTIONS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "cholesky": (positive(linalg.cholesky), (A,)),
    "cho_solve": (positive(lambda a, b: linalg.cho_solve(linalg.cho_factor(a, lower=True), b)), (A, X)),
    "solve-pos": (positive(lambda a, b: linalg.solve(a, b, assume_a="pos")), (A, X)),
    "solve-her": (hermitian(lambda a, b: linalg.solve(a, b, lower=True, assume_a="her")), (A, X)),
    "solve-sym": (lambda a, b: linalg.solve(a, b, assume_a="sym"), (A, X)),
    "solve-diagonal": (lambda a, b: linalg.solve(a, b, assume_a="diagonal"), (A, Y)),
    "solve-tridiagonal": (lambda a, b: linalg.solve(a, b, assume_a="tridiagonal"), (A, Y)),
    "solve-triangular": (lambda a, b: linalg.solve(a, b, assume_a="upper triangular", transposed=True), (A, Y)),
    "solve_banded": (lambda ab, b: linalg.solve_banded((1, 2), ab, b), (BAND, RNG.normal(size=(5, 2)))),
    "solveh_banded": (linalg.solveh_banded, (HALF, np.arange(1.0, 6.0))),
    "solveh_banded-lower": (lambda ab, b: linalg.solveh_banded(ab, b, lower=True), (HALF[::-1], np.arange(1.0, 6.0))),
    "solve_toeplitz": (lambda c, r, b: linalg.solve_toeplitz((c, r), b), (COLUMN, ROW, RIGHT)),
    "solve_toeplitz-column": (lambda c, b: linalg.solve_toeplitz(c, b), (COLUMN, X.sum() * COLUMN)),
    "matmul_toeplitz": (lambda c, b: linalg.matmul_toeplitz(c, b), (COLUMN, RIGHT)),
    "solve_circulant": (linalg.solve_circulant, (COLUMN, RIGHT)),
    "lu_factor": (low(linalg.lu_factor, 1), (A,)),
    "lu_factor-tall": (low(linalg.lu_factor, 1), (TALL,)),
    "lu_factor-wide": (low(linalg.lu_factor, 1), (WIDE,)),
    "lu": (linalg.lu, (A,)),
    "lu_solve": (lambda a, b: linalg.lu_solve(linalg.lu_factor(a), b), (A[::-1], Y)),
    "lu_solve-transposed": (lambda a, b: linalg.lu_solve(linalg.lu_factor(a), b, 2), (A[::-1], X)),
    "qr": (lambda a: linalg.qr(a, mode="economic"), (TALL,)),
    "qr-pivoting": (lambda a: linalg.qr(a, mode="economic", pivoting=True)[:2], (A,)),
    "rq": (linalg.rq, (A,)),
    "polar": (linalg.polar, (TALL,)),
    "polar-left": (lambda a: linalg.polar(a, "left"), (WIDE,)),
    "orthogonal_procrustes": (lambda a: linalg.orthogonal_procrustes(a, B), (A,)),
    "svd": (lambda a: space(linalg.svd(a, full_matrices=False)[0]), (TALL,)),
    "eigh": (hermitian(lambda a: projected(linalg.eigh(a))), (A,)),
    **{
        f"eigh-{kind}": (lambda a, b, kind=kind: projected(linalg.eigh(a + T(a), b @ T(b), type=kind)), (A, B))
        for kind in (1, 2, 3)
    },
    "eigvalsh": (hermitian(linalg.eigvalsh), (A,)),
    "eigh_tridiagonal": (lambda d, e: projected(linalg.eigh_tridiagonal(d, e)), (COLUMN, ROW[1:])),
    "eig_banded": (linalg.eigvals_banded, (HALF,)),
    "expm": (linalg.expm, (E,)),
    "logm": (positive(linalg.logm), (A,)),
    "sqrtm": (positive(linalg.sqrtm), (A,)),
    "signm": (linalg.signm, (E,)),
    "expm_frechet": (linalg.expm_frechet, (E, A / 3)),
    "fractional_matrix_power": (positive(linalg.fractional_matrix_power), (A, 0.3)),
    "funm": (lambda a: linalg.funm(a + T(a), lambda w: w * w), (A,)),
    **{name: (getattr(linalg, name), (E,)) for name in ("cosm", "sinm", "tanm", "coshm", "sinhm", "tanhm")},
    "solve_sylvester": (linalg.solve_sylvester, (A, B, E)),
    "solve_continuous_lyapunov": (linalg.solve_continuous_lyapunov, (A, E)),
    "solve_discrete_lyapunov": (linalg.solve_discrete_lyapunov, (A, E)),
    "solve_discrete_lyapunov-bilinear": (lambda a, q: linalg.solve_discrete_lyapunov(a, q, "bilinear"), (A, E)),
    **{
        f"solve_{kind}_are": (
            lambda a, b, q, r, kind=kind: getattr(linalg, f"solve_{kind}_are")(
                a, b, q @ T(q) + np.eye(3), r @ T(r) + np.eye(2)
            ),
            (A / 4, Y, E, A[:2, :2]),
        )
        for kind in ("continuous", "discrete")
    },
    "pinv": (linalg.pinv, (TALL,)),
    "lstsq": (low(linalg.lstsq, 2), (TALL, RIGHT[:, 0])),
    "det": (linalg.det, (A,)),
    "inv": (positive(lambda a: linalg.inv(a, assume_a="pos")), (A,)),
    "orth": (lambda a: space(linalg.orth(a)), (TALL,)),
    "null_space": (lambda a: space(linalg.null_space(a)), (WIDE,)),
    "subspace_angles": (linalg.subspace_angles, (TALL, TALL[::-1])),
    "circulant": (linalg.circulant, (COLUMN,)),
    "hankel": (linalg.hankel, (COLUMN, ROW)),
    "companion": (linalg.companion, (COLUMN,)),
    "leslie": (linalg.leslie, (COLUMN, ROW[1:])),
    "fiedler": (linalg.fiedler, (np.array([1.0, 3.0, -0.5]),)),
    "convolution_matrix": (lambda a: linalg.convolution_matrix(a, 3), (COLUMN,)),
    "khatri_rao": (linalg.khatri_rao, (A, WIDE[:, :3])),
    "diagsvd": (lambda s: linalg.diagsvd(s, 3, 4), (X,)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_of_both_orders(name: str) -> None:
    f, args = FUNCTIONS[name]
    bp.testing.check_op(f, args, dtypes=("float64",))


# Names, options and errors.


def public(module: Any) -> dict[str, Any]:
    names = [name for name in module.__all__ if inspect.isroutine(getattr(module, name))]
    return {name: getattr(module, name) for name in names}


@pytest.mark.parametrize("name", public(scipy.linalg))
def test_signatures_are_those_of_scipy(name: str) -> None:
    """Each parameter that SciPy has stands in its place; there may be more, of a later version of SciPy."""
    ours = getattr(linalg, name)
    if isinstance(ours, PlainOnly):
        assert ours.function is getattr(scipy.linalg, name)
        return
    if isinstance(ours, bp.Op):
        return
    theirs = [p for p in inspect.signature(getattr(scipy.linalg, name)).parameters if p not in ("disp", "blocksize")]
    assert [p for p in inspect.signature(ours).parameters if p in theirs] == theirs


def test_what_has_no_derivative_takes_plain_values_only() -> None:
    np.testing.assert_array_equal(linalg.schur(A)[0], scipy.linalg.schur(A)[0])
    with pytest.raises(UnknownFunctionError, match=r"scipy.linalg.schur takes no traced values(.|\n)*use eig"):
        bp.grad(lambda a: np.sum(linalg.schur(a)[0]))(A)
    assert linalg.LinAlgError is np.linalg.LinAlgError


@pytest.mark.parametrize(
    "call",
    [
        lambda a: linalg.solve(a, X, assume_a="sparse"),
        lambda a: linalg.qr(a, mode="raw"),
        lambda a: linalg.rq(a[:, :2]),
        lambda a: linalg.pinv(a, atol=0.1),
        lambda a: linalg.eig(a, homogeneous_eigvals=True),
        lambda a: linalg.solve_circulant(a[0], X, singular="lstsq"),
        lambda a: linalg.solve_continuous_are(a, a, a, a, e=a),
        lambda a: linalg.solve_discrete_lyapunov(a, a, method="doubling"),
    ],
)
def test_options_that_do_not_exist_say_what_to_write(call: Any) -> None:
    with pytest.raises(GraphTypeError, match=r"takes no .*\n.*test_linalg.py"):
        bp.grad(lambda a: np.sum(call(a)[0]))(A)


@pytest.mark.parametrize(
    "call",
    [
        lambda a: linalg.solve_banded((1, 1), a, X[:2]),
        lambda a: linalg.solve_toeplitz(a[0], X[:2]),
        lambda a: linalg.solve_circulant(a[0], X[:2]),
        lambda a: linalg.eigh_tridiagonal(a[0], X)[0],
        lambda a: linalg.companion(a),
        lambda a: linalg.khatri_rao(a, a[:, :1]),
        lambda a: linalg.solve_continuous_are(a, a[:2], a, a),
    ],
)
def test_shapes_that_do_not_fit(call: Any) -> None:
    with pytest.raises(ShapeError):
        bp.grad(lambda a: np.sum(call(a)))(A)


def test_an_own_functions_line_is_in_the_error_of_scipys() -> None:
    with pytest.raises(TypeError, match=r"from backprop.scipy import linalg"):
        bp.grad(lambda a: np.sum(scipy.linalg.cholesky(a)))(POSITIVE)
