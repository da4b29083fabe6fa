"""Shortcuts through decompositions: V h(w) V^H of eigenvectors and eigenvalues, and U S V^H of singular ones.

A function of a symmetric matrix has a derivative where eigenvalues are equal, though their eigenvectors have none. It
needs only the divided differences of h: with D_ij = (h_i - h_j) / (w_i - w_j), and h'_i for equal w, the cotangent of
the matrix is V (D * (V^H g V)) V^H. The product of all singular values and vectors is the matrix that was decomposed,
so the cotangent of that product is the cotangent of the matrix.

Source: Daleckii and Krein, Integration and differentiation of functions of Hermitian operators, AMS Translations 47,
1965. Limits: h is a chain of functions whose other operands are constants.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ....ops.arrays.axes import expand_dims, matrix_transpose
from ....ops.arrays.diagonals import put_diagonal
from ....ops.arrays.tuples import item
from ....ops.arrays.views import expand_to, permute, reshape_to
from ....ops.core.op import Kind
from ....ops.core.types import NumericType, Shape
from ....ops.elementwise.arithmetic import absolute, multiply
from ....ops.elementwise.complex_parts import conjugate
from ....ops.elementwise.conversion import cast
from ....ops.elementwise.masking import over
from ....ops.elementwise.selection import maximum, where
from ....ops.linear_algebra.decompositions import hermitian
from ....ops.linear_algebra.products import conjugated, matmul
from ....ops.linear_algebra.spectral.eigen import hermitian_eig
from ....ops.linear_algebra.spectral.singular import singular_values
from ...graph import Graph, Node, NodeId, literal
from ...tracing.var import Var


class Factor(NamedTuple):
    """A factor of a product of matrices.

    Arguments:
        id: of the decomposition that it is an item of; of a diagonal matrix, of the values on it.
        which: which item; -1 for a diagonal matrix.
        turned: whether it is transposed.
        conjugated: whether it is conjugated.
    """

    id: NodeId
    which: int = -1
    turned: bool = False
    conjugated: bool = False


def reassembled(graph: Graph, node: Node) -> tuple[Node, Callable[..., Any]] | None:
    """The decomposition that a product puts together again, and the rule from the product to what was decomposed."""
    factors = _factors(graph, node, 8, _batch(node))
    if factors is None or len(factors) != 3 or factors[1].which >= 0:
        return None
    left, values, right = factors
    inner = graph.node(left.id) if left.which >= 0 else None
    if inner is None or left.id != right.id or left.turned:
        return None
    if inner.op is singular_values:
        is_whole = (left.which, right[1:], _origin(graph, values.id)) == (0, (2, False, False), (left.id, 1))
        return (inner, lambda g, out, x, full: g) if is_whole and not left.conjugated else None
    is_complex = isinstance(node.type, NumericType) and node.type.dtype.kind == "c"
    if inner.op is hermitian_eig and (left[1:], right[1:]) == ((1, False, False), (1, True, is_complex)):
        chain = _chain(graph, values.id, left.id)
        return None if chain is None else (inner, _spectral_rule(left.id, chain))
    return None


def _batch(node: Node) -> Shape | None:
    """The shape of a stack of matrices; None of what is none."""
    return node.type.shape[:-2] if isinstance(node.type, NumericType) and node.type.ndim >= 2 else None


def _factors(graph: Graph, node: Node, depth: int, batch: Shape | None) -> list[Factor] | None:
    """The factors of a product of stacks, where all are items of decompositions and diagonal matrices."""
    if not depth or batch is None or _batch(node) != batch:
        return None
    inner = [graph.node(i) if i >= graph.first else None for i in node.inputs]
    if node.op is item:
        return [Factor(node.inputs[0], node.param("index"))]
    if node.op is put_diagonal and node.param("offset") == 0:
        return [Factor(node.inputs[0])]
    if any(part is None for part in inner):
        return None
    parts = [_factors(graph, part, depth - 1, batch) for part in inner if part is not None]
    if node.op is matmul and None not in parts:
        return [factor for part in parts for factor in part or ()]
    if node.op is permute and parts[0] is not None and _turns(node, len(batch)):
        return [f._replace(turned=not f.turned and f.which >= 0) for f in reversed(parts[0])]
    if node.op is conjugate and parts[0] is not None:
        return [f._replace(conjugated=not f.conjugated and f.which >= 0) for f in parts[0]]
    return _scaled(graph, node, parts) if node.op is multiply else None


def _turns(node: Node, rank: int) -> bool:
    """Whether a permutation of axes exchanges the last two of a stack of matrices, and no others."""
    return tuple(node.param("axes")) == (*range(rank), rank + 1, rank)


def _scaled(graph: Graph, node: Node, parts: list[list[Factor] | None]) -> list[Factor] | None:
    """The factors of a matrix whose rows or columns are multiplied by values."""
    for matrix, i in zip(parts, reversed(node.inputs), strict=True):
        shape = graph.type_of(i).shape  # type: ignore[attr-defined]
        values = i
        while values >= graph.first and graph.node(values).op in (reshape_to, expand_to):
            values = graph.node(values).inputs[0]
        lengths = getattr(graph.type_of(values), "shape", ())
        if matrix is None or not lengths:
            continue
        diagonal, batch, n = [Factor(values)], lengths[:-1], lengths[-1]
        if shape == (*batch, n, 1):
            return [*diagonal, *matrix]
        if shape == (*batch, 1, n) or (not batch and shape == (n,)):
            return [*matrix, *diagonal]
    return None


def _origin(graph: Graph, i: NodeId) -> tuple[NodeId, int] | None:
    node = graph.node(i) if i >= graph.first else None
    return (node.inputs[0], node.param("index")) if node is not None and node.op is item else None


def _chain(graph: Graph, i: NodeId, decomposition: NodeId) -> list[NodeId] | None:
    """The ids on the way from values back to the eigenvalues, each a function of the next one and of constants."""
    chain = [i]
    while _origin(graph, chain[-1]) != (decomposition, 0):
        node = graph.node(chain[-1]) if chain[-1] >= graph.first else None
        if node is None or (node.op.kind is not Kind.ELEMENTWISE and node.op is not cast):
            return None
        open_ids = {j for j in node.inputs if j < graph.first or graph.node(j).op is not literal}
        if len(open_ids) != 1:
            return None
        chain.append(open_ids.pop())
    return chain


def _spectral_rule(decomposition: NodeId, chain: list[NodeId]) -> Callable[..., Any]:
    def rule(g: Var[Any], out: Any, x: Any, *, uplo: str) -> Any:
        builder = g.builder
        both = Var(builder, decomposition, builder.types[decomposition])
        w, v = item(both, index=0), item(both, index=1)
        h = Var(builder, chain[0], builder.types[chain[0]])
        inner = matmul(matmul(matrix_transpose(v), g), conjugated(v))
        turned = inner * _divided_differences(w, h, _slope(g, chain))
        return hermitian(matmul(matmul(conjugated(v), turned), matrix_transpose(v)))

    return rule


def _slope(g: Var[Any], chain: list[NodeId]) -> Any:
    """The derivative of the first values of a chain by the last ones, element by element."""
    builder, slope = g.builder, None
    for i, j in pairwise(chain):
        node = builder.nodes[i]
        assert node is not None
        assert node.op.vjp is not None
        out, *operands = [Var(builder, k, builder.types[k]) for k in (i, *node.inputs)]
        seed = out * 0 + 1.0 if slope is None else slope
        answer = node.op.vjp(seed, out, *operands, **dict(node.params))
        answers = answer if isinstance(answer, tuple) else (answer,)
        parts = [part for part, k in zip(answers, node.inputs, strict=True) if k == j and part is not None]
        slope = sum(parts[1:], parts[0]) if parts else seed * 0
    return 1.0 if slope is None else slope


def _divided_differences(w: Any, h: Any, slope: Any) -> Any:
    """(h_i - h_j) / (w_i - w_j), and the mean of both slopes where w_i and w_j are too close for that."""
    across, down = expand_dims(w, -2), expand_dims(w, -1)
    limit = float(np.finfo(w.dtype).eps) ** (1 / 3)
    near = absolute(down - across) <= limit * maximum(absolute(down), absolute(across))
    mean = slope if isinstance(slope, float) else 0.5 * (expand_dims(slope, -2) + expand_dims(slope, -1))
    return where(near, mean, over(expand_dims(h, -1) - expand_dims(h, -2), where(near, 1.0, down - across)))
