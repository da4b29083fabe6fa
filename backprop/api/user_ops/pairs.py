"""Ops of two opaque parts: plain code forward, which leaves residuals, and plain code back, which reads them.

The words and the rules are those of `rules`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import NotDifferentiableError
from ...graph.ownership import copied
from ...graph.tracing.structures.result import Result
from ...graph.tracing.structures.structure import Structure, unflatten
from ...graph.tracing.var import Var
from ...ops.arrays.tuples import taken
from ...ops.core.op import Op
from ...ops.core.types import TupleType, ValueType
from .rules import checked, cotangent_leaves, cotangent_of
from .signatures import Function


def run_pair(name: str, forward: Function, *values: Any, call: Structure, result: Result) -> tuple[Any, ...]:
    """The value of a node of an opaque pair: the leaves, and the residuals.

    Arguments:
        name: of the op, for errors.
        forward: the user's; it returns a value and residuals.
        values: the dynamic leaves of its arguments.
        call: the structure of (args, kwargs).
        result: what the op returns.
    """
    args, params = unflatten(call, list(map(copied, values)))
    out, residuals = forward(*args, **params)
    return (*map(copied, checked(name, out, result.structure)), residuals)


def without_residuals(forward: Function, *args: Any, **params: Any) -> Any:
    """What a pair computes on plain values.

    Arguments:
        forward: the user's; it returns a value and residuals.
        args: its arguments.
        params: its keywords.
    """
    out, _ = forward(*args, **params)
    return out


def pull_pair(backward: Op, g: Any, out: Any, *inputs: Any, call: Structure, result: Result) -> tuple[Any, ...]:
    """The vjp of an opaque pair: a node for all cotangents together, which reads the residuals.

    Arguments:
        backward: the op of the reverse node.
        g: the cotangent of the node.
        out: its value.
        inputs: its operands.
        call: the structure of (args, kwargs).
        result: what the op returns.
    """
    types = result.structure.types
    seeds = [leaf for leaf, t in zip(result.leaves(g), types, strict=True) if t.differentiable]
    wanted = tuple(x.type for x in inputs)
    whole = backward(taken(out, index=len(types)), *seeds, call=call, result=result, wanted=wanted)
    places = iter(range(len(wanted)))
    return tuple(taken(whole, index=next(places)) if t.differentiable else None for t in wanted)


def cotangents_type(*types: ValueType[Any], call: Structure, result: Result, wanted: Sequence[Any]) -> TupleType:
    """The type of the reverse node of an opaque pair.

    Arguments:
        types: of the residuals and the cotangents of the leaves.
        call: the structure of (args, kwargs) of the pair.
        result: what the pair returns.
        wanted: which operands have a cotangent.
    """
    return TupleType(tuple(t for t in wanted if t.differentiable))


def run_backward(
    name: str,
    backward: Function,
    residuals: Any,
    *seeds: Any,
    call: Structure,
    result: Result,
    wanted: Sequence[ValueType[Any]],
) -> tuple[Any, ...]:
    """The value of the reverse node of an opaque pair.

    Arguments:
        name: of the op, for errors.
        backward: the user's: (residuals, cotangent) -> cotangents.
        residuals: what the forward part left.
        seeds: the cotangents of the leaves of the value.
        call: the structure of (args, kwargs) of the pair.
        result: what the pair returns.
        wanted: which operands have a cotangent.
    """
    given = map(copied, seeds)
    leaves = [next(given) if t.differentiable else None for t in result.structure.types]
    answer = backward(residuals, unflatten(result.structure, leaves))
    found = zip(cotangent_leaves(name, call, answer), wanted, strict=True)
    return tuple(cotangent_of(name, leaf, t) for leaf, t in found if t.differentiable)


def no_second_derivative(name: str, g: Var[Any], *operands: Any, **params: Any) -> Any:
    """The rule of the reverse node of an opaque pair.

    Arguments:
        name: of the op.
        g: the cotangent of the reverse node.
        operands: its operands, its value before them.
        params: its parameters.
    Errors:
        NotDifferentiableError: always.
    """
    raise NotDifferentiableError(
        f"{name} is an opaque pair, and has no second derivative and no forward mode",
        g.builder.source,
        "give it a rule that is made of ops, with vjp=, or leave it out with backprop.stop_gradient",
    )
