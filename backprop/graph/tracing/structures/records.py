"""Records, instances of dataclasses and attrs classes, taken apart into their attributes and put together again.

A record is rebuilt without calling its constructor, by setting its attributes, so that a constructor of a user's own
(`__post_init__`, `InitVar`, `init=False`) is neither needed nor run. Its attributes are the fields and what its methods
have added to `__dict__`, but for the values of cached properties, which may be stale.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from ....ops.core.cache import cached


def take_record_apart(value: Any) -> tuple[tuple[Any, ...], tuple[str, ...], tuple[str, ...]]:
    """The values of a record's attributes, and twice their names: as its static part, and as those of its children."""
    names = _attributes(value)
    return tuple([getattr(value, name) for name in names]), names, names


def putting_together(cls: type) -> Callable[[Any, Iterable[Any]], Any]:
    """What makes a record of a class from the names of its attributes and their values."""

    def put_together(names: tuple[str, ...], children: Iterable[Any]) -> Any:
        value: Any = object.__new__(cls)
        for name, child in zip(names, children, strict=True):
            object.__setattr__(value, name, child)
        return value

    return put_together


def _attributes(value: Any) -> tuple[str, ...]:
    """The names of a record's fields that are set, and of its other attributes, but for cached properties."""
    cls: Any = type(value)
    names = tuple([name for name in fields_of(cls) if hasattr(value, name)])
    extra = getattr(value, "__dict__", {}).keys() - set(names)
    return names + tuple(sorted(name for name in extra if not _is_derived(cls, name)))


@cached()
def fields_of(cls: Any) -> tuple[str, ...]:
    """The names of the fields of a class of records."""
    return tuple(field.name for field in getattr(cls, "__attrs_attrs__", ()) or dataclasses.fields(cls))


def _is_derived(cls: type, name: str) -> bool:
    return name.startswith("__") or isinstance(getattr(cls, name, None), cached_property)
