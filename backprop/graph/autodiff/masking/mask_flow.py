"""How the mask of a cotangent follows from those of the operands of the node that made it.

What moves elements about moves their masks in the same way; where elements are added up, the sum is live where one of
them is; what puts elements among zeros makes a mask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import Any, NamedTuple

from ....ops.arrays.accumulate import accumulate
from ....ops.arrays.as_array import stack_along
from ....ops.arrays.diagonals import put_diagonal, take_diagonal, triangle
from ....ops.arrays.indexing.items import basic_index, scatter_add, scatter_basic, take_index
from ....ops.arrays.joins import concat_along
from ....ops.arrays.views import expand_to, permute, reshape_to, sum_to
from ....ops.core.op import Op
from ....ops.elementwise.arithmetic import divide, multiply, negative, positive
from ....ops.elementwise.comparison import logical_or, not_equal
from ....ops.elementwise.complex_parts import conjugate, imag, real
from ....ops.elementwise.conversion import cast
from ....ops.elementwise.masking import attains, cleared, cornered, exceeds, masked, over, scale
from ....ops.reductions.running import cumsum_along, permute_along, shift
from ...graph import Node, NodeId, literal
from ...tracing.builder import Builder
from ...tracing.var import Var
from .mask import NOTHING, Mask, both, joined, truth, whole


class Flow(NamedTuple):
    """How a mask follows from those of operands.

    Arguments:
        reads: how many of the operands, from the left, are cotangents; None for all.
        find: from the builder, the node and the masks of these operands to the mask of the node.
    """

    reads: int | None
    find: Callable[[Builder, Node, list[Mask]], Mask]


def _var(builder: Builder, i: NodeId) -> Var[Any]:
    return Var(builder, i, builder.types[i])


def _same(builder: Builder, node: Node, found: list[Mask]) -> Mask:
    return found[0]


def _scaled(builder: Builder, node: Node, found: list[Mask]) -> Mask:
    """The mask of a product or a quotient by a plain number: the mask of the other operand."""
    nodes = [builder.nodes[i] for i in node.inputs]
    constants = [k for k, other in enumerate(nodes) if other is not None and other.op is literal]
    return found[1 - constants[0]] if constants and constants[0] >= 2 - len(found) else NOTHING


def _masked(builder: Builder, node: Node, found: list[Mask]) -> Mask:
    live = builder.nodes[node.inputs[1]]
    hides = live is None or live.op not in (exceeds, attains)
    return joined(found[0], Mask(_var(builder, node.inputs[1]), hides=hides))


def _cleared(builder: Builder, node: Node, found: list[Mask]) -> Mask:
    return joined(found[0], Mask(set=_var(builder, node.inputs[1])))


def _scaled_by_zero(builder: Builder, node: Node, found: list[Mask]) -> Mask:
    """The mask of a coefficient times a cotangent: that of the cotangent, and zero by value where the factor is 0."""
    return joined(found[1], Mask(set=not_equal(_var(builder, node.inputs[0]), 0)))


def _through(builder: Builder, node: Node, found: list[Mask]) -> Mask:
    """The mask of an op that moves elements about: the operand's mask, moved in the same way."""
    shape, *rest = [_var(builder, i) for i in node.inputs]
    return found[0].map(lambda live: node.op(whole(live, shape.shape), *rest, **dict(node.params)))


def _added(builder: Builder, node: Node, found: list[Mask]) -> Mask:
    """The mask of an op that adds up elements: a sum is live where one of its elements is."""
    numbers = found[0].together.map(lambda live: cast(live, dtype="float32"))
    return _through(builder, node, [numbers]).map(lambda sums: not_equal(sums, 0))


def _scattered(builder: Builder, node: Node, found: list[Mask]) -> Mask:
    """The mask of an op that puts elements among zeros: the places that got an element, one that is live."""
    inner, move = found[0], _added if node.op is scatter_add else _through
    if inner.live is not None:
        return move(builder, node, found)
    everything = inner._replace(live=truth(builder, _var(builder, node.inputs[0]).shape))
    return move(builder, node, [everything])._replace(placed=inner.is_empty)


def _sum(builder: Builder, node: Node, found: list[Mask]) -> Mask:
    """The mask of a sum of cotangents: the sum is live where one of them is."""
    if any(mask.is_empty for mask in found) or (all(m.placed for m in found) and _covers(builder, node)):
        return NOTHING
    hides = any(mask.hides for mask in found)
    live = None if any(mask.live is None for mask in found) else reduce(_either, [mask.live for mask in found])
    if all(mask.set is None for mask in found):
        return Mask(live, hides=hides)
    return Mask(live, reduce(_either, [both(mask.live, mask.set) for mask in found]), hides)


def _either(a: Any, b: Any) -> Any:
    return a if a.id == b.id else logical_or(a, b)


class Part(NamedTuple):
    """A slice along one axis.

    Arguments:
        axis: the axis.
        length: of the whole along it.
        cut: the slice.
    """

    axis: int
    length: int
    cut: slice


def _covers(builder: Builder, node: Node) -> bool:
    """Whether the terms of a sum are slices along one axis that together leave nothing out."""
    terms = [builder.nodes[i] for i in node.inputs]
    return cover([part_of(term) if term is not None else None for term in terms])


def cover(parts: Sequence[Part | None]) -> bool:
    """Whether slices along one axis together leave nothing out; where one of them is None, they do not."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or len({part[:2] for part in known}) != 1:
        return False
    left = bytearray(known[0].length)
    for _, length, cut in known:
        left[cut] = b"\1" * len(range(length)[cut])
    return all(left)


def part_of(node: Node) -> Part | None:
    """Which slice along one axis a node puts among zeros; None where the node does something else."""
    if node.op is not scatter_basic:
        return None
    params = dict(node.params)
    shape = params["shape"]
    items = [slice(item, item + 1) if isinstance(item, int) else slice(*item) for item in params["key"]]
    cut = [k for k, item in enumerate(items) if len(range(shape[k])[item]) < shape[k]]
    axis = cut[0] if cut else 0
    return Part(axis, shape[axis], items[axis]) if items and len(cut) < 2 else None


def _concatenated(builder: Builder, node: Node, found: list[Mask]) -> Mask:
    """The mask of arrays that are joined to one: their masks, joined in the same way."""
    shapes = [_var(builder, i).shape for i in node.inputs]

    def parts(lives: list[Var[Any] | None]) -> Var[Any] | None:
        if not any(live is not None for live in lives):
            return None
        given = [truth(builder, s) if x is None else whole(x, s) for x, s in zip(lives, shapes, strict=True)]
        return node.op(*given, **dict(node.params))  # type: ignore[no-any-return]

    return Mask(parts([m.live for m in found]), parts([m.set for m in found]), any(m.hides for m in found))


FLOWS: Mapping[Op, Flow] = MappingProxyType(
    {
        masked: Flow(1, _masked),
        cleared: Flow(1, _cleared),
        cornered: Flow(1, _same),
        accumulate: Flow(None, _sum),
        concat_along: Flow(None, _concatenated),
        stack_along: Flow(None, _concatenated),
        scale: Flow(2, _scaled_by_zero),
        multiply: Flow(None, _scaled),
        divide: Flow(1, _scaled),
        over: Flow(1, _scaled),
        sum_to: Flow(1, _added),
        cumsum_along: Flow(1, _added),
        **dict.fromkeys((scatter_basic, scatter_add, put_diagonal, triangle, shift), Flow(1, _scattered)),
        **dict.fromkeys((negative, positive, conjugate, cast, real, imag), Flow(1, _same)),
        **dict.fromkeys(
            (reshape_to, permute, expand_to, basic_index, take_index, take_diagonal, permute_along), Flow(1, _through)
        ),
    }
)

MAKERS = frozenset({masked, cleared, scale, scatter_basic, scatter_add, put_diagonal, triangle, shift})
"""What makes a cotangent with a mask of one without."""
