"""Shape ops: what they refuse, what they leave alone, and views that are views."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backprop.errors import GraphTypeError, ShapeError
from backprop.ops.arrays import arrangement, as_array, axes, creation, diagonals, joins, views
from backprop.ops.composites import pads
from backprop.ops.core.types import ArrayType
from backprop.ops.linear_algebra import products
from tests.ops.tape import TapeVar, value_of

X = TapeVar(np.arange(6.0).reshape(2, 3))

MISFITS: tuple[tuple[Callable[[], Any], type[Exception], str], ...] = (
    (lambda: views.reshape_to.infer(ArrayType((2, 3)), shape=(4, 2)), ShapeError, r"6 elements of shape \(2, 3\)"),
    (lambda: views.reshape(X, (-1, 4)), ShapeError, r"do not fit the shape \(-1, 4\)"),
    (lambda: views.reshape(X, (-1, -1)), ShapeError, "do not fit"),
    (lambda: views.reshape(X, 6, "A"), GraphTypeError, "order 'A'"),
    (lambda: views.expand_to.infer(ArrayType((2, 3)), shape=(2, 4)), ShapeError, r"does not broadcast to \(2, 4\)"),
    (lambda: views.expand_to.infer(ArrayType((2, 3)), shape=(3,)), ShapeError, r"does not broadcast to \(3,\)"),
    (lambda: views.sum_to.infer(ArrayType((2, 3)), shape=(2,)), ShapeError, "does not broadcast"),
    (lambda: views.transpose(X, (0,)), ShapeError, "each axis"),
    (lambda: axes.swapaxes(X, 0, 2), IndexError, "axis 2 is out of bounds for array of dimension 2"),
    (lambda: axes.squeeze(X, 0), ShapeError, "not all of length 1"),
    (lambda: joins.concatenate([]), ShapeError, "at least one"),
    (lambda: joins.concatenate([1.0, 2.0]), ShapeError, "without an axis"),
    (lambda: joins.concat_along.infer(ArrayType((2, 3)), ArrayType((2, 4)), axis=0), ShapeError, "along axis 0"),
    (lambda: as_array.stack_along.infer(ArrayType(2), ArrayType(3), axis=0), ShapeError, r"\(2,\) and \(3,\) differ"),
    (lambda: joins.split(X, 2, 1), ShapeError, "3 does not divide into 2"),
    (lambda: diagonals.triangle.infer(ArrayType(3), k=0, lower=True), ShapeError, "not that of a matrix"),
    (lambda: pads.pad(X, 1, "odd"), ShapeError, "no mode 'odd'"),
    (lambda: products.cross(X, np.ones(2)), ShapeError, "three elements"),
)


@pytest.mark.parametrize(("call", "error", "text"), MISFITS)
def test_what_does_not_fit_is_said(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


def test_where_there_is_nothing_to_do_there_is_no_node() -> None:
    assert views.reshape(X, (2, -1)) is X
    assert views.transpose(X, (0, 1)) is X
    assert views.broadcast_to(X, (2, 3)) is X
    assert axes.squeeze(X) is X
    assert axes.moveaxis(X, 0, -2) is X
    assert as_array.asarray(X, "float64") is X


def test_to_roll_by_nothing_is_a_copy_as_in_numpy() -> None:
    x = np.arange(6.0).reshape(2, 3)
    rolled = arrangement.roll(x, 3, 1)
    assert np.array_equal(rolled, x)
    assert not np.shares_memory(rolled, x)


def test_sums_to_a_shape_go_into_a_buffer() -> None:
    x = np.random.default_rng(0).normal(size=(4, 2, 3))
    for target in ((3,), (2, 1), (1, 2, 1), (4, 1, 3)):
        out = np.full(target, 7.0)
        assert views.sum_to.compute(x, out, shape=target) is out
        np.testing.assert_array_equal(out, views.sum_to(x, shape=target))


def test_filled_arrays_do_not_depend_on_what_they_are_like() -> None:
    zeros = creation.zeros_like(X)
    assert (zeros.op, zeros.args) == (creation.filled, ())
    np.testing.assert_array_equal(value_of(creation.full_like(X, 2, "float32", shape=(2,))), np.full(2, 2, "float32"))


def test_array_copies_plain_arrays() -> None:
    x = np.ones(3)
    made = creation.array(x, ndmin=2)
    assert made.shape == (1, 3)
    assert not np.shares_memory(made, x)


def test_negative_zero_and_nan_fill_too() -> None:
    assert np.signbit(creation.full_like(np.ones(2), -0.0)).all()
    assert np.isnan(creation.full_like(np.ones(2), np.nan)).all()
