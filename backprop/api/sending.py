"""Small runs share requests, as HTTP would cost more than they do.

What is new is sent at once, with all else that waits, and the request waits a moment for the answers. What takes longer
is asked for again in requests of another thread, so that nothing new waits behind it. Threads work where there is
something to do, and none is left when all is done.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol

SENDERS, FEW, MOST = 2, 16, 64
"""The threads that send what is new, how many runs are worth a second one, and how many share a request at most."""

MANY = 1024
"""Runs that were sent and have no answer, with which nothing new is sent."""

SOON, LATER = 0.02, 0.5
"""Seconds that a request waits for the last of its runs: at first, and at most."""

Results = tuple[Any, ...]


class Small(Protocol):
    """A run that may share a request."""

    @property
    def key(self) -> str:
        """Names it."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether nobody waits for it any more."""
        ...

    def settle(self, results: Results) -> None:
        """Take its results."""
        ...


class Sending:
    """Sends small runs, and hands their results out.

    Arguments:
        ask: (runs that are new, keys of runs that were sent, seconds to wait) -> results by key, None for those that
            take longer; a run that is not there is to be asked for alone.
        alone: asks for a run alone.
    """

    def __init__(
        self,
        ask: Callable[[Sequence[Any], Sequence[str], float], Mapping[str, Results | None]],
        alone: Callable[[Any], None],
    ) -> None:
        self._ask, self._alone = ask, alone
        self._pool = ThreadPoolExecutor(SENDERS + 1, thread_name_prefix="backprop-send")
        self._lock = threading.RLock()
        self._idle = threading.Condition(self._lock)
        self._under_way: set[str] = set()
        self._new: deque[Small] = deque()
        self._late: dict[str, Small] = {}
        self._senders, self._is_waiting = 0, False

    def send(self, run: Small) -> None:
        """Have a run sent, and asked for until it has ended."""
        with self._lock:
            self._new.append(run)
            self._under_way.add(run.key)
        self._staff()

    def __contains__(self, key: object) -> bool:
        """Whether a run waits to be sent, or has no answer yet."""
        return key in self._under_way

    def close(self) -> None:
        """Wait until all has ended."""
        with self._idle:
            self._idle.wait_for(lambda: not (self._new or self._late or self._senders or self._is_waiting))
        self._pool.shutdown(wait=True)

    def _staff(self) -> None:
        """Have as many threads at work as there is work for."""
        with self._lock:
            wanted = min(SENDERS, bool(self._new) + len(self._new) // FEW)
            starts = self._senders < wanted and len(self._late) < MANY
            waits = bool(self._late) and not self._is_waiting
            self._senders += starts
            self._is_waiting |= waits
        for work in [self._send] * starts + [self._wait] * waits:
            self._pool.submit(work)

    def _send(self) -> None:
        while True:
            with self._lock:
                held = len(self._late) >= MANY
                together = [] if held else [self._new.popleft() for _ in range(min(len(self._new), MOST))]
                if not together:
                    self._senders -= 1
                    self._idle.notify_all()
                    return
            self._turn(together, [], SOON)
            self._staff()

    def _wait(self) -> None:
        wait = SOON
        while True:
            with self._lock:
                late = list(self._late.values())[:MOST]
                if not late:
                    self._is_waiting = False
                    self._idle.notify_all()
                    return
                for each in late:
                    del self._late[each.key]
            wait = min(2 * wait, LATER)
            self._turn([], late, wait)
            self._staff()

    def _turn(self, new: Sequence[Small], late: Sequence[Small], wait: float) -> None:
        """One request, and what comes of it."""
        found: Mapping[str, Results | None] = {}
        asked = [[each for each in runs if not each.is_over] for runs in (new, late)]
        if any(asked):
            with suppress(Exception):  # each is asked for alone, and says what is wrong
                found = self._ask(asked[0], [each.key for each in asked[1]], wait)
        for each in [*new, *late]:
            if not each.is_over and found.get(each.key, ()) is None:
                with self._lock:
                    self._late[each.key] = each
                continue
            if not each.is_over:
                self._answered(each, found.get(each.key))
            self._under_way.discard(each.key)

    def _answered(self, run: Small, results: Results | None) -> None:
        if results is None:
            self._alone(run)
        else:
            run.settle(results)
