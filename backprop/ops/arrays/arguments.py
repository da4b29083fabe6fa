"""Arguments of array functions in one form: axes counted from the left, lengths as tuples, no `out=`.

Nothing here computes, or asks for the values of an array.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ...errors import GraphTypeError
from ..core.types import Shape

Axes = tuple[int, ...]
Ints = int | Sequence[int]


# What is known of a value, traced or not.


def is_traced(x: object) -> bool:
    """Whether a value is a Var: whatever takes calls of ops itself."""
    return hasattr(x, "__backprop_emit__")


def is_of_objects(x: object) -> bool:
    """Whether a value is an array of objects, as that of single traced numbers is."""
    return isinstance(x, np.ndarray) and x.dtype.kind == "O"


def holds_traced(x: Any) -> bool:
    """Whether a value is a Var, or a list, tuple, dict or array of objects that holds one."""
    if isinstance(x, dict):
        x = list(x.values())
    elif is_of_objects(x):
        x = x.tolist()
    return any(map(holds_traced, x)) if isinstance(x, list | tuple) else is_traced(x)


def answer(ask: Callable[[Any], Any], x: Any) -> Any:
    """What a plain function makes of a value; of a Var it is a question asked of the value."""
    return x.__backprop_ask__(ask) if is_traced(x) else ask(x)


def shape_of(x: Any) -> Shape:
    """The shape of a Var, an array or a number, quickly."""
    return getattr(x, "shape", ())


def refuse_out(op: str, out: object) -> None:
    """Raise a GraphTypeError where a function is asked to write its result into an array."""
    if out is not None:
        raise GraphTypeError(f"{op}: there is no out= here", fix="use the result instead; the buffers are planned")


def one_axis(op: str, axis: int, count: int) -> int:
    """An axis counted from the left; an AxisError, which is an IndexError, where there is none such."""
    return normalize_axis_index(operator.index(axis), count, op)


def many_axes(op: str, axes: Any, count: int) -> Axes:
    """Several axes counted from the left, no two the same."""
    return tuple(normalize_axis_tuple(axes, count, op))


def lengths_of(given: Any) -> Shape:
    """An int, or ints, as a tuple of ints."""
    return tuple(operator.index(n) for n in given) if isinstance(given, Iterable) else (operator.index(given),)


def along(x: Any, axis: int, key: Any) -> Any:
    """x[:, ..., key]: indexing of one axis, counted from the left."""
    return x[(slice(None),) * axis + (key,)]
