"""What an op does to rows, the elements along axis 0: how it can be computed a block of rows at a time.

There are two ways. An op *by rows* makes a block of its result from the same block of some operands, and others whole:
elementwise ops, reductions of other axes, a product by its left operand. An op that *merges* rows makes a partial
result of each block, and another op merges two of these: reductions of axis 0, dot products.

An op says so in its definition, `rows=`; those of `Kind.ELEMENTWISE` are by rows anyhow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from .types import NumericType

Type = NumericType[Any]


class Split(NamedTuple):
    """How an op can be computed a block of rows at a time, for operands of some types.

    Arguments:
        length: the number of rows.
        split: for each operand, whether a block reads only its own rows of it.
        size: the most elements among the result and the operands that are split.
        merge: the op that merges the results of two blocks; None where they are blocks of the result.
    """

    length: int
    split: tuple[bool, ...]
    size: int
    merge: Any = None


class RowRule(NamedTuple):
    """What an op does to rows.

    Arguments:
        split: (*operand types, result type, **params) -> Split, None where it cannot be computed by blocks.
        shaped: whether its params `shape` or `key` begin with the number of rows, so that those of a block differ.
        repeats: whether all rows are equal where it is not by rows, so that it can make fewer of them.
        partial: the op that makes the partial results, whose total is divided by the number of elements; None where it
            makes them itself.
    """

    split: Callable[..., Split | None]
    shaped: bool = False
    repeats: bool = False
    partial: Any = None


def split_rows(out: Type, operands: Sequence[Type], split: Sequence[bool], merge: Any = None) -> Split | None:
    """The Split of an op of which these operands are split; None where none is.

    Arguments:
        out: the type of the result.
        operands: the types of the operands.
        split: for each of them, whether a block reads only its own rows of it.
        merge: the op that merges the results of two blocks, if one has to.
    """
    inside = [t for t, is_split in zip(operands, split, strict=True) if is_split]
    if not inside or not inside[0].shape:
        return None
    return Split(inside[0].shape[0], tuple(split), max([t.size for t in (*inside, out)]), merge)


def by_element(*types: Type, extra: int = 0) -> Split | None:
    """The Split of an elementwise op: an operand that has all axes is split, where it is not broadcast along axis 0.

    Arguments:
        types: of the operands, and of the result.
        extra: axes that operands have beyond those of the result.
    """
    *operands, out = types
    n = out.shape[:1]
    return split_rows(out, operands, [bool(n) and t.ndim == out.ndim + extra and t.shape[:1] == n for t in operands])


def _elementwise(*types: Type, **params: Any) -> Split | None:
    return by_element(*types)


BY_ELEMENT = RowRule(_elementwise)
"""The rule of elementwise ops."""


def reduced_by(merge: Any, partial_op: Any = None, dtypes: str = "biufc") -> RowRule:
    """The rule of a reduction with the param `axes`: that of other axes is by rows, that of axis 0 merges them.

    Arguments:
        merge: the op that merges two results; None where they cannot be merged.
        partial_op: the op that makes the partial results, if another one does.
        dtypes: the kinds of the dtypes whose results are merged.
    """
    return RowRule(partial(_reduced, merge, dtypes), partial=partial_op)


def _reduced(merge: Any, dtypes: str, x: Type, out: Type, *, axes: tuple[int, ...], **params: Any) -> Split | None:
    if 0 not in axes:
        return split_rows(out, (x,), (True,))
    return None if merge is None or x.dtype.kind not in dtypes else split_rows(out, (x,), (True,), merge)


WITHIN_ROWS = reduced_by(None)
"""The rule of reductions whose results cannot be merged, and of ops along axes."""
