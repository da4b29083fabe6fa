"""Questions about the class of a Var, and the checks of C code that a plain number would pass.

The user's own code sees the class of the value that a Var stands for, so that `isinstance(x, np.ndarray)`,
`isinstance(x, float)`, `match` and `functools.singledispatch` take the way that they take without tracing. This package
and libraries see a Var: what they would do next with an array is for arrays alone. Who asks is told by the call stack.
"""

from __future__ import annotations

import dis
import math
import sys
from collections.abc import Callable, Mapping
from types import CodeType, FrameType, MappingProxyType
from typing import Any

import numpy as np

from ....ops.core.types import NumericType, ScalarType
from ..source_lines import is_attribute, is_library

ASK_FOR_OTHERS = ("abc", "functools", "typing")
"""Modules whose functions ask on behalf of who calls them."""

UNANSWERED = ("__iter__", "__len__", "__contains__", "__hash__")
"""Methods that a Var has whatever it stands for, since Python looks for them in its class."""

IS_SCALAR: CodeType = np.isscalar.__code__
PYTHON_CLASSES: Mapping[str, type] = MappingProxyType({"b": bool, "i": int, "f": float, "c": complex})


Unanswered = type("Unanswered", (), {"__slots__": (), **dict.fromkeys(UNANSWERED)})


class AnsweredByValue(type):
    """The class of Var, of which the abstract classes of `collections.abc` find no methods.

    They look at the `__class__` of a value, which says what it stands for, and then for methods of its type along
    `__mro__`, which would say the same of numbers and of arrays. So they find there first that there is none of them.
    A subclass shows its methods: it stands in for a value where a library asks.
    """

    @property
    def __mro__(cls) -> tuple[type, ...]:
        """The classes that a class inherits from, in order."""
        order: tuple[type, ...] = vars(type)["__mro__"].__get__(cls)
        return order if isinstance(order[1], AnsweredByValue) else (Unanswered, *order)


def is_asked_by_user(depth: int) -> bool:
    """Whether the user's code asks for the class of a value, or has `numpy.isscalar` ask.

    Arguments:
        depth: of the frame that asks, counted from the caller of this function.
    """
    frame: FrameType | None = sys._getframe(depth + 1)
    while frame is not None and (frame.f_globals.get("__name__") in ASK_FOR_OTHERS or frame.f_code is IS_SCALAR):
        frame = frame.f_back
    return frame is not None and not is_library(frame.f_code.co_filename)


def plain_class(type: NumericType[Any]) -> type:
    """The class of plain values of a type."""
    if not isinstance(type, ScalarType):
        return np.ndarray
    return PYTHON_CLASSES[type.dtype.kind] if type.weak else type.dtype.type


def number_for_check(value: float, *, check: Callable[[float], bool]) -> float:
    """A number that passes a check, or fails it, as a value does, and that is the same for all that do."""
    passed = check(value)
    return next(number for number in (0.0, math.inf, math.nan) if check(number) == passed)


CHECKS: Mapping[str, Callable[[float], bool]] = MappingProxyType(
    {check.__name__: check for check in (math.isnan, math.isinf, math.isfinite)}
)


def is_asked_by_abstract_class(depth: int) -> bool:
    """Whether an abstract class asks whether a value is one of its instances.

    Arguments:
        depth: of the frame that asks, counted from the caller of this function.
    """
    return bool(sys._getframe(depth + 1).f_globals.get("__name__") == "abc")


def is_looked_up(frame: FrameType) -> bool:
    """Whether a frame only looks whether there is a method, or takes it, and does not have Python call it."""
    return is_attribute(frame) or called_at(frame) in ("hasattr", "getattr")


def check_at(frame: FrameType) -> Callable[[float], bool] | None:
    """The check of module `math` whose call a frame is at; None where it is at something else."""
    return CHECKS.get(called_at(frame))


def called_at(frame: FrameType) -> str:
    """The name of the function whose call a frame is at; empty where it is at something else.

    The function that is called was loaded by the instruction that starts where the call does and ends first behind all
    others that do, but for what the function is an attribute of.
    """
    code, at = frame.f_code, frame.f_lasti // 2
    positions = list(code.co_positions())
    if "CALL" not in dis.opname[code.co_code[frame.f_lasti]]:
        return ""
    start, end = positions[at][0::2], positions[at][1::2]
    loads = [(positions[i.offset // 2], str(i.argval)) for i in dis.get_instructions(code) if "LOAD_" in i.opname]
    within = [(p[1::2], name) for p, name in loads if None not in p and p[0::2] == start and p[1::2] < end]
    return max(within, default=((), ""))[1]


def is_only_looked_at(frame: FrameType) -> bool:
    """Whether a frame asks for a number to make a text of it, or to compare it as `math.isclose` does."""
    return _is_formatting(frame) or called_at(frame) == "isclose"


def _is_formatting(frame: FrameType) -> bool:
    """Whether a frame is at an operator `%`, which asks a number of a Var where the left side is a text."""
    code, at = frame.f_code.co_code, frame.f_lasti
    return dis.opname[code[at]] == "BINARY_OP" and code[at + 1] in (6, 19)
