"""Whether a reshaped array shares memory with what it was made of: only a write needs to know.

NumPy's reshape is a view where the layout in memory allows for it. The steps from the array that is no view are taken
again by NumPy, on an array of strides without memory; that array itself has to lie in C order, which is certain where
the ops that made it say so, or the user's argument does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ....errors import AssignmentError, BackpropError
from ....ops.arrays.as_array import stack_along
from ....ops.arrays.creation import filled
from ....ops.arrays.indexing.items import put_index
from ....ops.arrays.indexing.parts import add_parts, put_parts
from ....ops.arrays.joins import concat_along
from ....ops.arrays.views import expand_to, reshape_to
from ....ops.elementwise.conversion import cast
from ....ops.linear_algebra.products import matmul
from ...graph import NodeId
from ..source_lines import user_line
from .handles import memory_of, origin_of

IN_C_ORDER = frozenset({filled, matmul, stack_along})
LIKE_ALL = frozenset({concat_along, expand_to, reshape_to})
LIKE_FIRST = frozenset({add_parts, cast, put_index, put_parts})


def is_view(var: Any) -> bool:
    """Whether a Var that was made by reshaping shares memory with what it was made of.

    Errors:
        AssignmentError: the layout is not certain.
    """
    chain = [var]
    while origin_of(chain[-1].memory.origin.parent) is not None:
        chain.append(chain[-1].memory.origin.parent)
    root = chain[-1].memory.origin.parent
    shadow = np.lib.stride_tricks.as_strided(np.empty(1), root.shape, _c_strides(root.shape))
    shares = True
    for view in reversed(chain):
        origin = view.memory.origin
        if origin.op is not reshape_to:
            shadow = origin.op.compute(shadow, **dict(origin.params))
            continue
        if _only_ones(shadow.shape, view.shape):
            shadow = shadow.reshape(view.shape)
            continue
        if len(root.shape) > 1 and not is_in_c_order(root.builder, memory_of(root).born):
            raise AssignmentError(
                "an array was written to that shares its memory with a reshaped one, or that was reshaped itself, and"
                " whether NumPy's reshape is a view or a copy depends on a layout in memory that is not known here",
                user_line(),
                "write to the array itself before it is reshaped, or reshape a copy, v.copy()",
            )
        try:
            shadow = np.reshape(shadow, view.shape, copy=False)
        except ValueError:
            shares, shadow = (
                view is not var,
                np.lib.stride_tricks.as_strided(shadow, view.shape, _c_strides(view.shape)),
            )
    return shares


def _c_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides = [8]
    for n in shape[:0:-1]:
        strides.append(strides[-1] * max(n, 1))
    return tuple(strides[::-1][: len(shape)])


def _only_ones(old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    """Whether two shapes differ in axes of length 1 only."""
    return [n for n in old if n != 1] == [n for n in new if n != 1]


def is_in_c_order(builder: Any, born: NodeId | None) -> bool:
    """Whether it is certain that an array with the id lies in C order in NumPy's program."""
    todo = [] if born is None else [born]
    seen = set(todo)
    while todo:
        i = todo.pop()
        if len(getattr(builder.types[i], "shape", ())) < 2:
            continue
        node = builder.nodes[i]
        if node is None:
            if not _input_is_in_c_order(builder, i):
                return False
        elif node.op.is_elementwise or node.op in LIKE_FIRST or node.op in LIKE_ALL:
            operands = node.inputs[:1] if node.op in LIKE_FIRST else node.inputs
            todo += [j for j in operands if j not in seen]
            seen.update(operands)
        elif node.op not in IN_C_ORDER:
            return False
    return True


def _input_is_in_c_order(builder: Any, i: NodeId) -> bool:
    """The same of an input, which is asked: a compiled function is traced anew for another layout."""
    try:
        return bool(builder.answer(builder.var(i), _lies_in_c_order))
    except BackpropError:  # there is no value to ask
        return False


def _lies_in_c_order(value: Any) -> bool:
    return bool(np.asarray(value).flags.c_contiguous)
