"""Where basic keys of one array overlap: whether they do, and one key seen from the selection of another.

All keys are in the normal form of `keys`, without index arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import zip_longest
from math import gcd
from typing import NamedTuple

from ...core.types import Shape
from .keys import Item, Key, Slice

CACHED = 1 << 12


@lru_cache(maxsize=CACHED)
def span(item: Item) -> range:
    """The indices that an item of a key selects, in ascending order."""
    if not isinstance(item, Slice):
        return range(int(item), int(item) + 1)
    found = _range(item)
    return found if item.step > 0 else found[::-1]


def _range(item: Slice) -> range:
    return range(item.start, -1 if item.stop is None else item.stop, item.step)


def _slice(found: range) -> Slice:
    if not found:
        return Slice(0, 0, 1)
    return Slice(found.start, found.stop if found.stop >= 0 else None, found.step)


def _meet(one: range, other: range) -> bool:
    if not one or not other or one[-1] < other[0] or other[-1] < one[0]:
        return False
    if len(one) == 1 or len(other) == 1:
        return one[0] in other if len(one) == 1 else other[0] in one
    return (one[0] - other[0]) % gcd(one.step, other.step) == 0


def disjoint(one: Key, other: Key) -> bool:
    """Whether two keys select no element in common; False where that is not certain."""
    return any([a != b and not _meet(span(a), span(b)) for a, b in zip(one, other, strict=False)])


def _within(inner: range, outer: range) -> bool:
    return not inner or (inner[0] in outer and inner[-1] in outer and (len(inner) == 1 or not inner.step % outer.step))


def covers(outer: Key, inner: Key) -> bool:
    """Whether one key selects all that another one does."""
    if len(outer) > len(inner):
        return False
    pairs = zip(outer, inner, strict=False)
    return all([a == b or (isinstance(a, Slice) and _within(span(b), span(a))) for a, b in pairs])


def without_full(items: Sequence[Item], lengths: Shape) -> Key:
    """A key without the trailing items that take all of their axes."""
    kept = list(items)
    while kept and kept[-1] == Slice(0, lengths[len(kept) - 1], 1):
        kept.pop()
    return tuple(kept)


def composed(outer: Key, inner: Key, lengths: Shape) -> Key:
    """The key of x[outer][inner], where x has some lengths."""
    rest = iter(inner)
    items: list[Item] = []
    for item in outer:
        following = next(rest, None) if isinstance(item, Slice) else None
        if following is None:
            items.append(item)
        elif isinstance(following, Slice):
            items.append(_slice(_range(item)[_as_slice(following)]))  # type: ignore[arg-type]
        else:
            items.append(_range(item)[following])  # type: ignore[arg-type, index]
    return without_full([*items, *rest], lengths)


def _as_slice(item: Slice) -> slice:
    return slice(item.start, item.stop, item.step)


def relative(outer: Key, inner: Key, lengths: Shape) -> Key:
    """The key that takes x[inner] from x[outer], which covers it, where x has some lengths."""
    items: list[Item] = []
    kept: list[int] = []
    for (o, i), n in zip(zip_longest(outer, inner, fillvalue=None), lengths, strict=False):
        if o is None or isinstance(o, Slice):
            where = range(n) if o is None else _range(o)
            kept.append(len(where))
            items.append(Slice(0, n, 1) if i is None else _moved(i, where))
    return without_full(items, (*kept, *lengths[len(inner) :]))


def _moved(item: Item, where: range) -> Item:
    """An item of a key in the places of a range."""
    if not isinstance(item, Slice):
        return where.index(int(item))
    found = _range(item)
    if not found:
        return Slice(0, 0, 1)
    step = found.step // where.step if len(found) > 1 else 1
    first = where.index(found[0])
    return _slice(range(first, first + len(found) * step, step))


class Part(NamedTuple):
    """What of a part of an array lies in a window on it.

    Arguments:
        target: its key in the window.
        source: the key of the elements in the part.
    """

    target: Key
    source: Key


def seen_in(window: Key, part: Key, lengths: Shape) -> Part | None:
    """What of x[part] lies in x[window], which overlap; None where no keys say so.

    Arguments:
        window, part: the keys.
        lengths: the shape of x.
    """
    target: list[Item] = []
    source: list[Item] = []
    for (w, p), n in zip(zip_longest(window, part, fillvalue=None), lengths, strict=False):
        pair = _seen_along(Slice(0, n, 1) if w is None else w, Slice(0, n, 1) if p is None else p)
        if pair is None:
            return None
        target += pair[0]
        source += pair[1]
    return Part(tuple(target), tuple(source))


def _seen_along(window: Item, part: Item) -> tuple[list[Item], list[Item]] | None:
    """The items along one axis, in the window and in the part; an axis that a key takes an element of has none."""
    if not isinstance(window, Slice):
        return ([], [_range(part).index(int(window))]) if isinstance(part, Slice) else ([], [])
    where = _range(window)
    if not isinstance(part, Slice):
        return [where.index(int(part))], []
    if window.step != 1 or part.step != 1:
        whole = Slice(0, len(where), 1)
        return ([whole], [whole]) if window == part else None
    low, high = max(where.start, part.start), min(where.stop, _range(part).stop)
    return [Slice(low - where.start, high - where.start, 1)], [Slice(low - part.start, high - part.start, 1)]
