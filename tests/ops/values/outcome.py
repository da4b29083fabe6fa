"""What a call gives, with and without tracing: values with dtypes and shapes, or the class of an exception."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import backprop as bp
from backprop.errors import BackpropError

DTYPES = ("bool", "int8", "uint8", "int32", "int64", "float32", "float64", "complex64", "complex128")
MATRIX = np.array([[3.0, 1.0, 2.25], [1.0, 4.0, 0.5], [2.0, 1.5, 5.0]])


def operands(dtype: str) -> dict[str, Any]:
    """Operands of a dtype: of several shapes, without elements, and laid out in several ways."""
    matrix = MATRIX.astype(dtype)
    if matrix.dtype.kind == "c":
        matrix = matrix + (MATRIX.T * 0.5j).astype(dtype)
    vector = np.concatenate([matrix[0], matrix[1, 1:2]])
    return {
        "scalar": matrix[0, 0],
        "0-d": np.array(matrix[0, 0]),
        "vector": vector,
        "matrix": matrix,
        "empty": vector[:0],
        "empty rows": matrix[:0],
        "strided": np.repeat(vector, 2)[::2],
        "transposed": matrix[:, :2].T,
        "3-d": np.stack([matrix, matrix[::-1]]),
    }


class Leaf(NamedTuple):
    """One array or number of a result."""

    dtype: str
    shape: tuple[int, ...]
    value: Any


Outcome = list[Leaf] | Exception


def leaves(result: Any) -> Iterator[Leaf]:
    """The arrays and numbers of a result, in order."""
    if isinstance(result, tuple | list):
        for part in result:
            yield from leaves(part)
    elif isinstance(result, np.ndarray | np.generic | int | float | complex):
        array = np.asarray(result)
        yield Leaf(str(array.dtype), array.shape, array)
    else:
        yield Leaf(type(result).__name__, (), result)


def outcome(call: Callable[[Any], Any], x: Any) -> Outcome:
    """What a call gives on an operand; NumPy's warnings are not of interest."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return list(leaves(call(x)))
        except Exception as error:
            return error


def traced(call: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same call in a trace; answers that hold no traced value come out as they are."""

    def run(x: Any) -> Any:
        kept: list[Any] = []
        found = bp.evaluate(lambda x: kept.append(call(x)) or (kept[0] if numeric(kept[0]) else 0))(x)
        return found if numeric(kept[0]) else kept[0]

    return run


def numeric(result: Any) -> bool:
    """Whether a result is made of Vars, arrays and numbers."""
    parts = result if isinstance(result, tuple | list) else (result,)
    return all(
        numeric(p) if isinstance(p, tuple | list) else hasattr(p, "shape") or isinstance(p, int | float | complex)
        for p in parts
    )


def difference(numpys: Outcome, ours: Outcome) -> str | None:
    """What differs, in a few words; None where nothing does."""
    if isinstance(numpys, Exception) or isinstance(ours, Exception):
        return _of_errors(numpys, ours)
    if len(numpys) != len(ours):
        return "the number of results"
    for a, b in zip(numpys, ours, strict=True):
        if a.dtype != b.dtype:
            return f"dtype {b.dtype} for {a.dtype}"
        if a.shape != b.shape:
            return f"shape {b.shape} for {a.shape}"
        if not same(a.value, b.value):
            return f"value {b.value!s} for {a.value!s}".replace("\n", "")[:150]
    return None


def _of_errors(numpys: Outcome, ours: Outcome) -> str | None:
    if isinstance(numpys, Exception) and isinstance(ours, Exception):
        if isinstance(ours, builtin_of(numpys)):
            return None
        return f"{_named(ours)} for {_named(numpys)}"
    return f"{_named(ours)} for {_named(numpys)}"


def _named(outcome: Outcome) -> str:
    if isinstance(outcome, Exception):
        own = "our " if isinstance(outcome, BackpropError) else ""
        return f"{own}{type(outcome).__name__}({str(outcome).splitlines()[0][:80] if str(outcome) else ''})"
    return "a result"


def builtin_of(error: Exception) -> tuple[type[Exception], ...]:
    """The builtin classes that a user would catch an exception of NumPy by."""
    found = next(c for c in type(error).__mro__ if c.__module__ == "builtins")
    return (IndexError, ValueError) if isinstance(error, np.exceptions.AxisError) else (found,)


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal but for rounding."""
    if not isinstance(a, np.ndarray):
        return bool(a == b)
    if a.dtype.kind in "biu":
        return bool(np.array_equal(a, b))
    rtol = 2e-5 if a.dtype.itemsize == {"f": 4, "c": 8}[a.dtype.kind] else 1e-11
    scale = np.max(np.abs(a[np.isfinite(a)]), initial=1.0)
    return bool(np.allclose(a, b, rtol=rtol, atol=rtol * scale, equal_nan=True))
