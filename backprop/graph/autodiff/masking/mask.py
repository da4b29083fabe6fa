"""Mask: what is known of the zeros of a cotangent. Why there are two kinds stands in `masks`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from ....ops.arrays.creation import filled
from ....ops.arrays.views import broadcast_to
from ....ops.core.types import Shape
from ....ops.elementwise.comparison import logical_and
from ...tracing.builder import Builder
from ...tracing.var import Var


class Mask(NamedTuple):
    """Which elements of a cotangent are not known to be zero; None where nothing is known.

    Arguments:
        live: booleans that broadcast to the cotangent; False where it is zero because of a choice.
        set: the same; False where it is zero because of the value of a seed.
        placed: whether it only tells where elements were put among zeros.
        hides: whether `live` can shut out a NaN of the value itself, as the condition of a `where` can.
    """

    live: Var[Any] | None = None
    set: Var[Any] | None = None
    hides: bool = False
    placed: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether neither part says anything."""
        return self.live is None and self.set is None

    def map(self, f: Callable[[Var[Any]], Var[Any]]) -> Mask:
        """The mask whose parts are what a function makes of these; a part that says nothing stays as it is."""
        return Mask(None if self.live is None else f(self.live), None if self.set is None else f(self.set), self.hides)

    @property
    def together(self) -> Mask:
        """The mask with `set` where neither part says zero: what it has to be before elements are added up."""
        return self if self.set is None else self._replace(set=both(self.live, self.set))

    @property
    def by_choice(self) -> Mask:
        """The mask without what is known by value only."""
        return NOTHING if self.live is None else self._replace(set=None)

    def either(self) -> Var[Any]:
        """Both parts as one, of the kind that `kind_of` tells."""
        live = both(self.live, self.set)
        assert live is not None
        return live


NOTHING = Mask()

Kind = Literal["", "live", "set"]
"""What a mask says as one array: nothing, what is live by choice, or what is set by value, which claims less."""


def kind_of(mask: Mask) -> Kind:
    """The kind of a mask whose two parts are taken as one: by value where one of them is, since that claims less."""
    return "set" if mask.set is not None else "live" if mask.live is not None else ""


def mask_of(kind: Kind, live: Var[Any]) -> Mask:
    """A mask with one part: an array of booleans, of a kind."""
    return Mask(set=live) if kind == "set" else Mask(live, hides=True)


def both(a: Var[Any] | None, b: Var[Any] | None) -> Var[Any] | None:
    """Which elements are true in both arrays; None stands for an array that is true everywhere."""
    if a is None or b is None or a.id == b.id:
        return b if a is None else a
    return logical_and(a, b)  # type: ignore[no-any-return]


def joined(a: Mask, b: Mask) -> Mask:
    """The mask of a cotangent that is zero wherever one of two masks says so."""
    return Mask(both(a.live, b.live), both(a.set, b.set), a.hides or b.hides)


def whole(live: Var[Any], shape: Shape) -> Var[Any]:
    """A value, broadcast to a shape unless it has that shape already."""
    return live if live.shape == shape else broadcast_to(live, shape)


def truth(builder: Builder, shape: Shape, value: bool = True) -> Var[Any]:
    """An array of booleans, all of them the same.

    Arguments:
        builder: what it becomes part of.
        shape: its shape.
        value: what each of them is.
    """
    return builder.emit(filled, (), {"shape": shape, "dtype": "bool", "value": repr(value)})  # type: ignore[no-any-return]
