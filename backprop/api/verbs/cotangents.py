"""Cotangents and tangents that a user gives: checked against the value they belong to, and brought to its dtypes.

Integers and floats of any precision are taken, and cast. Parts of the value that have no derivative have no cotangent:
what stands in their places is not looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import optree

from ...errors import BadCotangentError
from ...graph.tracing.structures.structure import NAMESPACE, Static, Structure, make_known, parts_up_to, restore
from ...graph.tracing.var import Var
from ...ops.core.types import NumericType, UserType, ValueType
from ...ops.elementwise.conversion import cast


def fitted(expected: Structure, given: Any, name: str) -> list[Any]:
    """The cotangents of the differentiable leaves of a value, in order and each of its leaf's type.

    Arguments:
        expected: the structure of the value.
        given: cotangents in that structure.
        name: what to call `given` in errors.
    Errors:
        BadCotangentError: another structure or shape, or a complex cotangent of a real value; names the path.
    """
    try:
        parts = parts_up_to(expected, given)
    except ValueError:
        raise _unlike(expected, given, name) from None
    leaves = zip(expected.leaves, parts, expected.paths(name), strict=True)
    return [_fitted(leaf, part, path) for leaf, part, path in leaves if not _is_without(leaf)]


def _is_without(leaf: ValueType[Any] | Static) -> bool:
    return isinstance(leaf, Static) or not leaf.differentiable


def _fitted(type: Any, value: Any, path: str) -> Any:
    if isinstance(type, UserType) and not isinstance(value, Var | type.cls):
        raise _bad(f"it is a {value.__class__.__name__}, and belongs to a value that is a {type}", path)
    if not isinstance(type, NumericType):
        return value
    given = value if isinstance(value, Var) else _array(type, value, path)
    if given.shape != type.shape:
        raise _bad(f"it has the shape {given.shape}, and belongs to a value of shape {type.shape}", path)
    if given.dtype.kind not in ("biufc" if type.dtype.kind == "c" else "biuf"):
        raise _bad(f"it is {given.dtype.name}, and belongs to a value that is {type.dtype.name}", path)
    if isinstance(given, Var):
        return given if given.dtype == type.dtype else cast(given, dtype=type.dtype.name)
    return restore(type, given.astype(type.dtype, copy=False))


def _array(type: NumericType[Any], value: Any, path: str) -> np.ndarray[Any, Any]:
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        array = np.empty((), object)
    if array.dtype.kind not in "biufc":
        raise _bad(f"it is a {value.__class__.__name__}, and belongs to a value that is {type}", path)
    return array


def _unlike(expected: Structure, given: Any, name: str) -> BadCotangentError:
    """The error of another structure, at the first path where the two differ."""
    what, path = first_difference(expected, given, name)
    return _bad(f"its structure is not that of the value ({what})", path)


def first_difference(expected: Structure, given: Any, name: str) -> tuple[str, str]:
    """How and where a nested value first departs from a structure.

    Arguments:
        expected: the structure.
        given: a value of another structure.
        name: what to call the value in the path.
    Returns:
        what is there and what should be, and the path.
    """
    make_known(given)
    what, entries = _difference(expected.spec, optree.tree_structure(given, namespace=NAMESPACE))
    return what, optree.PyTreeAccessor(entries).codify(name)


def _difference(wanted: optree.PyTreeSpec, found: optree.PyTreeSpec) -> tuple[str, tuple[Any, ...]]:
    """How two specs differ, and the way down to there; "" where the second is like the first, or goes deeper."""
    if wanted.is_leaf(strict=True):
        return "", ()
    if found.type is not wanted.type:
        return f"{_called(found)} in the place of {_called(wanted)}", ()
    if found.entries() != wanted.entries():
        return f"parts {found.entries()} in the place of {wanted.entries()}", ()
    start = 0
    for child, twin in zip(wanted.children(), found.children(), strict=True):
        what, entries = _difference(child, twin)
        if what:
            return what, ((wanted.accessors()[start][0],) if child.num_leaves else ()) + entries
        start += child.num_leaves
    return "", ()


def _called(spec: optree.PyTreeSpec) -> str:
    if spec.is_leaf(strict=True):
        return "a leaf"
    return "None" if spec.type is None or spec.type is type(None) else f"a {spec.type.__name__}"


def _bad(what: str, path: str) -> BadCotangentError:
    return BadCotangentError(
        f"the cotangent or tangent does not fit: {what}", path, "give it the structure and the shapes of the value"
    )
