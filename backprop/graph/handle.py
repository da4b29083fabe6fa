"""Handle: a value that is elsewhere, of which a trace needs the type only.

A handle stands where a value would: as a leaf of arguments, and as the value of a graph's input. Who runs the graph
either hands it on as a dependency, or fetches it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..ops.core.types import ValueType


class Home(Protocol):
    """Where values are."""

    def fetch(self, handles: Sequence[Handle]) -> list[Any]:
        """The values of handles of this home, all at once."""
        ...

    def graph(self) -> Mapping[Any, Any]:
        """The tasks that make the values, where they are still to be computed; for who runs them with others."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Handle:
    """A value that is elsewhere.

    Arguments:
        type: its type.
        home: where it is.
        key: what its home knows the value by, or what it is a leaf of.
        leaf: which leaf of that; None where it is the value itself.
    """

    type: ValueType[Any]
    home: Home
    key: Any
    leaf: int | None = None

    @property
    def nbytes(self) -> int:
        """The bytes of the value."""
        return self.type.nbytes


def fetched(values: Iterable[Any]) -> list[Any]:
    """Values with those of handles in their places; each home is asked once."""
    found = list(values)
    places: dict[Home, list[int]] = {}
    for k, value in enumerate(found):
        if isinstance(value, Handle):
            places.setdefault(value.home, []).append(k)
    for home, indices in places.items():
        for k, value in zip(indices, home.fetch([found[k] for k in indices]), strict=True):
            found[k] = value
    return found
