"""Control: ops that hold graphs, so that a choice or a part to be recomputed is one node.

    switch(index, *operands; bodies)    the results of the body that the index picks; the others do not run
    call(*operands; bodies)             the results of the only body; `checkpoint` makes it
    branch(*operands; bodies)           the same, of a body that others share (branches.py)
    after(x, *others)                   x itself, but not before the others are there

The graphs are the parameter `bodies`. Whoever runs such a node hands `compute` something to call in the place of each
body (see `graph.parameters`), so that a body runs as a node does: interpreted here, as a program in an executor. The
rules emit nodes of the same kind, whose bodies are the differentiated ones, so that they can be differentiated again.
A body is run anew in the reverse pass: nothing of its inside is kept between the passes.

Source: T. Chen et al., Training deep nets with sublinear memory cost, arXiv:1604.06174, 2016 (recomputation).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...errors import GraphTypeError
from ...ops.arrays.creation import filled
from ...ops.arrays.tuples import item, make_tuple
from ...ops.core.op import Kind, Op, always
from ...ops.core.types import NumericType, TupleType, ValueType
from ..graph import Graph, Node
from ..ownership import alone, contiguous
from ..params import Params
from ..tracing.steering import Owner
from ..tracing.var import Var
from ..verify import same_type
from .body_pullback import BodyPullback, joined_kinds
from .masking.mask import Kind as MaskKind
from .masking.mask import kind_of, mask_of, whole
from .masking.masks import Masks

Body = Callable[..., Sequence[Any]]


# What every op with bodies needs.


def results_type(op: str, bodies: Sequence[Graph], types: Sequence[ValueType[Any]]) -> TupleType:
    """The type of the results of some bodies.

    Arguments:
        op: the name of the op, for errors.
        bodies: graphs of the same inputs and results.
        types: of their operands.
    Errors:
        GraphTypeError: a body does not take the operands, or returns other types than the first.
    """
    first = bodies[0].output_types
    for k, body in enumerate(bodies):
        if not all_fit(body.inputs, types):
            raise GraphTypeError(f"body {k} of {op} takes {TupleType(body.inputs)}, not {TupleType(tuple(types))}")
        if not all_fit(first, body.output_types):
            raise GraphTypeError(
                f"body {k} of {op} returns {TupleType(body.output_types)}, and body 0 {TupleType(first)}"
            )
    return TupleType(first)


def all_fit(wanted: Sequence[ValueType[Any]], given: Sequence[ValueType[Any]]) -> bool:
    """Whether values of some types can stand for others."""
    return len(wanted) == len(given) and all(map(same_type, wanted, given))


def run_body(body: Body, operands: Sequence[Any]) -> tuple[Any, ...]:
    """The results of a body, which share no memory with the operands, as those may be overwritten later."""
    given = [contiguous(value) for value in operands]
    taken = {id(value) for value in given}
    return tuple([alone(value, taken) for value in body(*given)])


def cotangents(g: Var[Any]) -> list[Var[Any] | None]:
    """The items of the cotangent of a tuple: None for one that is zero or that has none."""
    node = g.builder.nodes[g.id]
    if node is None or node.op is not make_tuple:
        return [item(g, index=k) if t.differentiable else None for k, t in enumerate(items_of(g))]
    return [_nonzero(Var(g.builder, i, g.builder.types[i])) for i in node.inputs]


def _nonzero(var: Var[Any]) -> Var[Any] | None:
    node = var.builder.nodes[var.id]
    if not var.type.differentiable:
        return None
    return None if node is not None and node.op is filled and complex(node.param("value")) == 0 else var


def items_of(var: Var[Any]) -> tuple[ValueType[Any], ...]:
    """The types of the items of a Var of a tuple."""
    assert isinstance(var.type, TupleType)
    return var.type.items


def emit(builder: Owner, op: Op, operands: Sequence[Any], params: dict[str, Any]) -> Var[Any]:
    """The tuple of results of an op with bodies, as a new node of a builder.

    Arguments:
        builder: what the node becomes part of.
        op: the op.
        operands: Vars of this builder.
        params: its parameters, the bodies among them.
    Errors:
        GraphTypeError: operands or bodies that do not fit each other.
    """
    return append(builder, op, operands, op.infer(*(var.type for var in operands), **params), **params)


def append(builder: Owner, op: Op, operands: Sequence[Any], type: ValueType[Any], **params: Any) -> Var[Any]:
    """A new node; unlike `Builder.emit` it casts no weak operand, as a body takes it as it is.

    Arguments:
        builder: what the node becomes part of.
        op: the op.
        operands: Vars of this builder.
        type: the type of the result.
        params: its parameters.
    """
    ids = tuple(var.id for var in operands)
    made: Var[Any] = builder.append(Node(op, ids, Params.of(**params), type=type, source=builder.source))
    return made


def pulled(
    op: Op, g: Var[Any], chosen: list[Any], operands: Sequence[Any], bodies: Any, active: Any, masks: Masks
) -> list[Any]:
    """The cotangents of operands: those that a node with the differentiated bodies computes, None for the rest.

    Arguments:
        op: the op of that node.
        g: the tuple of cotangents of the results.
        chosen: operands of the node that are not differentiated, such as the index of a choice; they come first.
        operands: what the bodies read.
        bodies: the graphs, each from the operands to the results.
        active: for each operand, whether its cotangent is wanted.
        masks: what is known of the elements of cotangents; that of the new ones is added.
    """
    wrt = [k for k, is_active in enumerate(active) if is_active]
    seeds = [(k, seed, masks.of(seed)) for k, seed in enumerate(cotangents(g)) if seed is not None]
    given: list[MaskKind] = [kind_of(mask) for _, _, mask in seeds]
    pullbacks = [BodyPullback(body, wrt, [k for k, _, _ in seeds], given) for body in bodies]
    kinds = joined_kinds([pullback.kinds for pullback in pullbacks])
    graphs = tuple([pullback.graph(kinds) for pullback in pullbacks])
    lives = [whole(mask.either(), seed.shape) for _, seed, mask in seeds if not mask.is_empty]
    found = emit(g.builder, op, [*chosen, *operands, *(seed for _, seed, _ in seeds), *lives], {"bodies": graphs})
    answers = with_masks(masks, [found[k] for k in range(len(found))], kinds)
    return [answers[wrt.index(k)] if k in wrt else None for k in range(len(operands))]


def with_masks(masks: Masks, found: Sequence[Var[Any]], kinds: Sequence[MaskKind]) -> list[Var[Any]]:
    """The cotangents that stand first among the results of a pullback; the masks behind them are noted.

    Arguments:
        masks: where they are noted.
        found: a cotangent for each kind, then a mask for each kind that is not "".
        kinds: what kind of mask each cotangent has.
    """
    lives = iter(found[len(kinds) :])
    for g, kind in zip(found, kinds, strict=False):
        if kind:
            masks.note(g, mask_of(kind, next(lives)))
    return list(found[: len(kinds)])


# Switch.


def _switch_type(index: ValueType[Any], *operands: ValueType[Any], bodies: Sequence[Graph]) -> TupleType:
    if not isinstance(index, NumericType) or index.shape != () or index.dtype.kind not in "biu":
        raise GraphTypeError(f"the index of switch must be one integer, not {index}")
    return results_type("switch", bodies, operands)


def _switch(index: Any, *operands: Any, bodies: Sequence[Body]) -> tuple[Any, ...]:
    return run_body(bodies[position(index, len(bodies))], operands)


def position(index: Any, count: int) -> int:
    """The place that an index picks, counted from the end where it is negative.

    Errors:
        IndexError: there is no such place.
    """
    place = operator.index(index.item() if isinstance(index, np.generic | np.ndarray) else index)
    if not -count <= place < count:
        raise IndexError(f"switch: the index is {place}, but {count} branches take {-count} .. {count - 1}")
    return place % count


def _switch_vjp(g: Any, out: Any, index: Any, *operands: Any, bodies: Any, active: Any, masks: Any) -> tuple[Any, ...]:
    return (None, *pulled(switch, g, [index], operands, bodies, active[1:], masks))


switch: Op = Op("switch", _switch_type, _switch, _switch_vjp, home=__name__)


# Call.


def _call_vjp(g: Any, out: Any, *operands: Any, bodies: Any, active: Any, masks: Any) -> tuple[Any, ...]:
    seeds = [seed for seed in cotangents(g) if seed is not None]
    late = [append(g.builder, after, [x, *seeds], x.type) for x in operands]
    return tuple(pulled(call, g, [], late, bodies, active, masks))


call: Op = Op(
    "call",
    lambda *operands, bodies: results_type("call", bodies, operands),
    lambda *operands, bodies: run_body(bodies[0], operands),
    _call_vjp,
    home=__name__,
)

branch: Op = Op(
    "branch",
    lambda *operands, bodies: results_type("branch", bodies, operands),
    lambda *operands, bodies: run_body(bodies[0], operands),
    lambda g, out, *operands, bodies, active, masks: tuple(pulled(call, g, [], operands, bodies, active, masks)),
    home=__name__,
)


# Waiting. What is computed from after(x, g) is no common subexpression of what is computed from x, and comes later.

after: Op = Op(
    "after",
    lambda x, *others: x,
    lambda x, *others: x,
    lambda g, out, x, *others: (g, *(None for _ in others)),
    Kind.VIEW,
    home=__name__,
    keeps_layout=always,
)
