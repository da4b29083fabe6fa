"""What the nodes of a user's op compute, and how cotangents flow back through them.

They stand between the user's functions, which take and return structures, and a node, whose operands and results are
leaves: `call` is the structure of the arguments, `result` that of what the op returns. All are functions of a module,
bound by `functools.partial` to what the user gave, so that an op can be sent to other processes.

A user's function gets arrays of its own, which it may write to and keep: those of a program are soon overwritten, and
those of the caller may be. What it keeps in residuals is kept apart from what it returns, for the same reason.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ...errors import BadCotangentError, GraphTypeError
from ...graph.ownership import copied
from ...graph.tracing.structures.result import Result
from ...graph.tracing.structures.structure import Structure, flatten_up_to, is_dynamic, unflatten
from ...graph.verify import same_type
from ...ops.core.types import NumericType, ScalarType, ValueType, type_of
from ..verbs.gradients import vjp
from .signatures import Function

# Forward.


def node_type(*types: ValueType[Any], call: Structure, result: Result) -> ValueType[Any]:
    """The type of a node of a user's op, known since it was emitted.

    Arguments:
        types: of the operands.
        call: the structure of (args, kwargs).
        result: what the op returns.
    """
    return result.type


def run(name: str, function: Function, *values: Any, call: Structure, result: Result) -> Any:
    """The value of a node: the only leaf of what the function returns, or a tuple of the leaves.

    Arguments:
        name: of the op, for errors.
        function: the user's.
        values: the dynamic leaves of its arguments.
        call: the structure of (args, kwargs).
        result: what the op returns.
    """
    args, params = unflatten(call, list(map(copied, values)))
    leaves = checked(name, function(*args, **params), result.structure)
    if len(leaves) == 1:
        return leaves[0]
    plain = all(isinstance(t, NumericType) for t in result.structure.types)
    return tuple(leaves if plain else map(copied, leaves))


def checked(name: str, value: Any, structure: Structure) -> list[Any]:
    """The leaves of what an op returned.

    Arguments:
        name: of the op, for errors.
        value: what it returned.
        structure: what it was to return.
    Errors:
        GraphTypeError: it is not what the op's type rule says.
    """
    try:
        leaves = flatten_up_to(structure, value)
    except ValueError as error:
        raise _not_as_told(name, str(error)) from None
    for leaf, expected in zip(leaves, structure.types, strict=True):
        if not _is_of(leaf, expected):
            raise _not_as_told(name, f"it says {expected}, and got {type_of(leaf)}")
    return leaves


def _is_of(leaf: Any, expected: ValueType[Any]) -> bool:
    if isinstance(expected, NumericType):
        return same_type(type_of(leaf), expected)
    return isinstance(leaf, getattr(expected, "cls", object))


def _not_as_told(name: str, what: str) -> GraphTypeError:
    return GraphTypeError(
        f"{name} returned something else than its type rule says: {what}",
        fix="give the right rule with infer= or like=; shapes may not depend on values",
    )


# Reverse.


def pull(name: str, rule: Function, g: Any, out: Any, *inputs: Any, call: Structure, result: Result) -> tuple[Any, ...]:
    """The vjp of an op whose rule emits graph.

    Arguments:
        name: of the op, for errors.
        rule: the user's: (g, out, *args) -> cotangents.
        g: the cotangent of the node.
        out: its value.
        inputs: its operands.
        call: the structure of (args, kwargs).
        result: what the op returns.
    """
    args, params = unflatten(call, inputs)
    types = result.structure.types
    seeds = [leaf if t.differentiable else None for leaf, t in zip(result.leaves(g), types, strict=True)]
    cotangent, value = (unflatten(result.structure, leaves) for leaves in (seeds, result.leaves(out)))
    return tuple(cotangent_leaves(name, call, rule(cotangent, value, *args, **params)))


def derived(function: Function, g: Any, out: Any, *args: Any, **params: Any) -> Any:
    """The rule that follows from a function of ops: its pullback.

    Arguments:
        function: of ops.
        g: the cotangent of its value.
        out: its value.
        args: its arguments.
        params: its keywords.
    """
    return vjp(partial(function, **params), *args)[1](g)


def cotangent_leaves(name: str, call: Structure, answer: Any) -> list[Any]:
    """The cotangents of the dynamic leaves of an op's arguments, from those of its positional arguments.

    Arguments:
        name: of the op, for errors.
        call: the structure of (args, kwargs).
        answer: what the user's rule returned.
    Errors:
        BadCotangentError: there are more or fewer than arguments, or one has another structure than its argument.
    """
    arguments = call.arguments
    cotangents = answer if type(answer) is tuple and (len(arguments) != 1 or len(answer) == 1) else (answer,)
    if len(cotangents) != len(arguments):
        raise BadCotangentError(
            f"the rule of {name} returned {len(cotangents)} cotangents for {len(arguments)} arguments",
            fix="return one for each argument, None where there is none",
        )
    pairs = zip(arguments, cotangents, strict=True)
    leaves = [leaf for k, pair in enumerate(pairs) for leaf in _argument_leaves(f"{name}, argument {k}", *pair)]
    return leaves + [None] * (len(call.types) - len(leaves))


def _argument_leaves(where: str, argument: Structure, cotangent: Any) -> list[Any]:
    if cotangent is None or cotangent is NotImplemented:
        return [cotangent] * len(argument.types)
    try:
        leaves = flatten_up_to(argument, cotangent)
    except ValueError as error:
        raise _other_structure(where, str(error)) from None
    for leaf in leaves:
        if leaf is not None and leaf is not NotImplemented and not isinstance(leaf, int) and not is_dynamic(leaf):
            raise _other_structure(where, f"a {type(leaf).__name__} in the place of a number or an array")
    return leaves


def _other_structure(where: str, what: str) -> BadCotangentError:
    return BadCotangentError(
        f"a cotangent has another structure than its argument: {what}",
        where,
        "return the structure of the argument, with None for parts that have no cotangent",
    )


def cotangent_of(name: str, leaf: Any, t: ValueType[Any]) -> Any:
    """A cotangent that plain code returned, as a value of its input's type.

    Arguments:
        name: of the op and the argument, for errors.
        leaf: what the rule returned for it.
        t: the type of the input.
    Errors:
        BadCotangentError: it has another shape or class.
    """
    if not isinstance(t, NumericType):
        if isinstance(leaf, getattr(t, "cls", object)):
            return leaf
        raise BadCotangentError(f"the rule of {name} returned a {type(leaf).__name__} for an input {t}")
    array = np.zeros(t.shape, t.dtype) if leaf is None else np.asarray(leaf)
    if array.shape != t.shape:
        raise BadCotangentError(f"the rule of {name} returned a cotangent of shape {array.shape} for an input {t}")
    array = (np.real(array) if t.dtype.kind == "f" else array).astype(t.dtype)  # a copy: residuals may hold the array
    return array[()] if isinstance(t, ScalarType) else array


def estimate(hint: float | Function, *types: ValueType[Any], call: Structure, result: Result) -> float:
    """A cost hint: a number, or a function of the types of the arguments.

    Arguments:
        hint: the user's.
        types: of the operands.
        call: the structure of (args, kwargs).
        result: what the op returns.
    """
    if isinstance(hint, int | float):
        return hint
    args, params = unflatten(call, types[:-1])
    return float(hint(*args, **params))
