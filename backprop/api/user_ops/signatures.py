"""What an op of the user's own returns, known before it runs.

The `like` or `infer` of an op says so; a derived op is traced; any other is run once, on zeros of the types of its
operands. The answer is remembered for each op, types of operands, and structure of arguments.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from ...errors import ArgumentError, GraphTypeError, TracedConversionError
from ...graph.tracing.builder import Builder
from ...graph.tracing.structures.structure import Structure, structure_of, typed, unflatten
from ...ops.core.cache import cached
from ...ops.core.types import NumericType, ScalarType, ValueType

Function: TypeAlias = Callable[..., Any]
Types: TypeAlias = Sequence[ValueType[Any]]
TypeRule: TypeAlias = Callable[[Types, Structure], Structure]
"""(types of the operands, structure of the arguments) -> structure of the result."""


def type_rule(name: str, function: Function, derive: bool, infer: Function | None, like: int | None) -> TypeRule:
    """The type rule that follows from the options of an op.

    Arguments:
        name: of the op.
        function: what it computes.
        derive: whether it is made of ops, so that a trace tells.
        infer: from types to the type of the result, where given.
        like: the argument whose type the result has, where given.
    """
    if like is not None:
        return partial(_like, name, like)
    if infer is not None:
        return partial(_inferred, infer)
    return partial(_traced, function) if derive else partial(_tried, name, function)


@cached()
def result_structure(rule: TypeRule, types: tuple[ValueType[Any], ...], call: Structure) -> Structure:
    """The structure and the types of the result of an op.

    Arguments:
        rule: the type rule of the op, one object for each op.
        types: of its operands.
        call: the structure of its arguments.
    Errors:
        GraphTypeError: the op fails on zeros, by which its result would be known.
    """
    return rule(types, call)


def _like(name: str, position: int, types: Types, call: Structure) -> Structure:
    args, _ = unflatten(call, types)
    if not -len(args) <= position < len(args):
        raise ArgumentError(f"{name} is said to be like its argument {position}, and was given {len(args)} arguments")
    return typed(args[position])


def _inferred(infer: Function, types: Types, call: Structure) -> Structure:
    args, params = unflatten(call, types)
    return typed(infer(*args, **params))


def _traced(function: Function, types: Types, call: Structure) -> Structure:
    builder = Builder()
    args, params = unflatten(call, [builder.input(t) for t in types])
    try:
        return structure_of(function(*args, **params))
    except TracedConversionError as error:
        raise GraphTypeError(
            f"what it returns cannot be known before its values are: {error.what}", fix="give infer= or like="
        ) from error


def _tried(name: str, function: Function, types: Types, call: Structure) -> Structure:
    args, params = unflatten(call, [_zero(name, t) for t in types])
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return structure_of(function(*args, **params))
    except Exception as error:
        raise GraphTypeError(
            f"{name} fails on zeros, on which it is run once to learn what it returns: {error!r}",
            fix="say what it returns with infer= or like=",
        ) from error


def _zero(name: str, t: ValueType[Any]) -> Any:
    if not isinstance(t, NumericType):
        raise GraphTypeError(f"there are no zeros of {t}, on which {name} could be run", fix="give infer= or like=")
    zero = t.dtype.type(0)
    return (zero.item() if t.weak else zero) if isinstance(t, ScalarType) else np.zeros(t.shape, t.dtype)
