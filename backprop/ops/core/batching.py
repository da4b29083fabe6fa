"""What an op does to many operands at once: its batching rule.

Many evaluations of one op become one evaluation whose batched operands have a leading axis, the *batch*. A rule writes
it with ordinary ops, so that it needs to know nothing of graphs:

    apply(op, batched, operands, params) -> the result, with the batch as its first axis

`batched` says which operands have the leading axis; at least one has. A rule answers NotImplemented where it does not
know these operands, and the op is then run in a loop over the batch (graph/batching).

An op says so in its definition, `batch=`; elementwise ops need not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

Batched: TypeAlias = Sequence[bool]
"""For each operand, whether it has the batch as its first axis."""


class BatchRule(NamedTuple):
    """How an op is computed for many operands at once.

    Arguments:
        apply: (op, batched, operands, params) -> the result with the batch as its first axis, or NotImplemented.
        alike: whether it wants the batch in all operands; those that lack it are broadcast along it.
    """

    apply: Callable[[Any, Batched, Sequence[Any], Mapping[str, Any]], Any]
    alike: bool = False


Params: TypeAlias = Mapping[str, Any]


def batch_of(batched: Batched, operands: Sequence[Any]) -> int:
    """The length of the batch."""
    return int(operands[list(batched).index(True)].shape[0])


def aligned(batched: Batched, operands: Sequence[Any]) -> list[Any]:
    """Operands that broadcast with each other as those of one evaluation do, the batch in front."""
    ranks = [len(x.shape) - is_batched for x, is_batched in zip(operands, batched, strict=True)]
    return [
        with_axes(x, max(ranks) - rank) if is_batched else x
        for x, rank, is_batched in zip(operands, ranks, batched, strict=True)
    ]


def with_axes(x: Any, count: int) -> Any:
    """A batched operand with some axes of length 1 behind the batch."""
    return x.reshape((x.shape[0], *(1,) * count, *x.shape[1:])) if count else x


# Rules of many ops.


def _by_element(op: Any, batched: Batched, operands: Sequence[Any], params: Params) -> Any:
    return op(*aligned(batched, operands), **params)


def _along_axes(op: Any, batched: Batched, operands: Sequence[Any], params: Params) -> Any:
    return NotImplemented if params.get("axis", 0) is None else op(*operands, **moved_axes(params))


def moved_axes(params: Params) -> dict[str, Any]:
    """Params whose `axis` and `axes` name the same axes of an operand with one more axis in front."""
    moved = dict(params)
    if "axis" in params:
        moved["axis"] = params["axis"] + 1
    if "axes" in params:
        moved["axes"] = tuple([axis + 1 for axis in params["axes"]])
    return moved


ELEMENTWISE = BatchRule(_by_element)
"""The rule of elementwise ops."""

ALONG_AXES = BatchRule(_along_axes, alike=True)
"""The rule of ops along the axes that their params `axis` or `axes` name, counted from the left."""

STACKS = BatchRule(lambda op, batched, operands, params: op(*operands, **params), alike=True)
"""The rule of ops of which further axes in front are more of the same, such as decompositions of matrices."""

FIRST = BatchRule(lambda op, batched, operands, params: op(*operands, **params) if batched[0] else NotImplemented)
"""The rule of ops whose value is that of their first operand."""
