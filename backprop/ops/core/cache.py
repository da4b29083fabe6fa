"""The one cache: what was made of graphs, types and arrays, by content, bounded by bytes.

What was not used since room was last looked for goes first, in the order of arrival (the clock algorithm), so that a
look-up takes no lock and changes no order. An entry counts by what its key and its value keep in memory
(footprint.py); what several entries share counts once. What lasts goes only when all else has gone, or where it takes
more than half of the room: the traces of compiled functions, which cannot be made again as they were, as they hold
what was captured then. Values are made outside of the lock, so that two threads may make the same one; both get the
first. What goes is let go of outside of the lock, too, as its end may run code of the user's. A thread may come here
again while it changes the cache: where a key is compared by code of the user's, or where the garbage collector ends an
owner, or an object whose end computes something. What it wants then is done after the change.

Source: F. J. Corbató, A paging experiment with the Multics system, 1968.
Limits: what a value takes after it was stored is not counted; an entry beyond the limit goes with the next one.
"""

from __future__ import annotations

import threading
import weakref
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, ParamSpec, TypeAlias, TypeVar

from .footprint import Footprint, footprint

P = ParamSpec("P")
R = TypeVar("R")

LIMIT = 256 << 20
"""Bytes that are kept, unless the user says otherwise."""

ENTRY = 400
"""Bytes of an entry apart from its key and its value."""

MISSING = object()

Order: TypeAlias = "OrderedDict[Hashable, None]"


@dataclass(slots=True, eq=False)
class Entry:
    """A value with what it and its key take.

    Arguments:
        value: the value.
        size: what it takes.
        owner: by whom it can be taken back.
        lasting: whether it stays longer than what does not last, where it is no more than half of the limit.
        used: whether it was used since room was last looked for.
    """

    value: Any
    size: Footprint
    owner: object
    lasting: bool
    used: bool = False


class Cache:
    """Values by key; those that were not used lately go where all of them take more than a limit.

    Arguments:
        limit: bytes to keep.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._lock = threading.RLock()  # the thread that has it may come here again in the middle of a change
        self._is_changing = False  # the thread that has the lock
        self._later: deque[Callable[[list[Any]], None]] = deque()  # changes that are to be made
        self._entries: dict[Hashable, Entry] = {}
        self._orders: tuple[Order, Order] = (OrderedDict(), OrderedDict())  # oldest first; those that last are second
        self._holders: Counter[int] = Counter()  # of each large piece, by identity
        self._owned: dict[object, dict[Hashable, None]] = {}  # the keys of each owner
        self._limit = limit
        self._nbytes = 0
        self._lasting = 0  # bytes of what lasts, where shared pieces count for each

    @property
    def limit(self) -> int:
        """Bytes to keep."""
        return self._limit

    @property
    def nbytes(self) -> int:
        """Bytes that are kept."""
        return self._nbytes

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Hashable) -> Any:
        """The value of a key; MISSING where there is none."""
        entry = self._entries.get(key)  # without the lock: most calls of the library come here several times
        if entry is None:
            return MISSING
        entry.used = True
        return entry.value

    def put(self, key: Hashable, value: Any, owner: object = None, lasting: bool = False) -> Any:
        """Keep a value, and let go of others where there is no room.

        Arguments:
            key: equal where the value is the same.
            value: what was made.
            owner: by whom it can be taken back.
            lasting: whether it stays longer than what does not last, as far as it takes no more than half of the limit.
        Returns:
            the value; where another thread was first, that one's.
        """
        self._change(partial(self._add, key, Entry(value, footprint(key, value), owner, lasting)))
        first = self._entries.get(key)
        return value if first is None else first.value

    def _add(self, key: Hashable, entry: Entry, gone: list[Any]) -> None:
        if key in self._entries:
            return
        self._entries[key] = entry
        self._orders[entry.lasting][key] = None
        if entry.owner is not None:
            self._owned.setdefault(entry.owner, {})[key] = None
        self._nbytes += ENTRY + entry.size.small + self._counted(entry.size, 1)
        self._lasting += entry.size.nbytes if entry.lasting else 0
        gone.extend(self._evicted(key))

    def clear(self, limit: int | None = None) -> None:
        """Let go of everything that does not last, and of what lasts where it is more than the limit.

        Arguments:
            limit: bytes to keep from now on; None leaves the limit.
        """
        self._change(partial(self._clear, limit))

    def _clear(self, limit: int | None, gone: list[Any]) -> None:
        self._limit = self._limit if limit is None else limit
        gone.extend((key, self._taken(key)) for key in list(self._orders[False]))
        self._recount()
        while self._nbytes > self._limit and self._orders[True]:
            key = next(iter(self._orders[True]))
            gone.append((key, self._taken(key)))

    def drop(self, key: Hashable) -> None:
        """Let go of the value of a key, if there is one."""
        self._change(partial(self._drop, key))

    def _drop(self, key: Hashable, gone: list[Any]) -> None:
        if key in self._entries:
            gone.append((key, self._taken(key)))

    def drop_all(self, owner: object) -> None:
        """Let go of all that an owner put here."""
        self._change(partial(self._drop_all, owner))

    def _drop_all(self, owner: object, gone: list[Any]) -> None:
        gone.extend((key, self._taken(key)) for key in list(self._owned.get(owner, ())))

    def keys(self, owner: object) -> list[Hashable]:
        """The keys of all that an owner put here."""
        with self._lock:
            return list(self._owned.get(owner, ()))

    def _change(self, change: Callable[[list[Any]], None]) -> None:
        """Make a change now, or after the one that this thread is in.

        Arguments:
            change: (a list) -> None; puts what goes on the list, which is let go of when the lock is free.
        """
        gone: list[Any] = []
        self._later.append(change)
        with self._lock:
            while self._later and not self._is_changing:
                self._is_changing = True
                try:
                    while self._later:
                        self._later.popleft()(gone)
                finally:
                    self._is_changing = False
        gone.clear()

    def _evicted(self, newest: Hashable) -> list[Any]:
        """What goes, so that the rest is within the limit; never the newest entry."""
        gone: list[Any] = []
        while self._nbytes > self._limit and len(self._entries) > 1:
            order = self._order(newest)
            key = next(iter(order))
            if self._entries[key].used or key is newest:
                self._entries[key].used = False
                order.move_to_end(key)
            else:
                gone.append((key, self._taken(key)))
        return gone

    def _order(self, newest: Hashable) -> Order:
        """Of what something goes: of what does not last, unless that is the newest entry, or what lasts is the more."""
        passing, lasting = self._orders
        if len(lasting) > (newest in lasting) and self._lasting > self._limit // 2:
            return lasting
        return passing if len(passing) > (newest in passing) else lasting

    def _recount(self) -> None:
        """Count what is left anew, as values may have changed since they were counted."""
        self._holders.clear()
        self._nbytes = self._lasting = 0
        for entry in self._entries.values():
            self._nbytes += ENTRY + entry.size.small + self._counted(entry.size, 1)
            self._lasting += entry.size.nbytes if entry.lasting else 0

    def _taken(self, key: Hashable) -> Entry:
        """Take an entry out, and count it no more."""
        entry = self._entries.pop(key)
        del self._orders[entry.lasting][key]
        self._let_go(key, entry)
        return entry

    def _let_go(self, key: Hashable, entry: Entry) -> None:
        """Count an entry no more."""
        self._nbytes -= ENTRY + entry.size.small + self._counted(entry.size, -1)
        self._lasting -= entry.size.nbytes if entry.lasting else 0
        keys = self._owned.get(entry.owner)
        if keys is not None:
            del keys[key]
            if not keys:
                del self._owned[entry.owner]

    def _counted(self, size: Footprint, change: int) -> int:
        """Count one holder more or less of each large piece; the bytes of those that came or went."""
        moved = 0
        for piece, nbytes in size.pieces.items():
            before = self._holders[piece]
            self._holders[piece] = before + change
            if min(before, before + change) == 0:
                moved += nbytes
            if before + change == 0:
                del self._holders[piece]
        return moved


CACHE = Cache()
"""What the whole library keeps; `backprop.clear_caches()` empties it."""


class Kept:
    """What one object keeps in the cache, by keys of its own; it goes with the object, or earlier where room is short.

    Arguments:
        lasting: whether it stays longer than what does not last, where it is no more than half of the limit.
        cache: where.
    """

    def __init__(self, lasting: bool = False, cache: Cache = CACHE) -> None:
        self._cache = cache
        self._lasting = lasting
        self._mark = object()
        weakref.finalize(self, cache.drop_all, self._mark).atexit = False

    def get(self, key: Hashable, default: Any = None) -> Any:
        """The value of a key, or the default where there is none."""
        found = self._cache.get((self._mark, key))
        return default if found is MISSING else found

    def put(self, key: Hashable, value: Any) -> None:
        """Keep a value in the place of an older one."""
        self._cache.drop((self._mark, key))
        self._cache.put((self._mark, key), value, self._mark, self._lasting)

    def values(self) -> list[Any]:
        """All values that are kept."""
        found = [self._cache.get(key) for key in self._cache.keys(self._mark)]
        return [value for value in found if value is not MISSING]


def cached(
    by: Callable[..., Hashable] = lambda *args: args, cache: Cache = CACHE, owner: Callable[[], object] = lambda: None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorates a function, so that it is not called again with what it was called with lately.

    Arguments:
        by: (arguments) -> what they are compared by; the arguments themselves by default.
        cache: where results are kept.
        owner: () -> by whom a result that is made now can be taken back.
    """

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        mark = object()  # not the function itself, as what that holds is not held by entries

        @wraps(function)
        def result(*args: P.args, **kwargs: P.kwargs) -> R:
            key = mark, by(*args, **kwargs)
            found = cache.get(key)
            if found is MISSING:
                found = cache.put(key, function(*args, **kwargs), owner())
            return found  # type: ignore[no-any-return]

        return result

    return decorated
