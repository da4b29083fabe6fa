"""A derivative is right, or NaN or infinite, or an error: never a wrong finite number. Inputs that once broke this."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import scipy.special as sp

import backprop as bp
from backprop.scipy import linalg

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

NAN, INF = np.nan, np.inf
ZEROS, ONES = np.zeros(2), np.ones(3)
W = np.array([[1.0, 2.0], [3.0, 4.0]])


def same(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


def each_way(f: Callable[..., Any], x: Any) -> Iterator[Any]:
    """The gradient of the sum of f(x): in reverse and forward mode, traced and compiled."""

    def total(x: Any) -> Any:
        return np.sum(f(x))

    units = np.eye(np.size(x)).reshape(np.size(x), *np.shape(x))
    for wrapped in (lambda h: h, bp.compile):
        yield wrapped(bp.grad(total))(x)
        yield wrapped(lambda x: bp.vjp(total, x)[1](1.0)[0])(x)
        along = [bp.jvp(wrapped(total), (x,), (unit if np.shape(x) else float(unit),))[1] for unit in units]
        yield np.reshape(along, np.shape(x))


# Two functions that make a smooth one.

SMOOTH = {
    "sqrt squared": (lambda x: np.sqrt(x) ** 2, 0.0, 1.0),
    "sqrt times itself": (lambda x: np.sqrt(x) * np.sqrt(x), 0.0, 1.0),
    "sqrt to the fourth": (lambda x: np.sqrt(x) ** 4, 0.0, 0.0),
    "sqrt cubed": (lambda x: np.sqrt(x) ** 3, 0.0, 0.0),
    "square of sqrt": (lambda x: np.square(np.sqrt(x)), 0.0, 1.0),
    "power of sqrt": (lambda x: np.power(np.sqrt(x), 2.0), 0.0, 1.0),
    "cbrt cubed": (lambda x: np.cbrt(x) ** 3, 0.0, 1.0),
    "exp of log": (lambda x: np.exp(np.log(x)), 0.0, 1.0),
    "exp2 of log2": (lambda x: np.exp2(np.log2(x)), 0.0, 1.0),
    "expm1 of log1p": (lambda x: np.expm1(np.log1p(x)), -1.0, 1.0),
    "cos of arccos": (lambda x: np.cos(np.arccos(x)), 1.0, 1.0),
    "sin of arcsin": (lambda x: np.sin(np.arcsin(x)), 1.0, 1.0),
    "cosh of arccosh": (lambda x: np.cosh(np.arccosh(x)), 1.0, 1.0),
    "tanh of arctanh": (lambda x: np.tanh(np.arctanh(x)), 1.0, 1.0),
    "norm squared": (lambda x: np.linalg.norm(x) ** 2, ZEROS, ZEROS),
    "logistic far left": (lambda x: 1 / (1 + np.exp(-x)), -800.0, 0.0),
    "logistic far right": (lambda x: 1 / (np.exp(-x) + 1.0), 800.0, 0.0),
    "logistic as a power": (lambda x: (1 + np.exp(-x)) ** -1, np.array([-800.0, 0.0]), [0.0, 0.25]),
    "fraction of a logistic": (lambda x: 3.0 / (1 + np.exp(x)), np.array([800.0, 0.0]), [0.0, -0.75]),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_two_functions_that_make_a_smooth_one(name: str) -> None:
    f, x, expected = SMOOTH[name]
    for found in each_way(f, x):
        same(found, expected)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: np.sqrt(x) ** 2, -1.0),
        (lambda x: np.exp(np.log(x)), -1.0),
        (lambda x: np.expm1(np.log1p(x)), -2.0),
        (lambda x: np.cos(np.arccos(x)), 1.5),
        (lambda x: 10.0 ** np.log10(x), 0.0),  # has a value, 0, which says nothing of the slope behind it
    ],
)
def test_where_there_is_no_value_there_is_no_derivative(f: Any, x: float) -> None:
    for found in each_way(f, x):
        assert np.isnan(found)


# Second derivatives.

HESSIANS = {
    "norm squared": (lambda x: np.linalg.norm(x) ** 2, ZEROS, 2 * np.eye(2)),
    "norm squared along an axis": (lambda x: np.linalg.norm(x, axis=-1) ** 2, ZEROS, 2 * np.eye(2)),
    "norm times itself": (lambda x: np.linalg.norm(x) * np.linalg.norm(x), ZEROS, 2 * np.eye(2)),
    "norm cubed": (lambda x: np.linalg.norm(x) ** 3, ZEROS, np.zeros((2, 2))),
    "a smooth function of a norm": (lambda x: np.sqrt(1 + np.linalg.norm(x) ** 2), ZEROS, np.eye(2)),
    "abs squared": (lambda x: np.abs(x) ** 2, 0.0, 2.0),
    "abs times itself": (lambda x: np.abs(x) * np.abs(x), 0.0, 2.0),
    "abs to the fourth": (lambda x: np.abs(x) ** 4, 0.0, 0.0),
    "cos of abs": (lambda x: np.cos(np.abs(x)), 0.0, -1.0),
    "cosh of fabs": (lambda x: np.cosh(np.fabs(x)), 0.0, 1.0),
    "std squared": (lambda x: np.std(x) ** 2, ONES, 2 / 3 * (np.eye(3) - 1 / 3)),
    "hypot squared": (lambda x: np.hypot(x[0], x[1]) ** 2, ZEROS, 2 * np.eye(2)),
    "sqrt squared": (lambda x: np.sqrt(x) ** 2, 0.0, 0.0),
    "exp of log": (lambda x: np.exp(np.log(x)), 0.0, 0.0),
    "std of one": (np.std, 3.5, 0.0),
    "a constant power": (lambda x: x**0, 0.0, 0.0),
    "powers by an array": (lambda x: np.sum(x ** np.array([0.0, 1.0, 2.0])), 0.0, 2.0),
}


@pytest.mark.parametrize("name", HESSIANS)
def test_second_derivative(name: str) -> None:
    f, x, expected = HESSIANS[name]
    size, shape = np.size(x), np.shape(x)
    units = [u.reshape(shape) if shape else float(u[0]) for u in np.eye(size)]
    for wrapped in (lambda h: h, bp.compile):
        same(wrapped(bp.hessian(f))(x), expected)
        same([wrapped(lambda x, v: bp.hvp(f, (x,), v))(x, v) for v in units], np.reshape(expected, (size, *shape)))
        again = [bp.grad(wrapped(lambda x, v: np.sum(bp.grad(f)(x) * v)))(x, v) for v in units]
        same(again, np.reshape(expected, (size, *shape)))


def test_a_fro_norm_squared_has_a_hessian() -> None:
    found = bp.hessian(lambda x: np.linalg.norm(x, "fro") ** 2)(np.zeros((2, 2)))
    same(found.reshape(4, 4), 2 * np.eye(4))


@pytest.mark.parametrize("f", [lambda x: np.exp(-np.linalg.norm(x)), np.linalg.norm, np.std])
def test_no_second_derivative_where_there_is_none(f: Any) -> None:
    x = np.zeros(2)
    hessian = bp.hessian(f)(x)
    assert not np.isfinite(hessian).any()
    for v in (np.ones(2), np.array([1.0, 0.0]), np.array([1.0, -2.0])):
        assert not np.isfinite(bp.hvp(f, (x,), v)).all()


# Conventions hold in forward mode too.


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (np.std, np.ones(3)),
        (np.linalg.norm, np.zeros(3)),
        (lambda x: np.hypot(x[0], x[1]), ZEROS),
        (lambda x: np.arctan2(x[0], x[1]), ZEROS),
        (lambda y: sp.xlogy(0.0, y), 0.0),
        (lambda x: np.abs(x + 0j * x), 0.0),
    ],
)
def test_conventions_in_every_mode(f: Any, x: Any) -> None:
    for found in each_way(f, x):
        same(found, np.zeros(np.shape(x)))


def test_the_angle_of_zero_in_forward_mode() -> None:
    assert bp.jvp(np.angle, (0j,), (1j,))[1] == 0.0
    assert bp.jvp(np.abs, (0j,), (1 + 1j,))[1] == 0.0


def test_arctan2_of_tiny_arguments() -> None:
    same(bp.grad(np.arctan2, (0, 1))(1e-200, 1e-200), (0.5e200, -0.5e200))


def test_remainders_by_the_divisor() -> None:
    for x, y in ((1.0, 0.1), (-7.5, 2.0), (7.5, -2.0), (1e17, 3.0)):
        assert bp.grad(np.fmod, 1)(x, y) == -float(int(x / y) if y != 0.1 else 9)
    assert bp.grad(np.remainder, 1)(1.0, 0.1) == -9.0


# Masks.

FIRST = np.array([True, False, False])

MASKED = {
    "p log p": (lambda p: np.where(p > 0, p * np.log(p), 0), 0.0, 0.0),
    "exp that overflows": (lambda x: np.where(x < 700, np.exp(x), 0), 1000.0, 0.0),
    "nanmean": (lambda x: np.nanmean(x**2), np.array([1.0, NAN]), [2.0, 0.0]),
    "tanh of nan": (lambda x: np.where(np.isnan(x), 0, np.tanh(x)), np.array([NAN, 0.0]), [0.0, 1.0]),
    "minimum of what overflows": (lambda x: np.minimum(np.exp(x), 1.0), 1000.0, 0.0),
    "maximum": (lambda x: np.maximum(-np.exp(x), -1.0), 1000.0, 0.0),
    "clip": (lambda x: np.clip(np.exp(x), 0, 1), 1000.0, 0.0),
    "relu": (lambda x: bp.ops.relu(-np.exp(x)), 1000.0, 0.0),
    "nan_to_num": (lambda x: np.nan_to_num(np.log(x)), np.array([-1.0, 2.0]), [0.0, 0.5]),
    "a slice": (lambda x: np.sqrt(x)[1:], np.array([0.0, 1.0]), [0.0, 0.5]),
    "a slice of what overflows": (lambda x: np.exp(x)[1:], np.array([1000.0, 0.0]), [0.0, 1.0]),
    "an element": (lambda x: np.log(x)[-1], np.array([0.0, 1.0]), [0.0, 1.0]),
    "elements": (lambda x: np.sqrt(x)[[1, 1]], np.array([0.0, 1.0]), [0.0, 1.0]),
    "the largest": (lambda x: np.max(np.sqrt(x)), np.array([0.0, 1.0]), [0.0, 0.5]),
    "the sorted": (lambda x: np.sort(np.sqrt(x))[-1], np.array([0.0, 1.0]), [0.0, 0.5]),
    "a triangle": (
        lambda x: np.tril(np.sqrt(x)),
        np.array([[1.0, 0.0], [1.0, 1.0]]),
        [[0.5, 0.0], [0.5, 0.5]],
    ),
    "select": (lambda x: np.select([x > 1, x > 0], [np.log(x), x], 0), np.array([-1.0, 0.5, 2.0]), [0.0, 1.0, 0.5]),
    "a convolution": (
        lambda x: np.where(FIRST, np.convolve(1 / x, 1 / x)[:3], 0),
        np.array([2.0, 0.0, 1.0]),
        [-0.25, 0, 0],
    ),
    "a running product": (lambda x: np.where(FIRST, np.cumprod(1 / x), 0), np.array([2.0, 0.0, 1.0]), [-0.25, 0, 0]),
    "a running product from the end": (
        lambda x: np.where(FIRST, np.cumprod((1 / x)[::-1])[::-1][::-1], 0),
        np.array([1.0, 0.0, 2.0]),
        [0, 0, -0.25],
    ),
    "a recurrence": (
        lambda x: np.where(FIRST, bp.ops.recurrence(1 / x, np.log(x), axis=0, reverse=False), 0),
        np.array([2.0, 0.0, 1.0]),
        [0.5, 0, 0],
    ),
    "a condition of ints": (lambda x: np.where(np.array([2, 0, 1]), x, 0), np.ones(3), [1.0, 0.0, 1.0]),
    "a condition of floats": (lambda x: np.where(np.array([2.0, 0.0, NAN]), x, 0), np.ones(3), [1.0, 0.0, 1.0]),
}


@pytest.mark.parametrize("name", MASKED)
def test_what_a_mask_shuts_out_is_zero(name: str) -> None:
    f, x, expected = MASKED[name]
    for found in each_way(f, x):
        same(found, expected)


FUNCTIONS = [
    lambda x: x * x * x,
    lambda x: x**3,
    lambda x: x / (x - 3.0),
    lambda x: x**2.5,
    np.expm1,
    np.sinh,
    np.cosh,
    np.tan,
    np.arccosh,
    np.sinc,
    sp.gamma,
    sp.i0,
    sp.erfinv,
    sp.psi,
    sp.entr,
]


@pytest.mark.parametrize("f", FUNCTIONS)
@pytest.mark.parametrize("hidden", [1e4, 1e200, INF, -INF, NAN, 0.0])
def test_functions_under_a_mask(f: Any, hidden: float) -> None:
    x = np.array([hidden, 2.0])
    seen = np.array([False, True])
    for found in each_way(lambda x: np.where(seen, f(x), 0), x):
        assert found[0] == 0
        np.testing.assert_allclose(found[1], bp.grad(f)(2.0), rtol=1e-12)
    second = bp.hessian(lambda x: np.sum(np.where(seen, f(x), 0)))(x)
    np.testing.assert_allclose(second, [[0.0, 0.0], [0.0, bp.grad(bp.grad(f))(2.0)]], rtol=1e-12)


def test_a_masked_row_does_not_leak_through_a_product() -> None:
    rows = np.array([[1.0, 2.0], [NAN, 3.0], [4.0, 5.0]])
    seen = np.array([True, False, True])
    masks: list[Callable[[Any], Any]] = [lambda y: np.isnan(y), lambda y: ~seen if y.ndim == 1 else ~seen[:, None]]
    for hide in masks:
        for w in (np.ones(2), np.ones((2, 3)), np.ones((4, 2, 3))):
            found = bp.grad(lambda w, hide=hide: np.sum(np.where(hide(rows @ w), 0, rows @ w)))(w)
            same(found, np.broadcast_to(np.array([5.0, 7.0])[:, None] if w.ndim > 1 else [5.0, 7.0], w.shape))


def test_a_masked_column_does_not_leak_through_a_product() -> None:
    columns = np.array([[1.0, NAN, 4.0], [2.0, 3.0, 5.0]])
    seen = np.array([True, False, True])
    for a in (np.ones(2), np.ones((3, 2)), np.ones((4, 3, 2))):
        for hide in (lambda y: np.isnan(y), lambda y: ~seen):
            found = bp.grad(lambda a, hide=hide: np.sum(np.where(hide(a @ columns), 0, a @ columns)))(a)
            same(found, np.broadcast_to([5.0, 7.0], a.shape))


# What rounding leaves is taken for no direction.


@pytest.mark.parametrize("c", [0.1, 1.1, 1e10 / 3])
@pytest.mark.parametrize("n", [2, 3, 5, 7])
@pytest.mark.parametrize(
    "f", [np.std, np.nanstd, lambda x: np.std(np.std(x) * np.ones(3)), lambda x: np.sqrt(np.var(x))]
)
def test_equal_elements_do_not_deviate_whatever_rounding_says(f: Any, n: int, c: float) -> None:
    x = np.full(n, c)
    for found in each_way(f, x):
        assert np.isnan(found).all() or not np.any(found)


@pytest.mark.parametrize("f", [np.std, np.nanstd])
def test_elements_that_differ_by_a_unit_in_the_last_place_do_deviate(f: Any) -> None:
    x = np.array([1.0, np.nextafter(1.0, 2.0)])
    for found in each_way(f, x):
        same(found, [-0.5, 0.5])


def test_a_jacobian_through_a_scan_over_a_pole_is_right_or_nan() -> None:
    def roots(x: Any) -> Any:
        return bp.scan(lambda c, _: (np.sqrt(c), c), x, np.arange(2.0))[0]

    def chosen(x: Any) -> Any:
        return bp.scan(lambda c, _: (np.where(c > 0, np.sqrt(c), 0), c), x, np.arange(2.0))[0]

    x, slope = np.array([0.0, 16.0]), 0.25 * 16.0**-0.75
    same(bp.jacobian(chosen)(x), [[0.0, 0.0], [0.0, slope]])
    found, true = bp.jacobian(roots)(x), np.array([[INF, 0.0], [0.0, slope]])
    assert np.all(np.isnan(found) | np.isclose(found, true))
    assert np.isclose(found[1, 1], slope)


# Decompositions.


def along_the_sum(f: Any, x: Any, step: float = 1e-6) -> Any:
    """Central differences of the sum of f(x)."""
    units = np.eye(x.size).reshape(x.size, *x.shape)
    return np.reshape([(np.sum(f(x + step * u)) - np.sum(f(x - step * u))) / (2 * step) for u in units], x.shape)


SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])
DEGENERATE = np.stack([np.eye(2), SINGULAR, np.zeros((2, 2)), np.diag([1.0, 0.0]), W + W.T])


def exponential(x: Any) -> Any:
    w, v = np.linalg.eigh(x)
    return (v * np.exp(w)[..., None, :]) @ np.swapaxes(v, -1, -2) * W


def put_together(x: Any) -> Any:
    u, s, v = np.linalg.svd(x)
    return (u * s[..., None, :]) @ v * W


@pytest.mark.parametrize("f", [exponential, put_together])
def test_functions_of_matrices_of_a_stack_have_the_derivatives_of_each(f: Any) -> None:
    each = np.stack([bp.grad(lambda x: np.sum(f(x)))(x) for x in DEGENERATE])
    assert np.all(np.isfinite(each))
    for found in each_way(f, DEGENERATE):
        np.testing.assert_allclose(found, each, rtol=1e-9, atol=1e-9)


def share_by_share(x: Any) -> Any:
    u, s, v = np.linalg.svd(x)
    return (s[0] * np.outer(u[:, 0], v[0]) + s[1] * np.outer(u[:, 1], v[1])) * W


def value_by_value(x: Any) -> Any:
    w, v = np.linalg.eigh(x)
    return (w[0] * np.outer(v[:, 0], v[:, 0]) + w[1] * np.outer(v[:, 1], v[:, 1])) * W


@pytest.mark.parametrize("x", [np.zeros((2, 2)), np.eye(2), SINGULAR], ids=["zero", "equal", "singular"])
def test_equal_values_or_zeros_beside_their_vectors_have_no_derivative_of_their_own(x: Any) -> None:
    for found in each_way(share_by_share, x):
        assert np.all(np.isnan(found))
    for found in each_way(value_by_value, x):
        assert np.all(np.isnan(found)) or x is SINGULAR


@pytest.mark.parametrize("x", [SINGULAR, np.array([[3.0, 0.0], [4.0, 0.0]]), np.array([[3.0]])])
def test_the_last_column_of_a_square_q_follows_from_the_others(x: Any) -> None:
    weights = W[: len(x), : len(x)]
    for f in (
        lambda x: np.linalg.qr(x)[0] * weights,
        lambda x: np.linalg.qr(x)[1] * weights,
        lambda x: np.matmul(*np.linalg.qr(x)) * weights,
    ):
        expected = along_the_sum(f, x)
        for found in each_way(f, x):
            np.testing.assert_allclose(found, expected, atol=1e-5)


def turned(x: Any) -> Any:
    u, _, v = np.linalg.svd(x)
    return u @ v * W


@pytest.mark.parametrize("f", [turned, lambda x: linalg.polar(x)[0] * W], ids=["svd", "polar"])
@pytest.mark.parametrize("x", [SINGULAR, SINGULAR + 0j, np.diag([3.0, 0.0])], ids=["real", "complex", "diagonal"])
def test_the_nearest_orthogonal_matrix_jumps_at_a_singular_one(f: Any, x: Any) -> None:
    def total(x: Any) -> Any:
        return np.sum(np.real(f(x)))

    with pytest.warns(RuntimeWarning, match="jumps|rank is not full"):
        assert np.all(np.isnan(bp.grad(total)(x)))
    with pytest.warns(RuntimeWarning, match="jumps|rank is not full"):
        assert np.all(np.isnan(bp.grad(lambda x: np.real(f(x)[0, 1]))(x)))
    with pytest.warns(RuntimeWarning, match="jumps|rank is not full"):
        assert np.isnan(bp.jvp(total, (x,), (np.ones_like(x),))[1])


@pytest.mark.parametrize("x", [np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]), SINGULAR], ids=["tall", "square"])
def test_the_vector_of_a_singular_value_0_alone_is_determined(x: Any) -> None:
    def null_space(x: Any) -> Any:
        v = np.linalg.svd(x, full_matrices=False)[2][1]
        return np.outer(v, v) * W

    for found in each_way(null_space, x):
        np.testing.assert_allclose(found, along_the_sum(null_space, x), atol=1e-8)


STACKED = {
    "eigh": lambda x: np.linalg.eigh(x)[1],
    "eig": lambda x: np.real(np.linalg.eig(x)[1]),
    "svd": lambda x: np.linalg.svd(x)[0],
    "U V^H": lambda x: np.matmul(*np.linalg.svd(x)[::2]),
    "qr": lambda x: np.linalg.qr(x)[0],
    "complete qr": lambda x: np.linalg.qr(x[..., :1], "complete")[0],
}


@pytest.mark.parametrize("f", STACKED.values(), ids=STACKED)
def test_forward_mode_is_nan_matrix_by_matrix(f: Any) -> None:
    value, pullback = bp.vjp(f, DEGENERATE)
    count, n = value.size, len(DEGENERATE)
    reverse = np.stack([pullback(unit.reshape(value.shape))[0].ravel() for unit in np.eye(count)])
    units = np.eye(DEGENERATE.size).reshape(-1, *DEGENERATE.shape)
    forward = np.stack([bp.jvp(f, (DEGENERATE,), (unit,))[1].ravel() for unit in units], 1)
    assert np.any(np.isnan(forward))
    assert np.any(np.isfinite(forward[forward != 0]))
    for i, rows in enumerate(forward.reshape(n, -1, n, 4)):
        others = np.delete(rows, i, 1)
        np.testing.assert_array_equal(others, 0.0)
    both = np.isfinite(reverse) & np.isfinite(forward)
    np.testing.assert_allclose(forward[both], reverse[both], atol=1e-14)
