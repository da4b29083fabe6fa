"""What was learned of ops, kept in the user's cache folder for other graphs and other processes.

    <the cache folder, see machine/files.py>/learned.json
    {"format": 1, "machines": {KEY: {"sort d 17 21": 8.4, ...}}}

The key is that of the rates (machine/profile.py); a factor says how many times as long nodes of an op and size class
take as the rates say. What cannot be read counts for nothing. What cannot be written is kept until the process ends,
and so are ops of the user's own.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...ops.core.cache import cached
from ..machine.blas_architecture import libraries
from ..machine.files import cache_folder, machines, write_machines
from ..machine.learned import OWN
from ..machine.profile import key

MOST = 4096
"""Ops and size classes that are kept of a machine; those that were learned first go."""


def this_book_file() -> Path:
    """The file of what was learned, of this user."""
    return cache_folder() / "learned.json"


class Book:
    """What is known of ops; any thread may ask and tell.

    Arguments:
        path: of the file.
        name: gives the name of this machine in it.
    """

    def __init__(self, path: Path, name: Callable[[], str]) -> None:
        self._path = path
        self._name = name
        self._lock = threading.RLock()
        self._factors: Mapping[str, float] = _sound(machines(path).get(name())) if path.exists() else {}

    @property
    def factors(self) -> Mapping[str, float]:
        """By op and size class, how many times as long nodes take as the rates say."""
        return self._factors

    def learn(self, factors: Mapping[str, float]) -> None:
        """Keep what was measured, in the file as well.

        Where it is more than was known, both count the same; where it is less it counts alone, as what disturbs a
        measurement only adds to it.

        Arguments:
            factors: by op and size class.
        """
        with self._lock:
            self._factors = _mixed(self._factors, factors)
            lasting = {op: factor for op, factor in factors.items() if not op.startswith(OWN)}
            if lasting:
                self._write(lasting)

    def _write(self, factors: Mapping[str, float]) -> None:
        entries, name = machines(self._path), self._name()
        entries[name] = _mixed(_sound(entries.get(name)), factors)
        with contextlib.suppress(OSError):
            write_machines(self._path, entries)


def _mixed(known: Mapping[str, float], new: Mapping[str, float]) -> dict[str, float]:
    """Factors with newer ones: the geometric mean where one that is known grows, the newest last."""
    mixed = {name: factor for name, factor in known.items() if name not in new}
    mixed.update({name: min(factor, math.sqrt(factor * known.get(name, factor))) for name, factor in new.items()})
    return dict(list(mixed.items())[-MOST:])


def _sound(entry: Any) -> dict[str, float]:
    """The factors of an entry that make sense."""
    if not isinstance(entry, dict):
        return {}
    return {str(k): float(v) for k, v in entry.items() if isinstance(v, int | float) and math.isfinite(v) and v > 0}


@cached()
def this_book() -> Book:
    """The book of this machine, read when it is first asked for."""
    return Book(this_book_file(), lambda: key(libraries()))
