"""What a static part of a call is compared by, so that an object that has changed is not taken for what it was.

Numbers are compared to the bit, and tuples, frozensets and frozen dataclasses part by part, so that {1} is not {True},
nor 0.0 -0.0. Functions and classes are compared by identity. Any other object may change, and may answer `==` with
anything, as arrays and tables do: of it a digest of its content is taken at once, by pickle, or attribute by attribute
where it cannot be pickled. What has a hash of its own is compared by `==` besides; not by that alone, which may leave
out what a function reads: range(0) == range(1, 1), an hour is equal to that of another time zone, and an object may
answer by its name.

Limits: what a function captures is no content of it. An object without attributes that cannot be pickled (a lock, an
open file) is compared by identity. Equal content may have two digests, which costs a trace and no wrong result.
"""

from __future__ import annotations

import hashlib
import pickle
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, fields
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ....ops.core.op import Op
from ...params import compared, identity

SIMPLE = frozenset({bool, int, str, bytes, type(None)})
BY_IDENTITY = (type, FunctionType, BuiltinFunctionType, ModuleType, np.ufunc, Op)


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """A value that is compared in a way of its own."""

    value: Any


class Same(Compared):
    """A value that is compared by identity."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


class Equal(Compared):
    """A value that is compared by type and `==`; an answer that is no truth value means that they differ."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Equal) or type(self.value) is not type(other.value):
            return False
        try:
            return self.value is other.value or bool(self.value == other.value)
        except (TypeError, ValueError):
            return False

    def __hash__(self) -> int:
        return hash(self.value)


def content_of(value: Any) -> Hashable:
    """What a value is compared by; it can be hashed, and stays what it is when the value changes."""
    return Equal(value) if type(value) in SIMPLE else _content(value, frozenset())


def _content(value: Any, above: frozenset[int]) -> Hashable:
    """The content of a value, which is a part of those whose identities are given."""
    if isinstance(value, BY_IDENTITY):
        return Same(value)
    if isinstance(value, MethodType):
        return (MethodType, Same(value.__func__), _content(value.__self__, above))
    if "__hash__" in _defined(type(value)) and _has_hash(value):
        return _constant(value, above)
    return _changing(value, above)


def _changing(value: Any, above: frozenset[int]) -> Hashable:
    """The content of a value that may change."""
    try:
        return (type(value), hashlib.sha256(pickle.dumps(value, 5)).digest())
    except Exception:
        attributes = {} if id(value) in above else _attributes(value)
    if not attributes:
        return Same(value)
    inner = above | {id(value)}
    return (type(value), tuple([(name, _content(part, inner)) for name, part in attributes.items()]))


def _constant(value: Any, above: frozenset[int]) -> Hashable:
    """The content of a value that can be hashed."""
    cls: Any = type(value)
    inner = above | {id(value)}
    if isinstance(value, float | complex | np.generic):
        return identity(value)
    if isinstance(value, tuple) and cls.__eq__ is tuple.__eq__:
        return (cls, tuple([_content(part, inner) for part in value]))
    if (
        isinstance(value, frozenset) and cls.__eq__ is frozenset.__eq__
    ):  # parts that are not equal may be of one content
        return (cls, frozenset(Counter([_content(part, inner) for part in value]).items()))
    if compared(cls) and id(value) not in above:
        return (cls, tuple([_content(getattr(value, field.name), inner) for field in fields(cls)]))
    if cls in SIMPLE or id(value) in above:
        return Equal(value)
    content = _changing(value, above)
    return Equal(value) if isinstance(content, Same) else (Equal(value), content)


def _defined(cls: type) -> set[str]:
    """What a class defines itself, or inherits from another one than `object`."""
    return {name for base in cls.__mro__[:-1] for name in vars(base)}


def _has_hash(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _attributes(value: Any) -> dict[str, Any]:
    """The attributes of an object, in slots or not; the parts of a container that cannot be pickled."""
    if isinstance(value, dict):
        return {repr(key): part for key, part in value.items()}
    if isinstance(value, list | tuple):
        return {str(k): part for k, part in enumerate(value)}
    slots = [name for cls in type(value).__mro__ for name in getattr(cls, "__slots__", ())]
    return {**{name: getattr(value, name) for name in slots if hasattr(value, name)}, **getattr(value, "__dict__", {})}
