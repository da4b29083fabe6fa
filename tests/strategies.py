"""Hypothesis strategies: random well-typed graphs, with values for their inputs.

A graph is built in the explicit style, by a pool of Vars from which each step draws its operands, so that values are
used several times and some not at all. Functions are smooth and bounded, so that finite differences make sense.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

import backprop as bp
from backprop import ops
from backprop.graph.graph import Graph

SHAPES = [(), (3,), (2, 3), (3, 2), (3, 3), (1, 3), (2, 1)]
UNARY = [ops.sin, ops.tanh, ops.exp, ops.negative, ops.square, ops.cos, ops.sigmoid]
BINARY = [ops.add, ops.subtract, ops.multiply, ops.maximum]
REDUCTIONS = [ops.sum, ops.mean, ops.max]
STEPS = ["unary", "binary", "number", "reduce", "matmul", "transpose", "reshape", "slice", "ratio"]


class Program(NamedTuple):
    """A graph whose first output is a real scalar, and a value for each input."""

    graph: Graph
    values: tuple[Any, ...]


@st.composite
def programs(draw: Any, dtype: str = "float64", most: int = 20) -> Program:
    """Random programs of some inputs and at most `most` steps."""
    builder = bp.GraphBuilder()
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=4))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    pool = [builder.input(f"x{k}", bp.ArrayType(shape, dtype)) for k, shape in enumerate(shapes)]
    for kind in draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=most)):
        made = step(draw, kind, pool)
        if made is not None:
            pool.append(made)
    used = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=4))
    total = ops.sum(ops.sin(pool[-1]))
    for var in used:
        total = total + ops.mean(ops.tanh(var))
    builder.output(total)
    builder.output(pool[-1])
    return Program(builder.build(), tuple(rng.normal(size=shape).astype(dtype) for shape in shapes))


def step(draw: Any, kind: str, pool: list[Any]) -> Any:
    """One more Var; None where no operands fit."""
    x = draw(st.sampled_from(pool))
    if kind == "unary":
        return ops.tanh(draw(st.sampled_from(UNARY))(ops.tanh(x)))
    if kind == "binary":
        fitting = [y for y in pool if broadcasts(x.shape, y.shape)]
        return draw(st.sampled_from(BINARY))(x, draw(st.sampled_from(fitting)))
    if kind == "number":
        return draw(st.sampled_from(BINARY[:3]))(x, draw(st.sampled_from([0.5, -1.5, 2, 1])))
    if kind == "ratio":
        return x / (1.5 + ops.square(x))
    return structural(draw, kind, x, pool)


def structural(draw: Any, kind: str, x: Any, pool: list[Any]) -> Any:
    if not x.shape:
        return None
    if kind == "reduce":
        axis = draw(st.sampled_from([None, *range(x.ndim)]))
        return draw(st.sampled_from(REDUCTIONS))(x, axis=axis, keepdims=draw(st.booleans()))
    if kind == "transpose":
        return ops.transpose(x)
    if kind == "reshape":
        return ops.reshape(x, draw(st.sampled_from([(-1,), (1, -1), (-1, 1)])))
    if kind == "slice":
        return x[draw(st.sampled_from([slice(None, None, -1), slice(0, 1), 0, ..., None]))]
    fitting = [y for y in pool if y.ndim and (y.shape[-2] if y.ndim > 1 else y.shape[0]) == x.shape[-1] and y.ndim < 3]
    return ops.tanh(ops.matmul(x, draw(st.sampled_from(fitting)))) if fitting and x.ndim < 3 else None


def broadcasts(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(one, other) is not None
    except ValueError:
        return False
