"""Take rows from the part of a concatenation that has them: what reads one chunk of an array need not have all of it.

Sound to the bit: rows have the same numbers and the same strides in both, which along other axes they would not. On a
cluster the chunks of an array lie on several workers, and a shard then reads those of its own alone.
"""

from __future__ import annotations

from ....ops.arrays.indexing.items import basic_index
from ....ops.arrays.indexing.keys import Slice
from ....ops.arrays.joins import concat_along
from ....ops.core.types import numeric
from ...graph import Node, NodeId
from ...params import Params
from ...rewrite import Rewriter


def take_from_part(rewrite: Rewriter, node: Node) -> NodeId | None:
    """The same rows of one operand of a concatenation, where they do not cross a seam."""
    whole = rewrite.node(node.inputs[0]) if node.op is basic_index else None
    if whole is None or whole.op is not concat_along or whole.param("axis") != 0:
        return None
    rows, *others = node.param("key") or (None,)
    if not isinstance(rows, Slice) or rows.step != 1 or rows.stop is None:
        return None
    (result,) = numeric("concatenate", node.type)
    begin = 0
    for part, t in zip(whole.inputs, numeric("concatenate", *map(rewrite.type_of, whole.inputs)), strict=True):
        end = begin + t.shape[0]
        if begin <= rows.start < rows.stop <= end and t.dtype == result.dtype:  # else its numbers are cast on the way
            moved = (Slice(rows.start - begin, rows.stop - begin, 1), *others)
            return rewrite.emit(basic_index, (part,), Params.of(key=moved), node.type, node.source)
        begin = end
    return None
