"""The Jacobian of a body by its first inputs, as one matrix: its pullback of all unit seeds at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from ...ops.arrays.creation import filled
from ...ops.arrays.diagonals import put_diagonal
from ...ops.arrays.joins import concatenate
from ...ops.arrays.views import ravel, reshape
from ...ops.core.cache import cached
from ...ops.core.op import Op
from ...ops.core.types import NumericType, ScalarType
from ..autodiff.body_pullback import BodyPullback
from ..autodiff.control_flow import emit
from ..autodiff.masking.mask import Kind
from ..autodiff.reverse_pass import zero
from ..batching.batched import batch_into
from ..graph import Graph
from ..tracing.builder import Builder
from ..verify import verify
from ..written import by_lines


def pullback_of(body: Graph, wrt: Sequence[int]) -> Graph:
    """(inputs, a seed for each result) -> the cotangents of some inputs."""
    outputs = range(len(body.outputs))
    unmasked: list[Kind] = [""] * len(outputs)
    return BodyPullback(body, wrt, outputs, unmasked).graph()


@cached(by_lines)
def jacobian_of(body: Graph, count: int) -> Graph:
    """The graph from the inputs of a body to the matrix of its results by its first inputs.

    Arguments:
        body: results and the first inputs are real numbers and arrays; all elements of each are laid in a row.
        count: the number of these inputs.
    """
    types = body.output_types
    ends = [*accumulate([size_of(t) for t in types], initial=0)]
    builder = Builder()
    inputs = [builder.input(t) for t in body.inputs]
    one = {"shape": (ends[-1],), "dtype": dtype_of(types).name, "value": "1.0"}
    eye = put_diagonal(builder.emit(filled, (), one), rows=ends[-1], columns=ends[-1], offset=0)
    seeds = [
        reshape(eye[:, start:stop], (ends[-1], *shape_of(t)))
        for (start, stop), t in zip(pairwise(ends), types, strict=True)
    ]
    flags = [*[False] * len(inputs), *[True] * len(seeds)]
    rows = batch_into(builder, pullback_of(body, range(count)), [*inputs, *seeds], flags, ends[-1])
    matrix = concatenate([reshape(row, (ends[-1], -1)) for row in rows], 1)
    return verify(builder.build([matrix.id])[0], "differentiate", body)


def shape_of(type: Any) -> tuple[int, ...]:
    """The shape of a numeric type."""
    assert isinstance(type, NumericType)
    return type.shape


def size_of(type: Any) -> int:
    """The number of elements of a numeric type."""
    assert isinstance(type, NumericType)
    return type.size


def dtype_of(types: Sequence[Any]) -> np.dtype[Any]:
    """The dtype that values of some types are computed in together."""
    return np.result_type(*[t.dtype for t in types])


def laid_out(values: Sequence[Any]) -> Any:
    """The elements of some values as one vector."""
    return concatenate([ravel(value) for value in values])


def taken_apart(vector: Any, types: Sequence[Any]) -> list[Any]:
    """A vector as values of some types."""
    found, start = [], 0
    for t in types:
        part = vector[start] if is_number(t) else reshape(vector[start : start + size_of(t)], shape_of(t))
        found.append(part)
        start += size_of(t)
    return found


def is_number(type: Any) -> bool:
    """Whether values of a type are numbers, not arrays."""
    return isinstance(type, ScalarType)


def seeds_of(builder: Any, types: Sequence[Any], given: Sequence[Any]) -> list[Any]:
    """A cotangent for each of some values, zeros where none is given.

    Arguments:
        builder: takes the zeros.
        types: of the values.
        given: their cotangents, None for zero.
    """
    return [zero(builder, t) if seed is None else seed for t, seed in zip(types, given, strict=False)]


def called(builder: Any, op: Op, body: Graph, operands: Sequence[Any]) -> list[Any]:
    """The results of a node that holds one body.

    Arguments:
        builder: takes the node.
        op: the op of the node.
        body: the graph that it holds.
        operands: of the node.
    """
    found = emit(builder, op, operands, {"bodies": (body,)})
    return [found[k] for k in range(len(body.outputs))]
