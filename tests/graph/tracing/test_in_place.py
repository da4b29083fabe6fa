"""Writes in place take effect, as NumPy's do, or are an error that names the line; they are never lost."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import AssignmentError, BackpropError, GraphTypeError, ShapeError

X = np.array([1.0, 2.0, 3.0])
LARGE = 30_000


def ones_into(b: Any) -> None:
    b += 1


class Holder:
    b: Any


# What takes effect: the same program with and without tracing.


def buffer_of_ones_own(x: Any) -> Any:
    b = np.zeros(3)
    b += x
    b *= x
    return b


def an_item(x: Any) -> Any:
    items = [np.zeros(3)]
    items[0] += x
    items[0] += x
    return items[0]


def an_attribute(x: Any) -> Any:
    holder = Holder()
    holder.b = np.zeros(3)
    holder.b += x
    holder.b -= 2 * x
    return holder.b


def a_reshaped_buffer(x: Any) -> Any:
    b = np.zeros(6).reshape(2, 3)
    b += x
    return b


def a_buffer_that_was_used(x: Any) -> Any:
    b = np.ones(3)
    y = b * x
    b += x
    return y * b


def a_large_buffer_that_was_used(x: Any) -> Any:
    b = np.ones(LARGE)
    y = b * x[0]
    b += x[1]
    return y * b


def a_buffer_of_a_shorter_dtype(x: Any) -> Any:
    b = np.zeros(3, np.float32)
    b += x
    return b


def another_name(x: Any) -> Any:
    y = x * 1
    z = y
    z *= 2
    return y + z


def a_helper(x: Any) -> Any:
    y = x * 1
    ones_into(y)
    return y


def a_list_of_them(x: Any) -> Any:
    ys = [x * 1, x * 2]
    for y in ys:
        y += 1
    return ys


def a_view_of_what_nobody_holds(x: Any) -> Any:
    h = (x * 2).reshape(3, 1)
    h += 1
    return h.T


def a_view_that_is_gone(x: Any) -> Any:
    y = x * 1
    total = np.sum(y[:2])
    y += total
    return y


def copies(x: Any) -> Any:
    y = x * 1
    made = [
        y.copy(),
        np.copy(y),
        y.flatten(),
        +y,
        copy.copy(y),
        copy.deepcopy(y),
        y.astype(float),
        y[:].copy(),
        y.reshape(3).copy(),
        y[[0, 1, 2]],
    ]
    for one in made:
        one *= 5
    return y, made


def every_operator(x: Any) -> Any:
    y = x + 7
    y += x
    y -= 0.5
    y *= 3
    y /= x
    y **= 2
    y //= 1
    y %= 5
    m = np.ones((3, 3)) * x
    m @= m
    b = x > 1
    b &= x > 2
    b |= x > 2.5
    b ^= x > 0
    return y, m, b


def numbers(x: Any) -> Any:
    s = 0.0
    first = x[0]
    kept = first
    first += 1
    for i in range(3):
        s += x[i]
    return s, first, kept


def view_of_a_value(x: Any) -> Any:
    y = x * 1
    v = y[:2]
    v *= 2
    return np.sum(y)


def transposed(x: Any) -> Any:
    m = np.outer(x, x)
    t = m.T
    t += 1
    return m


def value_with_a_view(x: Any) -> Any:
    y = x * 1
    w = y[:1]
    y += 1
    return w


def view_of_a_view(x: Any) -> Any:
    y = x * 1
    w = y[1:][1:]
    w += 1
    return y


def two_views(x: Any) -> Any:
    y = x * 1
    one, other = y[:2], y[1:]
    del y
    one += 1
    return other


def item_of_a_value(x: Any) -> Any:
    x[0] = 1.0
    return x


def item_by_flat(x: Any) -> Any:
    x.flat[0] = 1.0
    return x


RIGHT: list[Callable[[Any], Any]] = [
    buffer_of_ones_own,
    an_item,
    an_attribute,
    a_reshaped_buffer,
    a_buffer_that_was_used,
    a_large_buffer_that_was_used,
    a_buffer_of_a_shorter_dtype,
    another_name,
    a_helper,
    a_list_of_them,
    a_view_of_what_nobody_holds,
    a_view_that_is_gone,
    copies,
    every_operator,
    numbers,
    view_of_a_value,
    transposed,
    value_with_a_view,
    view_of_a_view,
    two_views,
    item_of_a_value,
    item_by_flat,
]


def flat(tree: Any) -> list[Any]:
    return [leaf for part in tree for leaf in flat(part)] if isinstance(tree, tuple | list) else [tree]


@pytest.mark.parametrize("way", [bp.evaluate, bp.compile], ids=["evaluate", "compile"])
@pytest.mark.parametrize("f", RIGHT, ids=lambda f: f.__name__)
def test_a_write_takes_effect_as_in_numpy(f: Callable[[Any], Any], way: Any) -> None:
    for found, expected in zip(flat(way(f)(X.copy())), flat(f(X.copy())), strict=True):
        assert np.asarray(found).dtype == np.asarray(expected).dtype
        np.testing.assert_allclose(found, expected)


def test_gradients_pass_through_writes() -> None:
    np.testing.assert_array_equal(bp.grad(lambda x: np.sum(another_name(x)))(X), np.full(3, 4.0))
    np.testing.assert_array_equal(bp.grad(lambda x: np.sum(buffer_of_ones_own(x)))(X), 2 * X)


def test_an_argument_of_the_user_is_written_to_as_a_copy() -> None:
    def f(x: Any) -> Any:
        x *= 2
        return np.sum(x * x)

    x = X.copy()
    np.testing.assert_array_equal(bp.grad(f)(x), 8 * X)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(bp.hessian(f)(x), 8 * np.eye(3))


def test_a_captured_value_is_what_it_is_when_it_is_captured() -> None:
    def f(x: Any) -> Any:
        y = x * 1

        def g(z: Any) -> Any:
            return np.sum(y * z * 3.0)

        first = bp.grad(g)(np.ones(3))
        nonlocal_write(y)
        return first, bp.grad(g)(np.ones(3))

    first, second = bp.evaluate(f)(X)
    np.testing.assert_array_equal(first, 3 * X)
    np.testing.assert_array_equal(second, 6 * X)


def nonlocal_write(y: Any) -> None:
    y *= 2


# What is an error.


def helper_of_a_buffer(x: Any) -> Any:
    def add(b: Any) -> None:
        b += x  # HERE

    b = np.zeros(3)
    add(b)
    return np.sum(b)


def two_names(x: Any) -> Any:
    y = b = np.zeros(3)
    b += x  # HERE
    return np.sum(b) + np.sum(y)


def a_list_holds_it(x: Any) -> Any:
    b = np.zeros(3)
    held = [b]
    b += x  # HERE
    return held[0]


def view_of_a_buffer(x: Any) -> Any:
    b = np.zeros(6)
    v = b[:3]
    v += x  # HERE
    return np.sum(b)


def buffer_with_a_view(x: Any) -> Any:
    b = np.zeros(3)
    v = b[:2]
    b += x  # HERE
    return np.sum(v)


def part_of_a_buffer(x: Any) -> Any:
    b = np.zeros(6)
    b[:3] += x  # HERE
    return np.sum(b)


def item_of_a_buffer(x: Any) -> Any:
    r = np.zeros(2)
    r[0] = x[0]  # HERE
    return r


def slice_of_a_buffer(x: Any) -> Any:
    r = np.zeros(2)
    r[:] = x[:2]  # HERE
    return r


def added_to_an_item(x: Any) -> Any:
    r = np.zeros(2)
    r[0] += x[0]  # HERE
    return r


def by_flat(x: Any) -> Any:
    r = np.zeros(2)
    r.flat[0] = x[0]  # HERE
    return r


def deleted(x: Any) -> Any:
    del x[0]  # HERE
    return x


def inner_function(x: Any) -> Any:
    y = x * 1

    def g(z: Any) -> Any:
        nonlocal y
        y += z  # HERE
        return np.sum(y)

    return bp.grad(g)(np.ones(3)), y


def checkpointed(x: Any) -> Any:
    y = x * 1
    bp.checkpoint(ones_into_and_back)(y)  # HERE
    return y


def branch(x: Any) -> Any:
    y = x * 1
    bp.switch(x[0] > 0, (ones_into_and_back, ones_into_and_back), y)  # HERE
    return y


def ones_into_and_back(b: Any) -> Any:
    b += 1
    return b


LOUD: list[Callable[[Any], Any]] = [
    helper_of_a_buffer,
    two_names,
    a_list_holds_it,
    view_of_a_buffer,
    buffer_with_a_view,
    part_of_a_buffer,
    item_of_a_buffer,
    slice_of_a_buffer,
    added_to_an_item,
    by_flat,
    deleted,
    inner_function,
    checkpointed,
    branch,
]


def marked(f: Callable[..., Any]) -> int:
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(n for n in range(f.__code__.co_firstlineno, len(lines)) if lines[n - 1].endswith("# HERE"))


@pytest.mark.parametrize("f", LOUD, ids=lambda f: f.__name__)
def test_a_write_that_would_be_lost_is_an_error_at_its_line(f: Callable[[Any], Any]) -> None:
    with pytest.raises(AssignmentError) as caught:
        bp.evaluate(f)(X)
    where: Any = caught.value.where
    assert where.line == marked(f)
    assert where.file == __file__
    assert caught.value.fix


@pytest.mark.parametrize("f", [item_of_a_buffer, helper_of_a_buffer, by_flat])
def test_the_error_says_how_to_write_it(f: Callable[[Any], Any]) -> None:
    with pytest.raises(AssignmentError, match=r"backprop\.ops\.at_(set|add)"):
        bp.grad(lambda x: np.sum(f(x)))(X)


def wrong_shape(x: Any) -> Any:
    y = x[:1] * 1
    y += x
    return y


def wrong_shape_of_a_buffer(x: Any) -> Any:
    b = np.zeros(1)
    b += x
    return b


def wrong_dtype(x: Any) -> Any:
    y = x.astype(int)
    y += 0.5
    return y


def wrong_dtype_of_a_buffer(x: Any) -> Any:
    b = np.zeros(3, int)
    b += x
    return b


def an_array_for_a_number(x: Any) -> Any:
    y = x * 1
    y[0] = x[:1]
    return y


def a_list_for_a_number(x: Any) -> Any:
    y = np.outer(x, x)
    y[np.array(0), -1] = [x[0]]
    return y


def an_array_after_an_ellipsis(x: Any) -> Any:
    y = np.outer(x, x)
    y[0, ..., 1] = x[:1]
    return y


@pytest.mark.parametrize(
    ("f", "error", "builtin"),
    [
        (wrong_shape, ShapeError, ValueError),
        (wrong_shape_of_a_buffer, ShapeError, ValueError),
        (wrong_dtype, GraphTypeError, TypeError),
        (wrong_dtype_of_a_buffer, GraphTypeError, TypeError),
    ],
)
def test_what_does_not_fit_is_an_error_as_in_numpy(
    f: Callable[[Any], Any], error: type[BackpropError], builtin: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        bp.evaluate(f)(X)
    with pytest.raises(builtin):
        f(X.copy())
    assert caught.value.where


@pytest.mark.parametrize("f", [an_array_for_a_number, a_list_for_a_number])
def test_an_array_is_no_number_to_assign_as_numpy_says_since_2_4(f: Callable[[Any], Any]) -> None:
    with pytest.raises(ShapeError, match="one number") as caught:
        bp.evaluate(f)(X)
    assert caught.value.where
    np.testing.assert_array_equal(bp.evaluate(an_array_after_an_ellipsis)(X), an_array_after_an_ellipsis(X))


COPYING: dict[str, Callable[[Any], Any]] = {
    "tile": lambda x: np.tile(x, 2),
    "tile once": lambda x: np.tile(x, 1),
    "repeat": lambda x: np.repeat(x, 2),
    "repeat once": lambda x: np.repeat(x, 1),
    "roll": lambda x: np.roll(x, 1),
    "roll by nothing": lambda x: np.roll(x, 0),
    "roll a matrix by nothing": lambda x: np.roll(np.outer(x, x), 3),
    "meshgrid": lambda x: np.meshgrid(x, x)[0],
    "resize": lambda x: np.resize(x, (3,)),
    "copy": lambda x: x.copy(),
    "concatenate": lambda x: np.concatenate([x]),
    "take": lambda x: np.take(x, [0, 1, 2]),
    "clip": lambda x: np.clip(x, -9, 9),
    "nan_to_num": lambda x: np.nan_to_num(x),
}


@pytest.mark.parametrize("f", COPYING.values(), ids=COPYING)
def test_what_copies_in_numpy_can_be_written_to_and_leaves_its_operand(f: Callable[[Any], Any]) -> None:
    def write(x: Any) -> Any:
        base = x * 1.0
        copy = f(base)
        copy += 1.0
        return np.sum(copy * copy) + np.sum(base)

    assert bp.evaluate(write)(X) == write(X)
    assert bp.compile(write)(X) == write(X)


@pytest.mark.parametrize("value", [1j, [1j], [1.0, 2j], np.nan, [1, np.nan], 2**70])
def test_numbers_that_numpy_does_not_assign_to_integers(value: Any) -> None:
    def write(x: Any) -> Any:
        y = x * 1
        y[:2] = value
        return y

    with pytest.raises((TypeError, ValueError, OverflowError)):
        write(np.arange(3))
    with pytest.raises(GraphTypeError, match=r"cannot be assigned to elements of dtype int64(.|\n)*test_in_place"):
        bp.evaluate(write)(np.arange(3))
