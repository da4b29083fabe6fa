"""The elements of a Var, one by one, to read and to write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .... import ops
from .handles import copied
from .putting import put


class Flat:
    """The elements of a Var, one by one, as `array.flat`."""

    __slots__ = ("_array",)

    def __init__(self, array: Any) -> None:
        self._array = array

    @property
    def _elements(self) -> Any:
        return copied(ops.ravel(self._array))

    def __iter__(self) -> Iterator[Any]:
        return iter(self._elements)

    def __len__(self) -> int:
        return len(self._elements)

    def __getitem__(self, key: Any) -> Any:
        return self._elements[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        elements = self._elements
        elements[key] = value
        put(self._array, ops.reshape(elements, self._array.shape).id)
