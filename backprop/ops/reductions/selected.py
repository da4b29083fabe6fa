"""`where=` and `initial=` of reductions: elements that do not count, and what the reduction starts from.

An element that does not count is replaced by what changes nothing, and masked, so that its derivative is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ...errors import ShapeError
from ..arrays.as_array import asarray
from ..elementwise.arithmetic import add, multiply
from ..elementwise.selection import maximum, minimum, where

NEUTRAL: Mapping[str, Any] = MappingProxyType({"sum": 0, "prod": 1, "all": True, "any": False})
STARTS: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {"sum": add, "prod": multiply, "max": maximum, "min": minimum}
)


def chosen(op: str, a: Any, options: dict[str, Any]) -> tuple[Any, Any]:
    """The operand of a reduction with the elements that count, and what it starts from; both options are taken out.

    Arguments:
        op: the name of the function.
        a: the operand.
        options: `where`, booleans; `initial`, a number, None where there is none.
    Errors:
        ShapeError: a maximum or minimum with `where`, and without `initial`.
    """
    if not options:
        return a, None
    mask, initial = options.pop("where", True), options.pop("initial", None) if op in STARTS else None
    if mask is True:
        return a, initial
    neutral = NEUTRAL.get(op, initial)
    if neutral is None:
        raise ShapeError(f"{op} with where= has no value where nothing is chosen", fix="give initial= too")
    x = asarray(a)
    return where(mask, x, x.dtype.type(neutral) if x.dtype.kind == "b" else neutral), initial


def started(op: str, result: Any, initial: Any) -> Any:
    """The result of a reduction that starts from a number; None where there is none."""
    return result if initial is None else STARTS[op](result, initial)
