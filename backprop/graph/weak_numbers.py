"""Weak numbers: a Python number takes the dtype of the arrays and scalars that it meets (NEP 50).

An op's weak operands are cast when they enter it, so that values at run time are always strongly typed, and executors
need not know of weakness. All that is decided about weak types is decided here, from types alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..ops.core.cache import cached
from ..ops.core.op import Op
from ..ops.core.types import ArrayType, NumericType, ScalarType, ValueType, scalar_type
from ..ops.elementwise.conversion import cast
from ..ops.elementwise.ufunc import promotion_operand
from .params import NO_PARAMS, Params

NUMERIC = frozenset({ArrayType, ScalarType})


class Signature(NamedTuple):
    """What an op does with operands of some types."""

    type: ValueType[Any]  # of the result
    casts: tuple[tuple[int, np.dtype[Any]], ...]  # positions of weak operands, and what they are cast to


def signature(op: Op, types: tuple[Any, ...], params: Params) -> Signature:
    """What an op does with operands of some types; weak ones are cast to what they are beside the strong ones.

    Arguments:
        op: the op.
        types: of its operands.
        params: its parameters.
    Errors:
        ShapeError, GraphTypeError: operands that do not fit.
    """
    if op.home and NUMERIC.issuperset(map(type, types)) and (params is NO_PARAMS or params.are_plain):
        return _plain_signature(op, types, params)
    return _any_signature(op, types, params)


def _signature(op: Op, types: tuple[Any, ...], params: Params) -> Signature:
    casts = casts_of_ufunc(op, types) or casts_of(types)
    strengthened = list(types)
    for position, dtype in casts:
        strengthened[position] = cast.infer(types[position], dtype=dtype.name)
    return Signature(op.infer(*strengthened, **dict(params)), casts)


_plain_signature = lru_cache(maxsize=4096)(_signature)  # of keys that hold no memory of the user's
_any_signature = cached()(_signature)

Casts = tuple[tuple[int, np.dtype[Any]], ...]


def casts_of_ufunc(op: Op, types: Sequence[ValueType[Any]]) -> Casts:
    """The casts of weak operands of a ufunc: to what its loop takes, as an integer exponent of ldexp stays one."""
    if not isinstance(op.compute, np.ufunc) or not all(isinstance(t, NumericType) for t in types):
        return ()
    if all(t.weak for t in types) or len(types) != op.compute.nin:  # type: ignore[attr-defined]
        return ()
    try:
        taken = op.compute.resolve_dtypes((*map(promotion_operand, types), *(None,) * op.compute.nout))  # type: ignore[arg-type]
    except TypeError:
        return ()  # the type rule says what is wrong
    return tuple([(position, taken[position]) for position, t in enumerate(types) if t.weak])  # type: ignore[attr-defined]


def casts_of(types: Sequence[ValueType[Any]]) -> tuple[tuple[int, np.dtype[Any]], ...]:
    """The positions of weak operands that stand beside strong ones, and the dtypes that they are cast to."""
    numbers = [(position, t) for position, t in enumerate(types) if isinstance(t, NumericType)]
    dtypes = tuple([t.dtype for _, t in numbers if not t.weak])
    return tuple([(position, promoted(dtypes, t.dtype.kind)) for position, t in numbers if dtypes and t.weak])


@lru_cache(maxsize=256)
def promoted(dtypes: tuple[np.dtype[Any], ...], kind: str) -> np.dtype[Any]:
    """The dtype that a Python number of a kind takes among dtypes, by NumPy's rules."""
    weak: Any = {"f": 0.0, "c": 0j, "i": 0, "b": False}[kind]
    return np.result_type(*dtypes, weak)


def strong(t: ValueType[Any]) -> ValueType[Any]:
    """The type itself, or where it is that of a Python number the one of a NumPy scalar."""
    return scalar_type(t.dtype) if isinstance(t, NumericType) and t.weak else t


def follows(t: ValueType[Any], wanted: ValueType[Any]) -> bool:
    """Whether a Python number can be of a type."""
    if not isinstance(t, NumericType) or not isinstance(wanted, NumericType) or not t.weak or wanted.shape:
        return False
    return promoted((wanted.dtype,), t.dtype.kind) == wanted.dtype


def as_type(var: Any, t: ValueType[Any]) -> Any:
    """The Var, cast to the dtype of a type."""
    if isinstance(t, NumericType) and (var.type.dtype != t.dtype or (var.type.weak and not t.weak)):
        return cast(var, dtype=t.dtype.name)
    return var
