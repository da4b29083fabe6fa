"""Which executor is meant: by an executor itself, a word such as "threads:2", an address, or a client of Dask.

A class of executors says itself what means it (`words` and `arguments_for` of AbstractExecutor). Classes are found by a
walk over the subclasses, and listed nowhere. Modules in which further ones may stand are imported only where no class
that is there knows what was given: who asks for threads does not wait for the client of a cluster to be imported.

What was opened for a word or a client is kept, so that the same word does not open it again at each call. Few are kept,
and `backprop.clear_caches()` lets go of them. One that is let go of closes as soon as nobody uses it.
"""

from __future__ import annotations

import importlib.util
import itertools
import pkgutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Protocol, TypeAlias

from ..errors import ArgumentError
from ..scheduler import executors
from ..scheduler.executors.base import AbstractExecutor

BY_NETWORK = f"{__package__}.connection"
"""The module of the executor that stands above the schedulers' own: a service."""

KEPT = 8
"""How many executors are kept that were opened for a word or a client."""


class DaskClient(Protocol):
    """A `distributed.Client`, or a cluster object of Dask, as checkers see it."""

    @property
    def dashboard_link(self) -> object:
        """Where Dask shows what runs."""


Where: TypeAlias = AbstractExecutor | str | DaskClient
"""What means an executor: itself, a word, the address of a scheduler or a service, a client, a cluster object."""


class Opened:
    """Executors by what means them; those used longest ago go where there are too many.

    Arguments:
        most: how many are kept.
    """

    def __init__(self, most: int = KEPT) -> None:
        self._lock = threading.RLock()  # held while one is opened: two threads are not to start two clusters
        self._kept: OrderedDict[str | int, tuple[Any, AbstractExecutor]] = OrderedDict()
        self._most = most
        self._last: tuple[Any, AbstractExecutor] | None = None  # told without the lock, as most calls ask for it again

    def __len__(self) -> int:
        return len(self._kept)

    def executor(self, where: Any) -> AbstractExecutor:
        """The executor that something means, opened where it is not open; the errors are those of `executor_of`."""
        last = self._last
        if last is not None and last[0] is where and not last[1].closed:
            return last[1]
        key = where if isinstance(where, str) else id(where)  # which is kept, so that its id stays its own
        with self._lock:
            known = self._kept.get(key)
            if known is None or known[1].closed:
                known = self._kept[key] = where, making(where)()
            self._kept.move_to_end(key)
            self._last = known
            gone = [self._kept.popitem(last=False) for _ in range(len(self._kept) - self._most)]
        del gone  # outside of the lock, as a cluster takes its time to end
        return known[1]

    def clear(self) -> None:
        """Let go of all."""
        with self._lock:
            gone, self._kept, self._last = self._kept, OrderedDict(), None
        gone.clear()


OPENED = Opened()
"""What the verbs have opened; `backprop.clear_caches()` empties it."""


def executor_of(where: Where) -> AbstractExecutor:
    """The executor that is meant.

    Arguments:
        where: an executor, a word, an address, a client or a cluster object of Dask. The same word or client means the
            same executor each time.
    Errors:
        ArgumentError: nothing of the kind. Those of opening the executor.
    """
    return where if isinstance(where, AbstractExecutor) else OPENED.executor(where)


def making(where: Any) -> Callable[[], AbstractExecutor]:
    """What makes the executor that is meant; nothing is opened yet.

    Arguments:
        where: a word, an address, a client or a cluster object of Dask.
    Errors:
        ArgumentError: no class of executors knows it.
    """
    for cls in executor_classes():
        arguments = cls.arguments_for(where)
        if arguments is not None:
            return partial(cls, **arguments)
    fix = f"give an executor, a distributed.Client, or one of {' | '.join(all_words())}"
    raise ArgumentError(f"{where!r} is no executor", "executor", fix)


def all_words() -> tuple[str, ...]:
    """The words that mean executors, by the names of their classes; capitals stand for what the user puts there."""
    return tuple(word for cls in sorted(executor_classes(), key=lambda cls: cls.__name__) for word in cls.words)


def executor_classes() -> Iterator[type[AbstractExecutor]]:
    """The classes with words of their own: those that are there by now, then those that further modules bring."""
    seen: set[type] = set()
    for _ in itertools.chain([None], _imported()):
        new = [cls for cls in _subclasses(AbstractExecutor) if cls not in seen]  # type: ignore[type-abstract]
        seen.update(new)
        yield from new


def _imported() -> Iterator[object]:
    """The modules in which classes of executors may stand, each imported when it is asked for; the quickest first."""
    room = executors.__name__
    found = sorted(pkgutil.iter_modules(executors.__path__), key=lambda module: module.ispkg)
    names = [f"{room}.{module.name}.executor" if module.ispkg else f"{room}.{module.name}" for module in found]
    return (importlib.import_module(name) for name in (*names, BY_NETWORK) if importlib.util.find_spec(name))


def _subclasses(base: type[AbstractExecutor]) -> Iterator[type[AbstractExecutor]]:
    """The classes with words of their own below a class, in the order in which they came."""
    for cls in base.__subclasses__():
        if vars(cls).get("words"):
            yield cls
        yield from _subclasses(cls)
