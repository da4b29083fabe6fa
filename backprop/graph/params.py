"""Params: the static parameters of a node, which are equal where they agree in type and to the bit.

Python's `==` takes 3 for 3.0, 0.0 for -0.0 and True for 1, and finds NaN unequal to itself. Nodes that differ in such a
parameter compute different things, so each value is compared by a key that tells them apart. The key is made once,
and so is its hash; a node without parameters shares the one empty Params.

Limits: what is compared by its own `==`, beside its class, is any value that is no number, no dtype's scalar, and no
tuple, frozenset or frozen dataclass of such. Arrays and other values that cannot be hashed are no parameters.
"""

from __future__ import annotations

import struct
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ..ops.core.cache import cached

AS_THEY_ARE = frozenset({int, str, bytes, type(None)})
"""Classes whose values are equal to each other only if they are the same, and are no keys of another class."""


PLAIN = AS_THEY_ARE | {bool, float, complex}
"""Classes of numbers and text."""

PAIR_BYTES = 200
"""What a name with a value takes in memory, apart from what the value holds."""


@dataclass(frozen=True, slots=True, init=False, eq=False, repr=False)
class Params:
    """Names and values, in order; iterating gives the pairs.

    Arguments:
        pairs: the names with their values, which can be hashed.
    Errors:
        TypeError: a value that cannot be hashed, such as an array or a list.
    """

    pairs: tuple[tuple[str, Any], ...]
    _key: tuple[Hashable, ...]
    _hash: int

    def __init__(self, pairs: tuple[tuple[str, Any], ...] = ()) -> None:
        key = tuple([(name, value if value.__class__ in AS_THEY_ARE else identity(value)) for name, value in pairs])
        _set_pairs(self, pairs)
        _set_key(self, key)
        _set_hash(self, hash(key))

    @classmethod
    def of(cls, **values: Any) -> Params:
        """The parameters of some names."""
        return cls(tuple(values.items())) if values else NO_PARAMS

    def changed(self, **values: Any) -> Params:
        """The parameters with some values changed or added."""
        return Params(tuple({**dict(self.pairs), **values}.items()))

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a name, or the default where there is no such name."""
        for key, value in self.pairs:
            if key == name:
                return value
        return default

    @property
    def are_plain(self) -> bool:
        """Whether all values are numbers, text, and tuples of such."""
        return all([is_plain(value) for _, value in self.pairs])

    def held(self) -> tuple[int, list[Any]]:
        """For the cache: the bytes of the pairs with what they are compared by, and the values that may hold more."""
        return PAIR_BYTES * len(self.pairs), [value for _, value in self.pairs if value.__class__ not in PLAIN]

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Params) and self._hash == other._hash and self._key == other._key

    def __repr__(self) -> str:
        return f"Params({', '.join(f'{name}={value!r}' for name, value in self.pairs)})"

    def __reduce__(self) -> tuple[Any, ...]:  # hashes differ between processes
        return _restored, (self.pairs,)


_SLOTS: Any = Params
_set_pairs, _set_key, _set_hash = _SLOTS.pairs.__set__, _SLOTS._key.__set__, _SLOTS._hash.__set__
"""What sets the fields of a frozen object: quicker than by their names, and nodes have many parameters."""


def _restored(pairs: tuple[tuple[str, Any], ...]) -> Params:
    return Params(pairs) if pairs else NO_PARAMS


def is_plain(value: Any) -> bool:
    """Whether a value is a number, text, None, or a tuple of such."""
    return type(value) in PLAIN or (isinstance(value, tuple) and all(map(is_plain, value)))


def identity(value: Any) -> Hashable:
    """What is equal for two values only if they agree in type and to the bit; hashing it fails where the value's does.

    Arguments:
        value: any value.
    """
    cls: Any = type(value)
    if cls in AS_THEY_ARE:
        return value  # type: ignore[no-any-return]
    if cls is bool:
        return cls, value
    if isinstance(value, tuple):
        return (cls, *map(identity, value))
    if isinstance(value, np.generic):
        return cls, value.dtype.str, value.tobytes()
    if isinstance(value, float | complex):
        return cls, struct.pack("2d", value.real, value.imag)
    if isinstance(value, frozenset):
        return cls, frozenset(map(identity, value))
    names = compared(cls)
    return cls, (tuple([identity(getattr(value, name)) for name in names]) if names else value)


@cached()
def compared(cls: type) -> tuple[str, ...]:
    """The fields that the generated `==` of a frozen dataclass compares; none for any other class."""
    options = getattr(cls, "__dataclass_params__", None)
    if options is None or not (options.frozen and options.eq):
        return ()
    return tuple(f.name for f in fields(cls) if f.compare)


NO_PARAMS = Params()
"""What all nodes without parameters share."""
