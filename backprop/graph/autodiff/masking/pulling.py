"""Pull a cotangent back through one node, with its mask: what `masks` finds is applied here.

The rule of an elementwise op is called on the bare cotangent, and its answer is masked. Where only a slice of an
elementwise result has a cotangent, the rule is called on the same slice of the operands: this is less work, and what
was left out stays out. Where elements of a result depend on each other's operands, as along the rows of softmax, the
answer is masked only where all of them are masked. A product of matrices would multiply the zeros of a cotangent with
what they hide, so there the operands are masked as well, and so it is with convolutions and running products.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ....ops.arrays.indexing.items import basic_index, put_index, scatter_basic
from ....ops.arrays.indexing.parts import add_parts, put_parts
from ....ops.arrays.padding import pad_with
from ....ops.arrays.views import reshape
from ....ops.composites.polynomials import convolution
from ....ops.core.types import NumericType, Shape
from ....ops.elementwise.arithmetic import add, divide, multiply, subtract
from ....ops.elementwise.conversion import cast
from ....ops.elementwise.masking import cornered, exceeds, masked, over, scale
from ....ops.linear_algebra.products import matmul, row_dot
from ....ops.reductions.questions import reduce_any
from ....ops.reductions.reductions import reduce_mean, reduce_sum
from ....ops.reductions.running import cumprod_along, cumsum_along, recurrence
from ....ops.reductions.variances import centred
from ....ops.signals.convolutions import convolution_along
from ...graph import Node
from ...tracing.var import Var
from .mask import Mask, truth, whole
from .mask_flow import FLOWS
from .masks import Masks

Rule = Callable[..., Any]

SUMS = {add, subtract, reduce_sum, reduce_mean, centred}
PRODUCTS = frozenset({convolution, convolution_along, cumprod_along, recurrence})
"""Ops whose elements are sums of products of neighbours, whose rules apply such ops in turn."""

WRITES = {add_parts, pad_with, put_parts, put_index}
LINEAR = frozenset(SUMS | WRITES | set(FLOWS) - {multiply, divide, over, scale, cornered})
"""Ops whose rules map 0 to 0, whatever their operands are."""


def pulled_back(
    masks: Masks, node: Node, rule: Rule, g: Var[Any], out: Var[Any], operands: list[Var[Any]], params: dict[str, Any]
) -> tuple[Any, ...]:
    """What a rule answers for a cotangent, with the mask of the cotangent.

    Arguments:
        masks: the masks of the reverse pass.
        node: whose rule it is.
        rule: the rule.
        g: the cotangent of its result.
        out: its result.
        operands: its operands.
        params: its parameters.
    """
    mask = masks.of(g)
    if mask.is_empty or (node.op in LINEAR and masks.bare(g) is g):
        return _tuple(rule(g, out, *operands, **params))
    if node.op.is_elementwise:
        place = masks.builder.nodes[g.id]
        if place is not None and place.op is scatter_basic:
            return _of_slice(masks, rule, place, out, operands, params)
        return _masked(masks, rule, g, mask, out, operands, params)
    if node.op in LINEAR:
        return _tuple(rule(g, out, *operands, **params))
    if node.op is matmul:
        can_hide = mask.hides and mask.live is not None
        return _of_product(masks, rule, g, mask, out, operands) if can_hide else _tuple(rule(g, out, *operands))
    if node.op in PRODUCTS and mask.hides and mask.live is not None:
        return _of_neighbours(masks, rule, g, mask, out, operands, params)
    groups, answer = spread(mask, node, operands), _tuple(rule(g, out, *operands, **params))
    if len(answer) != len(operands):
        return answer
    return tuple([_settled(masks, c, groups, x) for c, x in zip(answer, operands, strict=True)])


def _tuple(answer: Any) -> tuple[Any, ...]:
    return answer if isinstance(answer, tuple) else (answer,)


def _masked(
    masks: Masks, rule: Rule, g: Var[Any], mask: Mask, out: Var[Any], operands: list[Var[Any]], params: dict[str, Any]
) -> tuple[Any, ...]:
    bare = masks.bare(g)
    answer = _tuple(rule(bare, out, *operands, **params))
    if len(answer) != len(operands):
        return answer
    return tuple([g if c is bare else _settled(masks, c, mask, x) for c, x in zip(answer, operands, strict=True)])


def _settled(masks: Masks, cotangent: Any, mask: Mask, operand: Var[Any]) -> Any:
    """A cotangent with its mask applied; cast to the dtype of the operand where it has the shape of the operand."""
    if cotangent is None or cotangent is NotImplemented or not isinstance(operand.type, NumericType):
        return cotangent
    var = masks.builder.lift(cotangent)
    if var.shape == operand.shape and var.dtype != operand.dtype:
        var = cast(var, dtype=operand.dtype.name)
    return masks.applied(var, mask)


def _of_slice(
    masks: Masks, rule: Rule, place: Node, out: Var[Any], operands: list[Var[Any]], params: dict[str, Any]
) -> tuple[Any, ...]:
    """What a rule answers where only a slice of the result has a cotangent: the same slice of its answer."""
    shape, key = place.param("shape"), place.param("key")
    g = masks.var(place.inputs[0])

    def part(x: Var[Any]) -> Var[Any]:
        return basic_index(whole(x, shape), key=key) if x.shape else x

    parts = [part(x) for x in operands]
    answer = _masked(masks, rule, g, masks.of(g), part(out), parts, params)
    return tuple([c if c is None or c is NotImplemented else scatter_basic(c, shape=shape, key=key) for c in answer])


def spread(mask: Mask, node: Node, operands: Sequence[Var[Any]]) -> Mask:
    """The mask of the cotangents of the operands of a node that is not elementwise: live where any of a group is.

    Arguments:
        mask: of the cotangent of the node.
        node: the node.
        operands: its operands.
    """
    if not isinstance(node.type, NumericType) or not operands:
        return Mask()
    params, shape = dict(node.params), node.type.shape
    if "keepdims" in params and "axes" in params:
        lengths = tuple([1 if k in params["axes"] else n for k, n in enumerate(operands[0].shape)])
        return mask.map(lambda live: reshape(whole(live, shape), lengths))
    if node.op is row_dot:
        return mask.map(lambda live: reshape(live, (*live.shape, 1)))
    if "running" in node.op.home and "reverse" in params:
        return mask.together.map(lambda live: _any_behind(whole(live, shape), **params))
    axes, mask = _group(node), mask.together
    if axes is None:
        return mask.map(lambda live: _any(live, tuple(range(len(live.shape))), False))
    return mask.map(lambda live: _any(whole(live, shape), axes))


def _group(node: Node) -> tuple[int, ...] | None:
    """The axes along which elements of a result depend on each other's operands; None where these may be all axes."""
    params = dict(node.params)
    if "axes" in params and "log_sums" in node.op.home:
        return tuple(params["axes"])
    if "running" in node.op.home and isinstance(params.get("axis"), int):
        return (params["axis"],)
    return None


def _any_behind(live: Var[Any], axis: int, reverse: bool) -> Var[Any]:
    """Where an element of a running sum or product matters: where one at its place or behind it is live."""
    counts = cumsum_along(cast(live, dtype="float64"), axis=axis, reverse=not reverse)
    return exceeds(counts, 0.5)  # type: ignore[no-any-return]


def _any(live: Var[Any], axes: tuple[int, ...], keepdims: bool = True) -> Var[Any]:
    return reduce_any(live, axes=axes, keepdims=keepdims) if axes else live


def _of_product(
    masks: Masks, rule: Rule, g: Var[Any], mask: Mask, out: Var[Any], operands: Sequence[Var[Any]]
) -> tuple[Any, ...]:
    """What the rule of a product of matrices answers, where the mask can hide a NaN of a row or of a column.

    It would spread to what it is multiplied with, so a row that matters to no element that is not masked counts as 0.
    """
    x, y = operands
    lives = _rows_and_columns(mask, out, x, y)
    answer = rule(g, out, *[masked(v, live) for v, live in zip(operands, lives, strict=True)])
    for cotangent, live in zip(answer, lives, strict=True):
        masks.note(cotangent, Mask(live, hides=True))
    return answer  # type: ignore[no-any-return]


def _of_neighbours(
    masks: Masks, rule: Rule, g: Var[Any], mask: Mask, out: Var[Any], operands: list[Var[Any]], params: dict[str, Any]
) -> tuple[Any, ...]:
    """What the rule of sums of products answers, where the mask can hide a NaN of an operand.

    Which elements matter to one that is not masked, the rule itself says, of the mask and operands that are all 1.
    """

    def ones(shape: Shape) -> Any:
        return cast(truth(masks.builder, shape), dtype="float64")

    live = cast(whole(mask.live, out.shape), dtype="float64")  # type: ignore[arg-type]
    counts = _tuple(rule(live, ones(out.shape), *[ones(x.shape) for x in operands], **params))
    lives = [exceeds(count, 0.5) for count in counts]
    answer = _tuple(rule(g, out, *[masked(x, live) for x, live in zip(operands, lives, strict=True)], **params))
    return tuple(
        [_settled(masks, c, Mask(live, hides=True), x) for c, live, x in zip(answer, lives, operands, strict=True)]
    )


def _rows_and_columns(mask: Mask, out: Var[Any], x: Var[Any], y: Var[Any]) -> tuple[Var[Any], Var[Any]]:
    """Which rows of x and columns of y matter to an element of the product that is not masked."""
    rows, columns = x.shape[-2:-1], y.shape[-1:] if len(y.shape) > 1 else ()
    live = whole(mask.live, out.shape)  # type: ignore[arg-type]
    batch = live.shape[: len(live.shape) - len(rows) - len(columns)]
    live = reshape(live, (*batch, *(rows or (1,)), *(columns or (1,))))
    last = len(live.shape) - 1
    down = _fitted(_any(live, (last,)), x.shape if rows else (1, *x.shape))
    across = _fitted(_any(live, (last - 1,)), y.shape if columns else (*y.shape, 1))
    return down if rows else reshape(down, (1,)), across if columns else reshape(across, (1,))


def _fitted(live: Var[Any], shape: Shape) -> Var[Any]:
    """Booleans that broadcast to a shape: where any of those holds that the shape does not tell apart."""
    extra = len(live.shape) - len(shape)
    live = live if extra <= 0 else reshape(_any(live, tuple(range(extra))), live.shape[extra:])
    offset = len(shape) - len(live.shape)
    return _any(live, tuple([k for k, n in enumerate(live.shape) if n > 1 and shape[k + offset] == 1]))
