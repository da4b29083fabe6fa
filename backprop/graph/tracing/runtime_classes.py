"""Choice: values of a class that only turns out at run time, such as the result of an op that is not looked into.

    choice(x; classes)       the place of the case that fits the class of x
    narrow(x; type)          x itself, known to be of a class
    field(x; name, type)     an attribute of x

The cotangent of a field is a zero of the value's own class with that field set, so it has the same constructor. That
takes a class which `backprop.register` made known; through a value of another class no derivative goes.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np

from ...errors import GraphTypeError
from ...ops.arrays.accumulate import zero_value
from ...ops.core.op import Kind, Op
from ...ops.core.types import NumericType, OpaqueType, UserType, ValueType, class_type, scalar_type, type_of, value_type


def closest_class(cls: type, classes: Sequence[type]) -> int:
    """The place of a class, or of the closest of its base classes.

    Arguments:
        cls: the class of a value.
        classes: what there are cases for.
    Errors:
        GraphTypeError: none of them fits.
    """
    for base in cls.__mro__:
        if base in classes:
            return classes.index(base)
    raise GraphTypeError(
        f"no case of match fits {cls.__name__}: there are cases for {', '.join(c.__name__ for c in classes)}",
        fix=f"add a case for {cls.__name__}, or one for object, which takes what is left",
    )


def narrowed_type(type: Any, cls: type) -> Any:
    """The type of the values of a type that are of a class."""
    return dataclasses.replace(type, cls=cls) if issubclass(cls, type.cls) else type


def annotated_type(cls: type, name: str) -> ValueType[Any] | None:
    """The type of an attribute by the annotations of a class: a number, a class, or a ValueType in an Annotated."""
    hint = _hints(cls).get(name)
    if get_origin(hint) is Annotated:
        return next((part for part in get_args(hint) if isinstance(part, ValueType)), None)
    if hint in (bool, int, float, complex):
        return scalar_type(np.dtype(hint))
    if not isinstance(hint, type) or issubclass(hint, np.ndarray | np.generic | str | tuple | list | dict):
        return None
    found = class_type.dispatch(hint)(None)
    return found if isinstance(found, UserType) else OpaqueType(hint)


def type_of_field(x: Any, *, name: str) -> ValueType[Any]:
    """The type of an attribute that is there; a Python number counts as one of its dtype."""
    found = type_of(getattr(x, name))
    return scalar_type(found.dtype) if isinstance(found, NumericType) and found.weak else found


def _hints(cls: type) -> dict[str, Any]:
    """The annotations of a class; none where one of them names what cannot be found, such as a class in a function."""
    try:
        return get_type_hints(cls, include_extras=True)
    except (NameError, AttributeError, TypeError):
        return {}


choice: Op = Op(
    "choice",
    lambda x, *, classes: scalar_type(np.dtype("int64")),
    lambda x, *, classes: np.int64(closest_class(type(x), classes)),
    home=__name__,
)

narrow: Op = Op(
    "narrow",
    lambda x, *, type: type,
    lambda x, *, type: x,
    lambda g, out, x, *, type: narrow(g, type=x.type),
    Kind.VIEW,
    home=__name__,
)


def _field(x: Any, *, name: str, type: ValueType[Any]) -> Any:
    value = getattr(x, name)
    if isinstance(type, OpaqueType | UserType):
        return value
    array = np.asarray(value, getattr(type, "dtype", None))
    if array.shape != getattr(type, "shape", ()):
        raise GraphTypeError(f"{name} of {x.__class__.__name__} has the shape {array.shape}, not that of {type}")
    return array[()] if type == value_type((), array.dtype) else array


def _with_field(x: Any, value: Any, *, name: str) -> Any:
    changed = copy.copy(x)
    object.__setattr__(changed, name, value)
    return changed


field: Op = Op(
    "field",
    lambda x, *, name, type: type,
    _field,
    lambda g, out, x, *, name, type: with_field(zero_value(x, of=x.type), g, name=name),
    home=__name__,
)

# The value with one attribute changed.
with_field: Op = Op(
    "with_field",
    lambda x, value, *, name: x,
    _with_field,
    lambda g, out, x, value, *, name: (
        with_field(g, np.zeros(value.shape, value.dtype)[()], name=name),
        field(g, name=name, type=value.type),
    ),
    home=__name__,
)
