"""Arrays of traced numbers: what `numpy.array([v, w])` makes, and how it becomes a Var again.

NumPy asks a Var for an array of its own, and gets one of objects, whose elements are the elements of the Var. So
`numpy.array`, `numpy.full`, `numpy.r_`, sums of lists and nested lists mean what they do elsewhere, and NumPy's
functions call operators and methods of the elements. Beside a Var, or as a result, such an array becomes one Var.

Each element is a node, so the number of elements is bounded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .... import ops
from ....errors import ShapeError
from ....ops.arrays.arguments import holds_traced, is_traced
from ....ops.arrays.indexing.items import basic_index
from ..source_lines import user_line

LARGEST = 4096
"""Elements of an array of objects."""


def array_of(var: Any) -> np.ndarray[Any, Any]:
    """An array of objects with the elements of a Var.

    Errors:
        ShapeError: more of them than `LARGEST`.
    """
    if var.size > LARGEST:
        raise ShapeError(
            f"{var.size:,} traced numbers are too many for an array of single ones",
            user_line(),
            "make the array by backprop.ops.array([...]) or backprop.zeros(n), which is one traced array",
        )
    elements = np.empty(var.shape, dtype=object)
    for index in np.ndindex(var.shape):
        elements[index] = var[index] if index else var
    return elements


def is_of_elements(value: Any) -> bool:
    """Whether a value is an array of objects with Vars among them, or of floats alone that were chosen among Vars."""
    if type(value) is not np.ndarray or value.dtype != object or not value.size:
        return False
    return any(map(is_traced, value.flat)) or all([isinstance(x, float) for x in value.flat])


def takes_elements(target: Any) -> bool:
    """Whether a value is an array of objects that can be written to."""
    return type(target) is np.ndarray and target.dtype == object and target.flags.writeable


def elements_of(value: Any) -> Any:
    """What NumPy can write into an array of objects: numbers of a Var one by one, as data what has no derivative."""
    if not holds_traced(value):
        return value
    array = ops.asarray(value)
    return np.asarray(array) if array.dtype.kind in "biu" else array_of(array)


def put_elements(target: np.ndarray[Any, Any], var: Any) -> np.ndarray[Any, Any]:
    """Write the elements of a Var into an array of objects, as NumPy does in `a += v`, and return the array.

    Errors:
        ShapeError: another shape, or more elements than `LARGEST`.
    """
    if var.shape != target.shape:
        raise does_not_fit(var, target)
    target[...] = array_of(var)
    return target


def does_not_fit(value: Any, target: Any) -> ShapeError:
    """The error of a value that has another shape than what it is written into."""
    return ShapeError(
        f"a value of shape {value.shape} does not fit into an array of shape {target.shape}, which is written to",
        user_line(),
        "write v = v + x instead of v += x",
    )


TABLES = ("pandas", "xarray")
"""Packages whose tables and columns count as the arrays that they hold."""


def joined(value: Any) -> Any:
    """A list or a table as an array, an array of Vars as one Var, and any other value itself."""
    if is_table(value):
        held = getattr(value, "data", None)  # which xarray leaves as it is
        return held if is_traced(held) else np.asarray(value)
    array = np.asarray(value) if isinstance(value, list) else value
    if type(array) is np.ndarray and array.dtype == object and not array.size:
        return np.empty(array.shape)  # what no element was chosen for
    return gathered(array) if is_of_elements(array) else array


def is_table(value: Any) -> bool:
    """Whether a value is a table or a column of pandas or xarray."""
    return is_table_class(type(value))


def is_table_class(cls: type) -> bool:
    """Whether a class is that of tables or columns of pandas or xarray."""
    return cls.__module__.partition(".")[0] in TABLES and hasattr(cls, "__array__")


def gathered(elements: np.ndarray[Any, Any]) -> Any:
    """The Var of an array of objects: the one whose elements it has, or a stack of them."""
    whole = _whole(elements)
    return ops.asarray(elements.tolist()) if whole is None else whole


def _whole(elements: np.ndarray[Any, Any]) -> Any:
    """The Var whose elements an array has, each in its place; None where there is none."""
    first = elements.flat[0]
    if not elements.ndim or not is_traced(first):
        return None
    builder, nodes = first.builder, first.builder.nodes
    node = nodes[first.id]
    if node is None or node.op is not basic_index or builder.types[node.inputs[0]].shape != elements.shape:
        return None
    for place, element in np.ndenumerate(elements):
        if not is_traced(element) or element.builder is not builder:
            return None
        found = nodes[element.id]
        if found is None or found.op is not basic_index or found.inputs != node.inputs or found.param("key") != place:
            return None
    return builder.var(node.inputs[0])
