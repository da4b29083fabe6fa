"""What ops do to rows: by rows, merging them, or neither."""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop import ops
from backprop.graph.passes.tiling.row_rules import RowTiling, row_tiling
from backprop.ops.arrays.indexing.items import scatter_basic
from backprop.ops.arrays.indexing.keys import Slice
from backprop.ops.arrays.views import sum_to
from backprop.ops.core.rows import BY_ELEMENT, RowRule, Split, reduced_by, split_rows
from backprop.ops.linear_algebra.products import row_dot

N, M = 6, 4


def rows_in(make: Any, *shapes: tuple[int, ...], dtype: str = "float64") -> RowTiling | None:
    """The row tiling of the last node of an expression of inputs of some shapes."""
    builder = bp.GraphBuilder()
    builder.output(make(*[builder.input(f"x{k}", bp.ArrayType(shape, dtype)) for k, shape in enumerate(shapes)]))
    graph = builder.build()
    return row_tiling(graph, graph.nodes[-1])


BY_ROWS: dict[str, tuple[Any, list[tuple[int, ...]], tuple[bool, ...]]] = {
    "elementwise": (np.sin, [(N, M)], (True,)),
    "a row that is broadcast": (np.add, [(N, M), (M,)], (True, False)),
    "one row": (np.add, [(1, M), (N, M)], (False, True)),
    "a square, a row of as many": (np.add, [(N, N), (N,)], (True, False)),
    "a column": (np.multiply, [(N, M), (N, 1)], (True, True)),
    "a cast": (lambda x: ops.astype(x, "float32"), [(N, M)], (True,)),
    "a sum of rows": (lambda x: ops.sum(x, axis=1), [(N, M)], (True,)),
    "a softmax of rows": (lambda x: ops.softmax(x, axis=1), [(N, M)], (True,)),
    "a variance of rows": (lambda x: ops.var(x, axis=1), [(N, M)], (True,)),
    "rows as columns": (lambda x: ops.reshape(x, (N, 1)), [(N,)], (True,)),
    "columns": (lambda x: x[:, 1:3], [(N, M)], (True,)),
    "a column of rows": (lambda x: x[:, 1], [(N, M)], (True,)),
    "other axes turned": (lambda x: ops.transpose(x, (0, 2, 1)), [(N, M, 2)], (True,)),
    "a wider row": (lambda x: ops.broadcast_to(x, (N, M)), [(N, 1)], (True,)),
    "a product": (np.matmul, [(N, M), (M, 3)], (True, False)),
    "a product by a vector": (np.matmul, [(N, M), (M,)], (True, False)),
    "products": (np.matmul, [(N, 2, M), (N, M, 3)], (True, True)),
    "products by one matrix": (np.matmul, [(N, 2, M), (1, M, 3)], (True, False)),
    "a column put": (lambda x: scatter_basic(x, shape=(N, M), key=(Slice(0, N, 1), 1)), [(N,)], (True,)),
    "dot products": (row_dot, [(N, M), (N, M)], (True, True)),
    "dot products by one row": (row_dot, [(N, M), (M,)], (True, False)),
}

MERGED: dict[str, tuple[Any, list[tuple[int, ...]], str]] = {
    "a sum": (ops.sum, [(N, M)], "add"),
    "a sum of columns": (lambda x: ops.sum(x, axis=0), [(N, M)], "add"),
    "a mean": (ops.mean, [(N, M)], "add"),
    "a maximum": (lambda x: ops.max(x, axis=0, keepdims=True), [(N, M)], "maximum"),
    "a minimum": (ops.min, [(N,)], "minimum"),
    "a product of elements": (ops.prod, [(N,)], "multiply"),
    "a logsumexp": (ops.logsumexp, [(N, M)], "logaddexp"),
    "any": (ops.any, [(N,)], "logical_or"),
    "all": (ops.all, [(N,)], "logical_and"),
    "a sum to a row": (lambda x: sum_to(x, shape=(M,)), [(N, M)], "add"),
    "a sum to one row": (lambda x: sum_to(x, shape=(1, M)), [(N, M)], "add"),
    "a dot product": (np.matmul, [(N,), (N,)], "add"),
    "a vector by a matrix": (np.matmul, [(N,), (N, M)], "add"),
    "a dot product of rows": (row_dot, [(N,), (N,)], "add"),
    "x.T @ g": (lambda x, g: ops.transpose(x) @ g, [(N, 2), (N, 3)], "add"),
    "x.T @ vector": (lambda x, g: ops.transpose(x) @ g, [(N, 2), (N,)], "add"),
}

NEITHER: dict[str, tuple[Any, list[tuple[int, ...]]]] = {
    "a number": (np.sin, [()]),
    "all axes merged": (ops.ravel, [(N, M)]),
    "axes turned": (ops.transpose, [(N, M)]),
    "fewer rows": (lambda x: x[1:], [(N, M)]),
    "one row taken": (lambda x: x[0], [(N, M)]),
    "a variance of columns": (lambda x: ops.var(x, axis=0), [(N, M)]),
    "a softmax of columns": (lambda x: ops.softmax(x, axis=0), [(N, M)]),
    "a running sum": (ops.cumsum, [(N,)]),
    "more rows": (lambda x: ops.broadcast_to(x, (N, M)), [(M,)]),
    "products by one stack": (np.matmul, [(2, M), (N, M, 3)]),
    "one row put in many": (lambda x: scatter_basic(x, shape=(N, M), key=(Slice(0, N, 1), 1)), [(1,)]),
    "a solution": (np.linalg.solve, [(N, N), (N, N)]),
}


@pytest.mark.parametrize(("make", "shapes", "split"), BY_ROWS.values(), ids=BY_ROWS)
def test_by_rows(make: Any, shapes: list[tuple[int, ...]], split: tuple[bool, ...]) -> None:
    rows = rows_in(make, *shapes)
    assert rows is not None
    assert (rows.length, rows.split, rows.merge) == (N, split, None)


@pytest.mark.parametrize(("make", "shapes", "merge"), MERGED.values(), ids=MERGED)
def test_merged(make: Any, shapes: list[tuple[int, ...]], merge: str) -> None:
    rows = rows_in(make, *shapes)
    assert rows is not None
    assert rows.merge is not None
    assert (rows.length, rows.merge.name, all(rows.split)) == (N, merge, True)


@pytest.mark.parametrize(("make", "shapes"), NEITHER.values(), ids=NEITHER)
def test_neither(make: Any, shapes: list[tuple[int, ...]]) -> None:
    assert rows_in(make, *shapes) is None


def test_a_large_product_of_a_transpose_is_made_by_its_own_rows() -> None:
    rows = rows_in(lambda x, g: ops.transpose(x) @ g, (N, 20), (N, 30))
    assert rows is not None
    assert (rows.length, rows.merge) == (20, None)


def test_means_of_integers_are_not_merged() -> None:
    assert rows_in(ops.mean, (N,), dtype="int64") is None


def test_an_op_of_a_users_own_may_say_what_it_does_to_rows() -> None:
    def of_type(x: bp.ArrayType, **params: int) -> bp.ArrayType:
        return x

    whole = bp.Op("whole", of_type, np.tanh)
    by_element = replace(whole, rows=BY_ELEMENT)
    by_columns = replace(whole, rows=RowRule(lambda x, out, *, extra: split_rows(out, (x,), (extra == 1,))))
    assert rows_in(whole, (N, M)) is None
    assert rows_in(partial(by_element, extra=2), (N, M)) == rows_in(np.tanh, (N, M))
    assert rows_in(partial(by_columns, extra=1), (N, M)) == rows_in(np.tanh, (N, M))
    assert rows_in(partial(by_columns, extra=2), (N, M)) is None


def test_a_rule_travels_with_its_op() -> None:
    assert pickle.loads(pickle.dumps(BY_ELEMENT)) == BY_ELEMENT
    assert pickle.loads(pickle.dumps(ops.add.row_rule)) == BY_ELEMENT
    assert pickle.loads(pickle.dumps(reduced_by(ops.add))).split(
        bp.ArrayType((N, M)), bp.ArrayType((M,)), axes=(0,), keepdims=False
    ) == Split(N, (True,), N * M, ops.add)
