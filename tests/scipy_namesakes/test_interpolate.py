"""`backprop.scipy.interpolate` has SciPy's values, plain and traced, and derivatives by values, points and places."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import scipy.interpolate
import scipy.sparse.linalg

import backprop as bp
from backprop.errors import GraphTypeError, OutOfRangeError, ShapeError, UnknownFunctionError
from backprop.scipy import interpolate
from tests.scipy_namesakes.agreement import Case, agrees, agrees_with_jax, is_differentiable, needs_jax

rng = np.random.default_rng(0)


def of(*shape: int) -> Any:
    return rng.normal(size=shape)


X = np.array([0.0, 0.7, 1.5, 2.9, 4.0, 5.2])
AT = np.linspace(-1, 7, 23)
FEW = np.array([0.3, 1.9, 4.4])
TABLE = rng.uniform(0, 5, (2, 3))
KNOTS = np.array([0.0, 0, 0, 0, 1, 2.2, 5, 5, 5, 5])


def same(f: Callable[..., Any], *operands: Any, rtol: float = 1e-9, atol: float = 1e-10) -> None:
    """Fail where ours and SciPy's, a function of the module and operands, are not the same, plain and traced."""
    try:
        expected = np.asarray(f(scipy.interpolate, *operands))
    except (ValueError, NotImplementedError):
        with pytest.raises((ShapeError, OutOfRangeError)):
            f(interpolate, *operands)
        return
    for found in (f(interpolate, *operands), bp.evaluate(lambda *xs: f(interpolate, *xs))(*operands)):
        assert np.shape(found) == expected.shape
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol)


def jax_grid(x: Any, y: Any, values: Any, at: Any) -> Any:
    made = importlib.import_module("jax.scipy.interpolate").RegularGridInterpolator
    return made((x, y), values)(at)


GRID = (X[:3], np.array([0.0, 2, 3]), of(3, 3), rng.uniform(0.1, 1.4, (3, 2)))
CASES = {
    "PPoly": Case(lambda c, x, q: interpolate.PPoly(c, x)(q, 1), (of(4, 3, 2), X[:4], FEW)),
    "PPoly.integrate": Case(
        lambda c, x, a, b: interpolate.PPoly(c, x, "periodic").integrate(a, b), (of(3, 3), X[:4], 0.4, 6.1)
    ),
    "CubicSpline": Case(lambda x, y, q: interpolate.CubicSpline(x, y)(q), (X, of(6), FEW)),
    "CubicSpline of ends": Case(
        lambda x, y, d: interpolate.CubicSpline(x, y, bc_type=((1, d), (2, d))).integrate(0, 3), (X, of(6), 0.3)
    ),
    "CubicSpline of a period": Case(
        lambda x, y: interpolate.CubicSpline(x, np.concatenate([y, y[:1]]), bc_type="periodic")(FEW), (X, of(5))
    ),
    "CubicHermiteSpline": Case(lambda x, y, d: interpolate.CubicHermiteSpline(x, y, d)(FEW), (X, of(6), of(6))),
    "PchipInterpolator": Case(lambda x, y, q: interpolate.PchipInterpolator(x, y)(q), (X, X**2 + 0.1 * of(6), FEW)),
    "Akima1DInterpolator": Case(lambda x, y, q: interpolate.Akima1DInterpolator(x, y)(q), (X, of(6), FEW)),
    "makima": Case(lambda x, y, q: interpolate.Akima1DInterpolator(x, y, method="makima")(q), (X, of(6), FEW)),
    "BSpline": Case(lambda t, c, q: interpolate.BSpline(t, c, 3)(q), (KNOTS + 1e-2 * np.arange(10), of(6), FEW)),
    "BSpline.derivative": Case(lambda c, q: interpolate.BSpline(KNOTS, c, 3).derivative()(q), (of(6, 2), FEW)),
    "BSpline.integrate": Case(lambda c, b: interpolate.BSpline(KNOTS, c, 3).integrate(0.3, b), (of(6), 4.4)),
    "make_interp_spline": Case(lambda x, y, q: interpolate.make_interp_spline(x, y)(q), (X, of(6), FEW)),
    "make_interp_spline of ends": Case(
        lambda y, d: interpolate.make_interp_spline(X, y, bc_type=([(1, d)], [(2, d)]))(FEW), (of(6), 0.3)
    ),
    "make_lsq_spline": Case(
        lambda x, y, w: interpolate.make_lsq_spline(x, y, KNOTS[[0, 1, 2, 3, 6, 7, 8, 9]], w=w)(FEW),
        (np.linspace(0.1, 4.9, 7), of(7), rng.uniform(1, 2, 7)),
    ),
    "RegularGridInterpolator": Case(
        lambda x, y, v, q: interpolate.RegularGridInterpolator((x, y), v)(q), GRID, jax_grid
    ),
    "RegularGridInterpolator of splines": Case(
        lambda x, y, v, q: interpolate.RegularGridInterpolator((x, y), v, "cubic")(q),
        (X, X[:4], of(6, 4), rng.uniform(0.1, 1.4, (3, 2))),
    ),
    "interpn": Case(lambda v, q: interpolate.interpn(GRID[:2], v, q), GRID[2:]),
    "interp1d": Case(lambda x, y, q: interpolate.interp1d(x, y)(q), (X, of(6), FEW)),
    "interp1d beyond": Case(
        lambda y, low: interpolate.interp1d(X, y, bounds_error=False, fill_value=(low, 2.0))(AT), (of(6), 0.3)
    ),
    "interp1d of degree 2": Case(lambda y: interpolate.interp1d(X, y, "quadratic")(FEW), (of(6),)),
}


@pytest.mark.parametrize("name", CASES)
def test_an_interpolant_is_differentiable_twice(name: str) -> None:
    is_differentiable(CASES[name])


@needs_jax
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.jax])
def test_a_gradient_is_that_of_jax(name: str) -> None:
    agrees_with_jax(CASES[name])


# Values, option by option.


@pytest.mark.parametrize("extrapolate", [True, False, "periodic", None])
def test_piecewise_polynomials_are_those_of_scipy(extrapolate: Any) -> None:
    for axis, shape in ((0, (4, 5, 3)), (1, (3, 4, 5, 2))):
        c = of(*shape)
        for nu in (0, 1, 4):
            same(lambda M, c, x, nu=nu, axis=axis: M.PPoly(c, x, extrapolate, axis)(AT, nu), c, X)
        same(lambda M, c, x, axis=axis: M.PPoly(c, x, extrapolate, axis).antiderivative(2)(TABLE), c, X)
        for ends in ((0.3, 4.1), (6.3, -4.1)):
            same(lambda M, c, x, axis=axis, ends=ends: M.PPoly(c, x, extrapolate, axis).integrate(*ends), c, X)
    same(lambda M, c, x: M.PPoly(c, x), of(4, 4), X)


SLOPE = (1, of(2))
ENDS = (
    *("not-a-knot", "natural", "clamped", "periodic", (SLOPE, (2, of(2))), ("natural", SLOPE)),
    *(("not-a-knot", "clamped"), (SLOPE, "not-a-knot"), "odd"),
)


@pytest.mark.parametrize("ends", ENDS, ids=str)
@pytest.mark.parametrize("n", [2, 3, 4, 6])
def test_cubic_splines_are_those_of_scipy(ends: Any, n: int) -> None:
    y = of(n, 2)
    y[-1] = y[0] if ends == "periodic" else y[-1]
    for q in (AT, TABLE):
        same(lambda M, x, y, q: M.CubicSpline(x, y, 0, ends)(q), X[:n], y, q)


@pytest.mark.parametrize("n", [2, 3, 4, 6])
def test_cubics_of_slopes_are_those_of_scipy(n: int) -> None:
    y = of(2, n)
    same(lambda M, x, y: M.CubicSpline(x, y, 1)(TABLE, 1), X[:n], y)
    same(lambda M, x, y: M.PchipInterpolator(x, y, 1)(TABLE), X[:n], y)
    same(lambda M, x, y, d: M.CubicHermiteSpline(x, y, d, 1)(TABLE), X[:n], y, of(2, n))
    for method in ("akima", "makima", "odd") if n > 2 else ():  # of two points SciPy 1.15 makes another curve
        same(lambda M, x, y, method=method: M.Akima1DInterpolator(x, y, 1, method=method)(AT), X[:n], y)


def test_cubics_over_flat_parts_are_those_of_scipy() -> None:
    same(lambda M, y: M.PchipInterpolator(X, y)(AT), np.array([0.0, 0, 1, 3, 2, 2]))
    same(lambda M, y: M.Akima1DInterpolator(X, y)(AT), np.array([0.0, 0, 1, 1, 2, 2]))


@pytest.mark.parametrize("k", range(6))
def test_splines_are_those_of_scipy(k: int) -> None:
    t = np.r_[[0] * (k + 1), 1.0, 2.2, 3, [5] * (k + 1)]
    n = len(t) - k - 1
    for extrapolate in (True, False, "periodic"):
        for nu in (0, 1, k):
            same(lambda M, t, c, nu=nu, e=extrapolate: M.BSpline(t, c, k, e)(AT, nu), t, of(n, 2))
        same(lambda M, t, c, e=extrapolate: M.BSpline(t, c, k, e).integrate(6.3, 1.3), t, of(n))
    same(lambda M, t, c: M.BSpline(t, c, k, axis=1).antiderivative(2)(TABLE), t, of(2, n))
    x = np.sort(rng.uniform(0.2, 4.8, 9))
    x[[0, -1]] = 0, 5
    same(lambda M, x, y: M.make_interp_spline(x, y, k, axis=1)(TABLE, 1), x, of(2, 9), rtol=1e-7)
    inner = np.r_[[0] * (k + 1), 2.5, [5.0] * (k + 1)]
    same(lambda M, x, y, w: M.make_lsq_spline(x, y, inner, k, w)(TABLE), x, of(9), rng.uniform(1, 2, 9), rtol=1e-6)


@pytest.mark.parametrize("ends", ["natural", "clamped", "not-a-knot", ([SLOPE], [(2, of(2))])], ids=str)
def test_splines_with_conditions_are_those_of_scipy(ends: Any) -> None:
    same(lambda M, x, y: M.make_interp_spline(x, y, 3, bc_type=ends)(FEW), X, of(6, 2), rtol=1e-7)


@pytest.mark.parametrize("method", ["linear", "nearest"])
def test_grids_are_those_of_scipy(method: str) -> None:
    y, inside = np.array([3.0, 2, 0]), np.stack([rng.uniform(0, 5, 9), rng.uniform(0, 3, 9)], -1)
    for values in (of(6, 3), of(6, 3, 2)):
        same(lambda M, x, v, q: M.RegularGridInterpolator((x, y), v, method)(q), X, values, inside)
        for fill in (np.nan, 3.0, None):
            same(
                lambda M, v, q, fill=fill: M.interpn((X, y[::-1]), v, q, method, False, fill),
                values,
                np.concatenate([inside, 2 * inside - 1]).reshape(2, 9, 2),
            )
        same(lambda M, v, q: M.RegularGridInterpolator((X, y), v, method)(q), values, 3 * inside)
    same(lambda M, v, a, b: M.RegularGridInterpolator((X, y), v, method)((a, b)), of(6, 3), FEW[:, None], FEW[:2] / 2)
    same(lambda M, v, q: M.RegularGridInterpolator((X,), v, method)(q), of(6), FEW)


@pytest.mark.parametrize("method", ["slinear", "cubic", "quintic"])
def test_splines_on_grids_are_those_of_scipy(method: str) -> None:
    inside, y = rng.uniform(0, 3, (4, 5, 2)), X[::-1].copy() * 0.7
    exact = {"solver": scipy.sparse.linalg.spsolve}  # SciPy's own iterates up to six digits
    for values in (of(6, 6), of(6, 6, 2)):
        same(lambda M, v, q: M.RegularGridInterpolator((X, y), v, method, **exact)(q), values, inside)
        for fill in (None, 7.0):
            same(
                lambda M, v, q, f=fill: M.RegularGridInterpolator((X, y), v, method, False, f, **exact)(q),
                values,
                inside * 3 - 1,
                rtol=1e-8,
            )
        same(lambda M, v, q: M.RegularGridInterpolator((X, y), v, method)(q), values, 3 * inside)
    at = rng.uniform(0, 5, (3, 3))
    same(lambda M, v, q: M.interpn((X, X, X), v, q, method), of(6, 6, 6), at, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["linear", "nearest", "nearest-up", "previous", "next", "zero", "cubic", 2])
def test_lines_are_those_of_scipy(kind: Any) -> None:
    order = rng.permutation(6)
    same(lambda M, x, y: M.interp1d(x, y, kind)(TABLE), X[order], of(2, 6))
    same(lambda M, x, y: M.interp1d(x, y, kind, 0)(np.r_[X, (X[1:] + X[:-1]) / 2]), X, of(6))
    same(lambda M, x, y: M.interp1d(x, y, kind)(AT), X, of(6))
    for fill in ("extrapolate", 2.0, (1.0, 2.0)):
        same(lambda M, y, fill=fill: M.interp1d(X, y, kind, bounds_error=False, fill_value=fill)(AT), of(2, 6))


# What is refused, and a module as a whole.


def test_what_is_not_there_is_refused_with_what_to_write() -> None:
    with pytest.raises(GraphTypeError, match=r"there is no method 'pchip' here\n.*PchipInterpolator"):
        interpolate.RegularGridInterpolator((X,), of(6), "pchip")
    with pytest.raises(ShapeError, match=r"CubicSpline: the points do not ascend\n.*test_interpolate\.py.*\n.*sort"):
        bp.evaluate(lambda x: interpolate.CubicSpline(x, of(6))(1.0))(X[::-1].copy())
    with pytest.raises(UnknownFunctionError, match="how many roots there are depends on them"):
        bp.evaluate(lambda y: interpolate.CubicSpline(X, y).roots())(of(6))
    with pytest.raises(UnknownFunctionError, match=r"splrep takes no traced values: .*\n.*\n.*make_interp_spline"):
        bp.evaluate(lambda y: interpolate.splrep(X, y))(of(6))
    for name in ("RBFInterpolator", "UnivariateSpline", "LinearNDInterpolator", "BarycentricInterpolator", "lagrange"):
        with pytest.raises(UnknownFunctionError, match=rf"{name} takes no traced values: .*\n.*\n"):
            bp.evaluate(lambda y, name=name: getattr(interpolate, name)(X, y))(of(6))
    plain = interpolate.RBFInterpolator(X[:, None], of(6))
    assert isinstance(plain, scipy.interpolate.RBFInterpolator)
    y = X**2 - 3
    np.testing.assert_array_equal(interpolate.CubicSpline(X, y).roots(), scipy.interpolate.CubicSpline(X, y).roots())


def test_a_call_of_scipys_own_class_points_to_ours() -> None:
    with pytest.raises(bp.errors.TracedConversionError, match=r"from backprop\.scipy import interpolate"):
        bp.evaluate(lambda y: scipy.interpolate.CubicSpline(X, y)(1.0))(of(6))


def test_interpn_of_plain_values_is_scipys() -> None:
    agrees(lambda v: interpolate.interpn((X,), v, FEW), of(6))


def of_the_module(module: ModuleType) -> set[str]:
    return {name for name, f in vars(module).items() if getattr(f, "__module__", "").startswith(module.__name__)}


def test_each_name_has_a_case() -> None:
    assert of_the_module(interpolate) <= {name.partition(" ")[0] for name in CASES}
