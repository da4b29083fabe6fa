"""Values as the checks see them: directions, products, widened copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..graph.tracing.var import Var
from ..ops.core.types import TupleType, ValueType, type_of

Leaves = Sequence[Any]
SEED = 20240229
WIDE = {"f": np.dtype("float64"), "c": np.dtype("complex128")}


def is_inexact(x: Any) -> bool:
    """Whether a value is of floating point or complex numbers, or of a user's class with cotangents."""
    type = x.type if isinstance(x, Var) else type_of(x)
    return type.differentiable and not isinstance(type, TupleType)


def is_single(leaves: Leaves) -> bool:
    """Whether any of the values is in single precision."""
    return any(np.asarray(x).dtype in (np.float32, np.complex64) for x in leaves)


def inner(a: Leaves, b: Leaves) -> float:
    """The real part of the sum of products, without conjugation, as of a cotangent and a tangent."""
    return sum(float(np.real(np.sum(np.asarray(x) * np.asarray(y)))) for x, y in zip(a, b, strict=True))


def size_of_product(a: Any, b: Any) -> float:
    """The sum of the sizes of the products, which rounding errors go by."""
    return float(np.sum(np.abs(np.asarray(a) * np.asarray(b))))


def direction_like(x: Any, rng: np.random.Generator) -> Any:
    """A random value like x, of numbers away from zero."""
    array = np.asarray(x)
    v = rng.uniform(0.5, 1.5, array.shape) * rng.choice([-1.0, 1.0], array.shape)
    if array.dtype.kind == "c":
        v = v + 1j * rng.uniform(0.5, 1.5, array.shape) * rng.choice([-1.0, 1.0], array.shape)
    v = np.asarray(v).astype(array.dtype)
    return v if isinstance(x, np.ndarray) else v[()]


def example_of(type: ValueType[Any]) -> Any:
    """Some value of a numeric type."""
    zeros = np.zeros(getattr(type, "shape", ()), getattr(type, "dtype", "float64"))
    return zeros[()] if type_of(zeros) != type else zeros


def widened(x: Any) -> Any:
    """The value in double precision."""
    array = np.asarray(x)
    wide = array.astype(WIDE[array.dtype.kind])
    return wide if isinstance(x, np.ndarray) else wide[()]


def text_of(x: Any) -> str:
    """The class and the type of a value, for messages."""
    return f"{type(x).__name__} {type_of(x)}"
