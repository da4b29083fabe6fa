"""Types as text: "float64[2, 3]" an array, "float64" a scalar, "float64 weak" a Python number, a list a tuple."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ...errors import CannotTravelError, WireError
from ...ops.core.types import ArrayType, ScalarType, TupleType, ValueType, array_type, scalar_type
from .checks import a_text
from .frame import DTYPES, MOST_AXES
from .limits import Limits, within

NAMES = {np.dtype(text).name: np.dtype(text) for text in sorted(DTYPES)}
PATTERN = re.compile(r"([a-z]+[0-9]*)(?:\[([0-9, ]*)\]|( weak))?")
DEEPEST_TUPLE = 8


def written_type(t: ValueType[Any]) -> Any:
    """A type as it stands in a document.

    Errors:
        CannotTravelError: the type of values of another class than arrays, numbers and tuples of them.
    """
    if isinstance(t, ArrayType):
        return str(t)
    if isinstance(t, ScalarType):
        return f"{t.dtype.name} weak" if t.weak else t.dtype.name
    if isinstance(t, TupleType):
        return [written_type(item) for item in t.items]
    raise CannotTravelError(
        f"values of the class {t} do not travel",
        fix="take them apart into arrays, or run on bp.Cluster, whose workers are trusted with pickles",
    )


def read_type(value: Any, limits: Limits, where: str, depth: int = 0) -> ValueType[Any]:
    """The type that stands in a document.

    Arguments:
        value: the part of the document: a text, or a list for a tuple.
        limits: what a value of the type may take.
        where: its path there, for errors.
        depth: how many tuples it stands in.
    Errors:
        WireError: it is no type. WireLimitError: a value of it is beyond a limit.
    """
    if isinstance(value, list) and depth < DEEPEST_TUPLE:
        return TupleType(tuple([read_type(item, limits, where, depth + 1) for item in value]))
    match = PATTERN.fullmatch(a_text(value, where))
    if match is None or match[1] not in NAMES:
        raise WireError(f"{value[:40]!r} is no type", where, 'write "float64[2, 3]", "float64" or "float64 weak"')
    dtype = NAMES[match[1]]
    if match[2] is None:
        return scalar_type(dtype, bool(match[3]))
    return array_type(_shape(match[2], dtype.itemsize, limits, where), dtype)


def _shape(text: str, itemsize: int, limits: Limits, where: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if len(parts) > MOST_AXES or not all(part.isdigit() and len(part) < 19 for part in parts):
        raise WireError(f"[{text[:40]}] is no shape", where, f"write at most {MOST_AXES} lengths, as in [2, 3]")
    shape = tuple(map(int, parts))
    nbytes = itemsize
    for n in shape:
        nbytes *= max(n, 1)
    within(nbytes, limits.value, f"bytes of a value [{text[:40]}], empty axes counted as 1")
    return shape
