"""Arrays of traced numbers, and data that stays data: what NumPy makes of Vars without asking them for a function."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.signal
import scipy.special
import xarray as xr

import backprop as bp
from backprop.errors import BackpropError
from backprop.scipy import interpolate, linalg, ndimage, signal, special, stats

X = np.array([0.5, -2.0, 3.0])
A = np.arange(9.0).reshape(3, 3) + np.eye(3)
ROWS = np.arange(12.0).reshape(4, 3)
LABELS = np.array([0, 1, 1, 2])

Function = Callable[..., Any]


def of_elements(x: Any) -> Any:
    a, b = x[0] * x[1], x[2]
    angle = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    return (
        np.array([a, b]),
        np.array([[a, 1.0], [b * a, 2]]).T,
        np.array([x, 2 * x]) @ x,
        np.r_[x, 1.0, a],
        np.c_[x, x**2],
        np.full(3, a),
        np.asarray(x) * 2,
        np.sum([a, b]),
        np.max([a, b]),
        A @ np.array([a, b, 1.0]),
        angle @ np.array([1.0, b]),
        np.exp(np.array([a, b])) + np.sqrt(np.array([b, b])),
        np.linalg.norm([a, b]),
        np.linalg.solve(np.array([[a, 1.0], [1.0, b]]), x[:2]),
        np.concatenate([[a], np.array([b]), x]),
        np.stack([np.array([a, b]), np.zeros(2)]),
        np.where([True, False], np.array([a, b]), 0),
        np.outer([a, b], x),
        np.diag([a, b]),
    )


def by_data(x: Any, rows: Any, labels: Any) -> Any:
    total = 0.0
    for k in np.unique(labels):
        total = total + np.sum((rows[labels == k] @ x) ** 2)
    return (
        total,
        np.eye(3)[labels] @ x,
        np.arange(labels.max() + 1) * x,
        rows[rows[:, 0] > 2] @ x,
        np.bincount(labels) * x,
        np.repeat(x, labels[:3]),
        x[labels.tolist()] * int(labels[3]),
    )


def by_values(x: Any) -> Any:
    return (
        x[x > 0] ** 2,
        x[np.where(x > 0)] * 2,
        x[np.nonzero(x < 1)[0]],
        x[np.flatnonzero(x)],
        np.argwhere(x > 0) * x[0],
        np.unique(np.concatenate([x, x])) * np.arange(3),
        np.compress(x > 0, x),
        np.extract(x > 0, x),
        np.delete(x, np.argmax(x)),
        np.setdiff1d(x, [9.0]),
        np.outer(x, x)[np.outer(x, x) > 0],
    )


def written(x: Any) -> Any:
    """Arrays of elements that are written to, as by NumPy: in place, so that other names and views see it."""
    a, b = np.array([2 * x[0], x[1], 3.0]), np.array([[x[0], x[1]], [3.0, x[2]]])
    name = a
    a += x[1]
    a[:2] *= x[:2]
    a[[0, 2]] += x[2]
    a[np.array([True, False, True])] -= x[:2]
    a[a > 100.0] += x[1]  # none of them
    b[np.array([True, False]), 1] = x[1] * 5
    b[1] = x[:2]
    b[[0], :] = np.exp(x[1:])
    np.add(b, x[0], out=b)
    return name, b


def written_by_functions(x: Any) -> Any:
    """The same by functions of NumPy's that write into an argument."""
    a, b = np.array([2 * x[0], x[1], 3.0]), np.array([[x[0], x[1]], [3.0, x[2]]])
    np.copyto(a, x * x, where=[True, False, True])
    np.add.at(a, [0, 0, 1], x[1])
    np.put(a, [1], x[0] * 3)
    np.place(a, x > 2.0, [x[1]])
    np.putmask(a, np.array([True, False, False]), 2 * x)
    np.fill_diagonal(b, x[:2])
    np.put_along_axis(b, np.array([[1], [0]]), np.exp(x[:2])[:, None], 1)
    a.sort()
    return a, b


def in_namesakes(x: Any) -> Any:
    """Functions of ours that take arrays of elements, where NumPy's and SciPy's have no road."""
    r = np.r_[x, x[0]]
    return (
        linalg.solve(np.diag(np.arange(2.0, 6.0)) + 0.1, r),
        interpolate.CubicSpline(np.arange(4.0), r, bc_type="periodic")(np.array([0.3, 1.2])),
        stats.norm.logpdf(r, 0.5, 2.0),
        signal.lfilter([1.0], [1.0, 0.5], r),
        ndimage.gaussian_filter1d(r, 1.0),
        special.gammaln(2 + r**2),
        bp.ops.logsumexp(r),
        bp.ops.sigmoid(r),
    )


def total(f: Function) -> Function:
    """The sum of the squares of all results of a function."""
    return lambda *args: sum([np.sum(part**2) for part in f(*args)])


PROGRAMS: dict[str, tuple[Function, tuple[Any, ...]]] = {
    "elements": (of_elements, (X,)),
    "data": (by_data, (X, ROWS, LABELS)),
    "values": (by_values, (X,)),
    "written": (written, (X,)),
    "written by functions": (written_by_functions, (X,)),
    "namesakes": (in_namesakes, (X,)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_values_are_numpys(name: str) -> None:
    f, args = PROGRAMS[name]
    for found, expected in zip(bp.compile(f)(*args), f(*args), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)
        assert np.shape(found) == np.shape(expected)


@pytest.mark.parametrize("name", PROGRAMS)
def test_derivatives_are_those_of_differences(name: str) -> None:
    f, (x, *rest) = PROGRAMS[name]
    steps = 1e-6 * np.eye(3)
    expected = [(total(f)(x + step, *rest) - total(f)(x - step, *rest)) / 2e-6 for step in steps]
    compiled = bp.compile(bp.grad(total(f)))
    for gradient in (bp.grad(total(f)), compiled, compiled):
        np.testing.assert_allclose(gradient(x, *rest), expected, rtol=1e-6)
    assert compiled.traces == 1


def test_a_mask_is_guarded_by_its_count() -> None:
    compiled = bp.compile(bp.grad(lambda x: np.sum(x[x > 0] ** 2)))
    for x in (X, X[::-1], np.array([1.0, 1.0, -1.0])):
        np.testing.assert_array_equal(compiled(x), np.where(x > 0, 2 * x, 0))
    assert compiled.traces == 1
    np.testing.assert_array_equal(compiled(np.abs(X)), 2 * np.abs(X))
    assert compiled.traces == 2


def test_data_is_guarded_by_its_content() -> None:
    compiled = bp.compile(bp.grad(lambda w, labels: np.sum((np.eye(3)[labels] @ w) ** 2)))
    for labels, traces in ((LABELS, 1), (LABELS.copy(), 1), (LABELS[::-1], 2)):
        np.testing.assert_array_equal(compiled(X, labels), 2 * X * np.bincount(labels))
        assert compiled.traces == traces


def test_an_array_of_the_elements_of_a_var_is_that_var() -> None:
    graph = bp.compile(lambda x: np.asarray(x) @ x).graph(X)
    assert [node.op.name for node in graph.nodes] == ["matmul"]


def test_tables_and_columns_are_arrays_beside_traced_values() -> None:
    frame = pd.DataFrame({"a": X, "b": X**2})
    grid = xr.DataArray(X, dims="x")

    def f(x: Any) -> Any:
        column = frame["a"]
        return (
            column * x + x / column - (x - frame["b"]),
            np.multiply(column, x) + np.arctan2(x, column),
            np.where(frame["a"] > 0, x, frame["b"]),
            frame.to_numpy().T @ x + x @ frame,
            np.dot(frame.T, x) + np.sum(x * column),
            np.concatenate([column, x]),
            x * grid + np.add(x, grid),
            x @ column**2,
            (frame["a"] > 0) * x,
        )

    def plain(x: Any) -> Any:
        a, b = X, X**2
        m = np.stack([a, b], 1)
        return (
            a * x + x / a - (x - b),
            a * x + np.arctan2(x, a),
            np.where(a > 0, x, b),
            m.T @ x + x @ m,
            m.T @ x + np.sum(x * a),
            np.concatenate([a, x]),
            x * X + x + X,
            a**2 @ x,
            (a > 0) * x,
        )

    x = np.array([0.3, 1.2, -0.7])
    for found, expected in zip(bp.compile(f)(x), plain(x), strict=True):
        np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(bp.grad(total(f))(x), bp.grad(total(plain))(x))


def test_results_and_arguments_of_other_functions() -> None:
    def inner(pair: Any) -> Any:
        return pair[0] * pair[1]

    assert bp.grad(lambda x: bp.grad(inner)(np.array([x[0], x[1]])).sum())(X).tolist() == [1.0, 1.0, 0.0]
    found = bp.jacobian(lambda x: np.array([x[0] * x[1], x[2]]))(X)
    np.testing.assert_array_equal(found, [[-2.0, 0.5, 0.0], [0.0, 0.0, 1.0]])


@pytest.mark.parametrize("function", [np.mean, np.std, np.var, np.sum, np.min])
def test_statistics_of_lists_of_traced_numbers(function: Any) -> None:
    def f(x: Any) -> Any:
        return function([x, x * x, 1.0]) + function((x, 2 * x))

    bp.testing.check_grads(f, (3.0,))
    assert bp.evaluate(f)(3.0) == f(3.0)


def test_arrays_of_numbers_that_were_chosen_among_traced_ones() -> None:
    found, slope = bp.jvp(lambda x: np.min(np.array([[x, x], [0.5, x], [0.5, 1.0]]), axis=0), (2.0,), (1.0,))
    assert (found.tolist(), slope.tolist()) == ([0.5, 1.0], [0.0, 0.0])
    assert found.dtype == slope.dtype == np.float64


def test_a_conversion_to_integers_is_a_question() -> None:
    def f(w: Any) -> Any:
        return w[np.int64(w)].sum() + np.asarray(w, dtype=int).sum() * w[0]

    gradient = bp.compile(bp.grad(f))
    assert gradient(np.array([2.5, 0.5, 1.5])).tolist() == [4.0, 1.0, 1.0]
    assert gradient(np.array([0.5, 0.25, 0.0])).tolist() == [3.0, 0.0, 0.0]


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32", "float64", "complex64"])
def test_item_and_tolist_give_python_numbers(dtype: str) -> None:
    x = np.ones(2, dtype)
    for f in (lambda x: x.item(1), lambda x: x.tolist()[1]):
        assert type(bp.evaluate(f)(x)) is type(f(x))
        for other in (np.ones(2, "float32"), np.ones(2, "int8")):
            ours = bp.evaluate(lambda x, f=f, other=other: f(x) * other)(x)
            assert ours.dtype == (f(x) * other).dtype


refused_by_numpy = pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) < "2.4.0", reason="this NumPy makes a number of an array with one element"
)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: format(x, "d"), np.ones(3)),
        (lambda x: format(x, "d"), np.float64(1.0)),
        (float, np.zeros(0, bool)),
        pytest.param(float, np.ones((1, 1), int), marks=refused_by_numpy),
        (int, np.ones(2)),
        pytest.param(complex, np.ones(1, int), marks=refused_by_numpy),
        (bool, np.ones(2)),
        (bool, np.zeros(0)),
        (math.trunc, np.ones(2)),
        (lambda x: pow(x, 2, 3), np.array([1, 2])),
        (lambda x: [1, 2, 3][x], np.ones(1, int)),
    ],
)
def test_what_python_asks_of_one_number_and_gets_of_none_is_an_error_of_ours(f: Callable[[Any], Any], x: Any) -> None:
    with pytest.raises(BackpropError) as caught:
        bp.evaluate(lambda x: (f(x), 0.0)[1])(x)
    assert caught.value.where
    with pytest.raises((TypeError, ValueError)) as numpys:
        f(x)
    assert isinstance(caught.value, numpys.type)


@pytest.mark.parametrize("write", [lambda a, x: np.add(a, x, out=a), lambda a, x: a.__iadd__(np.outer(x, x))])
def test_what_does_not_fit_into_an_array_of_elements(write: Function) -> None:
    with pytest.raises(BackpropError, match=r"of shape \(3,\) does not fit|of shape \(3, 3\) does not fit"):
        bp.grad(lambda x: np.sum(write(np.array([x[0]]), x)))(X)


@pytest.mark.parametrize("function", [np.fft.fft, scipy.special.gammaln, scipy.signal.medfilt])
def test_a_function_without_a_road_names_one(function: Function) -> None:
    with pytest.raises(BackpropError, match=r"array of traced numbers[^$]*test_elements[^$]*backprop\.ops\.array"):
        bp.grad(lambda x: np.sum(function(np.array([x[0], x[1]]))))(X)


def test_an_array_of_objects_that_the_user_made_and_filled_names_a_road_too() -> None:
    def f(x: Any) -> Any:
        y = np.empty(2, dtype=object)
        y[0], y[1] = x[0], x[1]
        return np.sum(np.linalg.solve(A[:2, :2], y))

    with pytest.raises(BackpropError, match=r"array of traced numbers[^$]*test_elements[^$]*backprop\.ops\.array"):
        bp.grad(f)(X)
