"""ravel and tree_map: any value as a vector and back, and functions of its leaves, plain and traced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import ArgumentError, ShapeError


@dataclass
class Layer:
    w: Any
    b: Any
    kind: str = "tanh"


def net() -> Any:
    layer = Layer(np.arange(6.0).reshape(2, 3).T, 0.5)
    return {"layers": [layer, Layer(np.float32(2.0), np.ones(2, "float32"))], "n": 3, "index": np.arange(2)}


def test_ravel_has_what_has_a_derivative_in_the_order_of_the_leaves() -> None:
    flat, unravel = bp.ravel(net())
    np.testing.assert_array_equal(flat, [0.0, 3.0, 1.0, 4.0, 2.0, 5.0, 0.5, 2.0, 1.0, 1.0])
    assert flat.dtype == "float64"
    found = unravel(flat * 2)
    first, second = found["layers"]
    np.testing.assert_array_equal(first.w, np.arange(6.0).reshape(2, 3).T * 2)
    assert (type(first.b), first.b, first.kind) == (float, 1.0, "tanh")
    assert (type(second.w), second.b.dtype) == (np.float32, np.dtype("float32"))
    assert found["n"] == 3
    np.testing.assert_array_equal(found["index"], [0, 1])


@pytest.mark.parametrize("value", [(), {"n": 1, "name": "x"}, np.zeros((0, 2)), None])
def test_ravel_of_nothing(value: Any) -> None:
    flat, unravel = bp.ravel(value)
    assert flat.shape == (0,)
    assert repr(unravel(flat)) == repr(value)


def test_ravel_of_real_and_complex_parts() -> None:
    flat, unravel = bp.ravel((1.0, np.array([1j, 2.0])))
    np.testing.assert_array_equal(flat, [1.0, 1j, 2.0])
    real, other = unravel(flat)
    assert (type(real), real) == (float, 1.0)
    np.testing.assert_array_equal(other, [1j, 2.0])


def test_what_comes_out_shares_no_memory() -> None:
    x = np.ones(3)
    flat, unravel = bp.ravel(x)
    back = unravel(flat)
    assert not np.shares_memory(flat, x)
    assert not np.shares_memory(back, flat)


def test_a_vector_of_another_length() -> None:
    _, unravel = bp.ravel(net())
    with pytest.raises(ShapeError, match=r"\(10,\), not \(9,\)"):
        unravel(np.ones(9))


def test_both_ways_can_be_differentiated() -> None:
    def loss(value: Any) -> Any:
        return np.sum(value["layers"][0].w ** 2) + value["layers"][1].b[1] ** 3 * value["layers"][0].b

    flat, unravel = bp.ravel(net())
    gradient = bp.grad(loss)(net())
    expected = [0.0, 6.0, 2.0, 8.0, 4.0, 10.0, 1.0, 0.0, 0.0, 1.5]
    np.testing.assert_array_equal(bp.grad(lambda v: loss(unravel(v)))(flat), expected)
    np.testing.assert_array_equal(bp.compile(bp.grad(lambda v: loss(unravel(v))))(flat), expected)
    np.testing.assert_array_equal(bp.ravel(gradient)[0], expected)
    squares = bp.grad(lambda value: np.sum(bp.ravel(value)[0] ** 2))(net())
    np.testing.assert_array_equal(bp.ravel(squares)[0], flat * 2)


def test_tree_map_takes_a_step_along_a_gradient() -> None:
    params = net()
    gradient = bp.grad(lambda p: np.sum(p["layers"][0].w) * p["layers"][0].b + p["layers"][1].w)(params)
    found = bp.tree_map(lambda p, g: p - g, params, gradient)
    np.testing.assert_array_equal(found["layers"][0].w, params["layers"][0].w - 0.5)
    assert found["layers"][0].b == 0.5 - 15.0
    assert found["layers"][0].kind == "tanh"
    assert found["n"] == 3
    np.testing.assert_array_equal(found["index"], [0, 1])  # it has no derivative


def test_tree_map_of_one_value_and_of_traced_ones() -> None:
    doubled = bp.tree_map(lambda leaf: leaf * 2, net())
    np.testing.assert_array_equal(doubled["index"], [0, 2])
    gradient = bp.grad(lambda p: np.sum(bp.tree_map(lambda leaf: leaf**2, p)[0]))((np.array([1.0, 2.0]), 1))
    np.testing.assert_array_equal(gradient[0], [2.0, 4.0])


def test_tree_map_of_another_structure_names_the_path() -> None:
    with pytest.raises(ArgumentError, match="a tuple in the place of a list") as caught:
        bp.tree_map(lambda a, b: a, net(), {**net(), "layers": ()})
    assert caught.value.where == "others[0]['layers']"


def test_jvp_and_hvp_take_an_only_argument_as_it_is() -> None:
    x, v = np.array([1.0, 2.0]), np.array([1.0, -1.0])
    for found, expected in zip(bp.jvp(np.sin, x, v), bp.jvp(np.sin, (x,), (v,)), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert bp.jvp(lambda x: x**2, 3.0, 1.0) == (9.0, 6.0)
    np.testing.assert_array_equal(bp.hvp(lambda x: np.sum(x**3), x, v), 6 * x * v)
    with pytest.raises(bp.errors.BadCotangentError, match="tangents"):
        bp.jvp(np.sin, x, np.ones(3))
