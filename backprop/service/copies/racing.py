"""The copies of a run on a cluster, each in a thread: what `Race` decides is done here."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, Protocol

from ...errors import ClusterError, StoppedError, UnlikeWorkersError, WorkerLostError
from ...graph.wire.values import values_to_bytes
from ...ops.core.stopping import Stop, check_stop, current_stop, stoppable
from ...scheduler.events import Recorder
from ...scheduler.planning.plan import Plan
from .race import Pace, Policy, Race, Verdict

LOG = logging.getLogger("backprop.service")
LOOK, SELDOM = 0.25, 5.0
"""Seconds between two looks at a run that is late, and at any other."""


class Workers(Protocol):
    """The workers of an executor."""

    @property
    def used(self) -> tuple[str, ...]:
        """The workers that are used."""
        ...

    @property
    def idle(self) -> tuple[str, ...]:
        """Those of them that have nothing to do."""
        ...

    def leave_out(self, address: str) -> None:
        """Use a worker no more."""
        ...


class Spread(Protocol):
    """An executor whose runs can be placed on some of its workers."""

    recorder: Recorder | None

    @property
    def members(self) -> Workers:
        """The workers."""
        ...

    def on(self, addresses: Sequence[str], recorder: Recorder) -> Spread:
        """The same executor on some of its workers, with a recorder of its own."""
        ...

    def run(self, plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
        """The results of a plan."""
        ...


class Answer(NamedTuple):
    """What a copy gave: results, or an exception."""

    copy: int
    digest: str
    results: tuple[Any, ...] = ()
    error: Exception | None = None


class Racing:
    """Runs plans in as many copies as their races want.

    Arguments:
        policy: when there is more than one.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._pace = Pace()

    def run(self, executor: Spread, plan: Plan, values: Sequence[Any], digest: str) -> tuple[Any, ...]:
        """The results of a plan.

        Arguments:
            executor: where.
            plan, values: what.
            digest: of what is asked for; decides whether it is voted on.
        Errors:
            UnlikeWorkersError: workers give different answers, and no majority can be found.
            Exception: what the plan raised.
        """
        began = time.monotonic()
        expected = self._pace.expected(plan.work)
        used = executor.members.used
        race = Race(self._policy, used, bool(used) and self._policy.votes_on(digest), expected, began)
        copies = _Copies(executor, plan, values)
        try:
            verdict = self._settled(race, copies, executor)
        finally:
            copies.stop()
        self._pace.took(plan.work, time.monotonic() - began)
        return _result(verdict, copies, executor)

    def _settled(self, race: Race, copies: _Copies, executor: Spread) -> Verdict:
        """What comes of a race that goes on until its copies agree."""
        whole = current_stop() or Stop()
        with whole.calling(copies.wake):
            while (verdict := race.verdict) is None:
                check_stop()
                answer = copies.next(_started(race, copies, executor))
                if answer is not None and answer.copy not in race.gone:
                    race.answered(answer.copy, answer.digest)
                elif race.is_voted:
                    with suppress(ClusterError):  # copies find out by themselves
                        self._look(race, copies, executor.members.used)
        return verdict

    def _look(self, race: Race, copies: _Copies, used: Sequence[str]) -> None:
        """Give up copies on workers that have left."""
        for k, place in enumerate(race.places):
            if k not in race.answers and k not in race.gone and not set(place) & set(used):
                race.lost(k)
                copies.stops[k].stop(StoppedError("its worker has left"))


class _Copies:
    """The copies of one run, each in a thread."""

    def __init__(self, executor: Spread, plan: Plan, values: Sequence[Any]) -> None:
        self.executor, self.plan, self.values = executor, plan, values
        self.answers: SimpleQueue[Answer | None] = SimpleQueue()
        self.given: dict[int, Answer] = {}
        self.recorders: list[Recorder] = []
        self.stops: list[Stop] = []

    def start(self, place: tuple[str, ...]) -> None:
        """Start another copy on some workers."""
        self.recorders.append(Recorder())
        self.stops.append(Stop())
        work = copy_context().run
        threading.Thread(target=work, args=(self._run, len(self.stops) - 1, place), daemon=True).start()

    def _run(self, number: int, place: tuple[str, ...]) -> None:
        try:
            with stoppable(self.stops[number]):
                results = self.executor.on(place, self.recorders[number]).run(self.plan, self.values)
        except BaseException as raised:  # Dask cancels with one that is no Exception
            error = raised if isinstance(raised, Exception) else WorkerLostError(f"the run was cancelled: {raised!r}")
            told = f"{type(error).__name__}: {error}"
            self.answers.put(Answer(number, _hash(told.encode()), error=error))
        else:
            self.answers.put(Answer(number, _hash(values_to_bytes(results)), results))

    def next(self, seconds: float) -> Answer | None:
        """The next answer; None where none comes in time, or something else is to be looked at."""
        try:
            answer = self.answers.get(timeout=seconds)
        except Empty:
            return None
        if answer is not None:
            self.given[answer.copy] = answer
        return answer

    def wake(self) -> None:
        """Let `next` return."""
        self.answers.put(None)

    def stop(self) -> None:
        """End the copies that still run."""
        for number, stop in enumerate(self.stops):
            if number not in self.given:
                stop.stop(StoppedError("another copy was first, or the run was stopped"))


def _started(race: Race, copies: _Copies, executor: Spread) -> float:
    """Start the copies that are to start now; the seconds until somebody is to look again."""
    now = time.monotonic()
    is_late = bool(race.places) and now >= race.late_at
    while (place := race.start(now, _idle(executor) if is_late else ())) is not None:
        copies.start(place if race.is_voted or len(race.places) > 1 else ())
    return LOOK if is_late else min(max(race.late_at - now, 0.01), SELDOM)


def _idle(executor: Spread) -> tuple[str, ...]:
    """The workers that have nothing to do; none where the scheduler is lost."""
    try:
        return executor.members.idle
    except (ClusterError, OSError):
        return ()


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _result(verdict: Verdict, copies: _Copies, executor: Spread) -> tuple[Any, ...]:
    """The results of the copy that has won; workers that were alone with their answer are left out."""
    if verdict.winner is None:
        what = f"the workers {' and '.join(verdict.liars)} give different results for the same graph and values"
        raise UnlikeWorkersError(what, fix="test their memory and processors; a third worker would tell which is wrong")
    for address in verdict.liars:
        LOG.error("the worker %s gave a result that two others did not give, and is left out", address)
        executor.members.leave_out(address)
    answer = copies.given[verdict.winner]
    if executor.recorder is not None:
        for event in copies.recorders[verdict.winner].events:
            executor.recorder.record(event)
    if answer.error is not None:
        raise answer.error
    return answer.results
