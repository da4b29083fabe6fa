"""Params: equal only where type and bits agree, through every cache that is keyed by them."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest

import backprop as bp
from backprop import ops
from backprop.graph.graph import Graph, Literal, Node
from backprop.graph.params import NO_PARAMS, Params
from backprop.graph.passes import run_passes
from backprop.graph.tracing.builder import Builder
from backprop.ops.arrays.indexing.keys import Slice
from backprop.ops.core.types import ArrayType


class Pair(NamedTuple):
    """A tuple with names."""

    a: Any
    b: Any


@dataclass(frozen=True)
class Option:
    """A user's record of parameters."""

    a: Any


EMPTY = Graph((ArrayType(2),), (), (0,))
OTHER = Graph((ArrayType(3),), (), (0,))

UNEQUAL: list[tuple[Any, Any]] = [
    (3, 3.0),
    (0.0, -0.0),
    (True, 1),
    (False, 0),
    (1.0, 1 + 0j),
    (0j, -0j),
    (np.float64(1.0), 1.0),
    (np.float32(1.0), np.float64(1.0)),
    (np.float64(0.0), np.float64(-0.0)),
    (np.int64(1), 1),
    (np.bool_(True), True),
    ((1, 2), (1, 2.0)),
    ((1, (0.0,)), (1, (-0.0,))),
    ((1, 2), Pair(1, 2)),
    (Pair(1, 0.0), Pair(1, -0.0)),
    (Slice(0, 1, 1), (0, 1, 1)),
    (Slice(0, 1, 1), Slice(0, True, 1)),
    (frozenset({1}), frozenset({1.0})),
    (Option(1), Option(True)),
    (np.dtype("f4"), np.dtype("f8")),
    (np.dtype("f8"), "f8"),
    (Literal.of(0.0), Literal.of(-0.0)),
    (EMPTY, OTHER),
    (ops.sin, ops.cos),
    (np.sin, np.cos),
]

EQUAL: list[tuple[Any, Any]] = [
    (float("nan"), -float("-nan")),
    (np.float64("nan"), np.float64("nan")),
    (complex(0, float("nan")), complex(0, float("nan"))),
    ((1, (2.5, "a")), (1, (2.5, "a"))),
    (Pair(1, 2), Pair(1, 2)),
    (Option(float("nan")), Option(float("nan"))),
    (Slice(0, None, 1), Slice(0, None, 1)),
    (np.dtype("f8"), np.dtype("float64")),
    (Literal.of(float("nan")), Literal.of(float("nan"))),
    (EMPTY, Graph((ArrayType(2),), (), (0,))),
    (ops.sin, ops.sin),
    (len, len),
    (None, None),
]


@pytest.mark.parametrize(("one", "other"), UNEQUAL)
def test_params_of_another_type_or_other_bits_differ(one: Any, other: Any) -> None:
    assert Params.of(a=one) != Params.of(a=other)
    assert len({Params.of(a=one), Params.of(a=other)}) == 2


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_params_of_the_same_bits_are_equal(one: Any, other: Any) -> None:
    assert Params.of(a=one) == Params.of(a=other)
    assert hash(Params.of(a=one)) == hash(Params.of(a=other))


@pytest.mark.parametrize("value", [np.zeros(2), [1], {1: 2}, (1, [2]), Option(np.zeros(2))])
def test_what_cannot_be_hashed_is_no_parameter(value: Any) -> None:
    with pytest.raises(TypeError):
        Params.of(a=value)


def test_params_are_pairs_in_order() -> None:
    params = Params.of(a=1, b=(2, 3))
    assert dict(params) == {"a": 1, "b": (2, 3)}
    assert list(params) == [("a", 1), ("b", (2, 3))]
    assert (params.get("b"), params.get("c"), params.get("c", 5)) == ((2, 3), None, 5)
    assert params.changed(b=4, c=5) == Params.of(a=1, b=4, c=5)
    assert params != Params.of(b=(2, 3), a=1)
    assert params != (("a", 1), ("b", (2, 3)))
    assert repr(params) == "Params(a=1, b=(2, 3))"


def test_nodes_without_parameters_share_the_empty_ones() -> None:
    assert Params.of() is NO_PARAMS
    assert not NO_PARAMS
    assert pickle.loads(pickle.dumps(NO_PARAMS)) is NO_PARAMS


def test_params_pickle() -> None:
    params = Params.of(a=-0.0, key=(Slice(0, None, 1),), op=ops.sin)
    assert pickle.loads(pickle.dumps(params)) == params


def test_params_of_a_node_are_read_by_name() -> None:
    node = Node(ops.sin, (0,), Params.of(axes=(0,)), ArrayType(2))
    assert node.param("axes") == (0,)
    with pytest.raises(KeyError):
        node.param("shape")


def test_a_builder_makes_equal_params_once() -> None:
    builder = Builder()
    x = builder.input(ArrayType((2, 3)))
    ops.sum(x, 0), ops.sum(x, 0)
    first, second = (node for node in builder.nodes if node is not None)
    assert first.params is second.params


# Through every cache


def test_an_integer_power_is_not_the_power_of_a_float() -> None:
    def f(x: Any) -> Any:
        return x**3, x**3.0

    x = np.arange(4)
    for g in (bp.compile(f), f):
        whole, floats = g(x)
        assert (whole.dtype, floats.dtype) == (np.dtype("int64"), np.dtype("float64"))


@pytest.mark.parametrize("exponents", [(3, 3.0), (3.0, 3)])
def test_no_trace_takes_over_the_signature_of_another(exponents: tuple[Any, Any]) -> None:
    x = np.arange(4)
    for n in exponents:
        assert bp.compile(partial(pow, exp=n))(x).dtype == (x**n).dtype


def test_zeros_of_either_sign_replace_nan() -> None:
    def f(x: Any) -> Any:
        return np.nan_to_num(x, nan=0.0), np.nan_to_num(x, nan=-0.0)

    plus, minus = bp.compile(f)(np.array([np.nan]))
    assert not np.signbit(plus[0])
    assert np.signbit(minus[0])


def test_passes_keep_apart_what_differs_in_bits() -> None:
    builder = Builder()
    x = builder.input(ArrayType(2))
    outs = [ops.nan_to_num(x, nan=value) for value in (0.0, -0.0, 0.0)]
    graph = run_passes(builder.build([out.id for out in outs])[0])
    assert len(graph) == 2
    assert graph.outputs[0] == graph.outputs[2] != graph.outputs[1]


def test_graphs_that_differ_in_the_type_of_a_parameter_differ() -> None:
    def made(value: Any) -> Graph:
        return Graph((ArrayType(2),), (Node(ops.sin, (0,), Params.of(a=value), ArrayType(2)),), (1,))

    assert made(1) == made(1)
    assert made(1) != made(1.0)
