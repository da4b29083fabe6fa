"""Values as vectors, and functions of their leaves: ravel and tree_map, for optimisers and for tests.

What stands here takes values apart and puts them together; it traces nothing and runs nothing, and works on traced
values as on plain ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, Generic, TypeVar

import numpy as np

from .. import ops
from ..errors import ArgumentError, GraphTypeError, ShapeError
from ..graph.ownership import copied
from ..graph.tracing.source_lines import user_line
from ..graph.tracing.structures.structure import Structure, flatten, parts_up_to, restore, unflatten
from ..graph.tracing.var import Var
from ..ops.core.types import NumericType, ValueType
from ..ops.elementwise.conversion import cast
from .verbs.cotangents import first_difference

T = TypeVar("T")


def ravel(value: T) -> tuple[np.ndarray[Any, Any], Unravel[T]]:
    """A value of any structure as one vector, and the way back; both can be differentiated.

    Arguments:
        value: any nesting of arrays and numbers, dataclasses included. The vector has what has a derivative: floats,
            complex numbers and arrays of them.
    Returns:
        (flat, unravel): the elements in the order of the leaves, each leaf in C order, as an array of shape (n,) and of
        the dtype that NumPy's promotion gives to all (float64 for none); and a function from such a vector to a value
        of the structure, shapes and dtypes of the first, with its other parts (integers, strings) as they were.
    Errors:
        GraphTypeError: a leaf of a class that has a derivative and is no array.
    Example:
        >>> flat, unravel = bp.ravel({"a": 1.0, "b": np.array([2.0, 3.0])})
        >>> flat, unravel(2 * flat)
        (array([1., 2., 3.]), {'a': 2.0, 'b': array([4., 6.])})
    """
    leaves, structure = flatten(value)
    pairs = list(zip(leaves, structure.types, strict=True))
    unravel: Unravel[T] = Unravel(structure, tuple([None if t.differentiable else copied(v) for v, t in pairs]))
    dtype = unravel.dtype
    parts = [_vector(leaf, dtype) for leaf, t in pairs if t.differentiable]
    return (ops.concatenate(parts) if parts else np.zeros(0)), unravel


def _vector(leaf: Any, dtype: np.dtype[Any]) -> Any:
    """A leaf as a vector of a dtype."""
    whole = leaf if isinstance(leaf, Var) else np.asarray(leaf)
    return ops.reshape(whole if whole.dtype == dtype else cast(whole, dtype=dtype.name), (-1,))


@dataclass(frozen=True, slots=True, eq=False)
class Unravel(Generic[T]):
    """The way back from a vector to a value.

    Arguments:
        structure: of the value.
        fixed: what the value has in the places of leaves without a derivative; None in the others.
    """

    structure: Structure
    fixed: tuple[Any, ...]

    @property
    def types(self) -> list[NumericType[Any]]:
        """The types of the leaves in the vector."""
        types = [t for t in self.structure.types if t.differentiable]
        for t in types:
            if not isinstance(t, NumericType):
                raise GraphTypeError(f"ravel takes arrays and numbers, and not {t}", user_line(), "leave that part out")
        return types  # type: ignore[return-value]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the vector."""
        return np.result_type(*[t.dtype for t in self.types]) if self.types else np.dtype("float64")

    def __call__(self, flat: Any) -> T:
        """The value of a vector.

        Errors:
            ShapeError: the vector has another length.
        """
        vector = flat if isinstance(flat, Var) else np.asarray(flat)
        types = self.types
        edges = [0, *accumulate(math.prod(t.shape) for t in types)]
        if vector.shape != (edges[-1],):
            raise ShapeError(f"unravel takes a vector of shape {(edges[-1],)}, not {vector.shape}", user_line())
        spans = zip(types, pairwise(edges), strict=True)
        moving = iter([_leaf(t, vector[start:stop]) for t, (start, stop) in spans])
        pairs = zip(self.structure.types, self.fixed, strict=True)
        value: T = unflatten(self.structure, [next(moving) if t.differentiable else copied(v) for t, v in pairs])
        return value


def _leaf(t: NumericType[Any], part: Any) -> Any:
    """A part of the vector as a leaf: in its shape and dtype, an array of its own."""
    part = ops.real(part) if t.dtype.kind == "f" and part.dtype.kind == "c" else part
    whole = ops.reshape(part if part.dtype == t.dtype else cast(part, dtype=t.dtype.name), t.shape)
    return whole if isinstance(whole, Var) else restore(t, np.array(whole))


def tree_map(f: Callable[..., Any], value: T, *others: Any) -> T:
    """A value with a function applied to each of its leaves: `tree_map(lambda p, g: p - 0.1 * g, params, gradient)`.

    Arguments:
        f: (leaf, *leaves of the others in its place) -> the new leaf.
        value: any nesting of arrays and numbers. Leaves are arrays, floats, complex numbers and values of registered
            classes; other parts (integers, strings) stay as they are.
        others: values of the same structure, or None in the place of any leaf: a leaf for which another value has None,
            as gradients have for what has no derivative, stays as it is.
    Returns:
        a value of the structure of the first.
    Errors:
        ArgumentError: another value has another structure; names the path.
    Example:
        >>> bp.tree_map(lambda p, g: p - 0.1 * g, {"w": 1.0, "b": 2.0}, {"w": 10.0, "b": 0.0})
        {'w': 0.0, 'b': 2.0}
    """
    leaves, structure = flatten(value)
    columns = [_fitting(structure, other, f"others[{k}]") for k, other in enumerate(others)]
    rows = zip(leaves, *columns, strict=True)
    mapped: T = unflatten(structure, [row[0] if any(part is None for part in row[1:]) else f(*row) for row in rows])
    return mapped


def _fitting(structure: Structure, other: Any, name: str) -> list[Any]:
    """What another value has in the places of the dynamic leaves."""
    try:
        parts = parts_up_to(structure, other)
    except ValueError:
        what, path = first_difference(structure, other, name)
        raise ArgumentError(
            f"a value has another structure than the first: {what}", path, "give values of one structure"
        ) from None
    return [part for part, leaf in zip(parts, structure.leaves, strict=True) if isinstance(leaf, ValueType)]
