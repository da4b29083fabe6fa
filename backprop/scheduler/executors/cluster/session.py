"""A session: one client, who is in its cluster, and what lies there on our behalf; and the link that has one."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import distributed
from dask.highlevelgraph import HighLevelGraph, MaterializedLayer

from ....errors import ClusterError
from ....ops.core.stopping import check_stop
from ...lower import new_token
from ...planning.plan import Plan
from .connection import Connection, connect
from .data.fitting import Placing, fitted, placing
from .data.locating import Locating
from .data.places import Places
from .data.store import Store
from .membership.members import Members
from .priority import Priority
from .resident.calls import Residents

PAUSE, LONGEST = 0.05, 1.0
"""Seconds between two looks for a scheduler: at first, doubled each time, and at most."""

ANSWER = 5.0
"""Seconds that a scheduler has to answer, where it was lost before."""


@dataclass(frozen=True, slots=True)
class Annotations:
    """What Dask's scheduler is told of the tasks of a run.

    Arguments:
        order: which goes first.
        placing: which worker has the data of each; another one takes the task where that is lost or busy for long.
    """

    order: Priority
    placing: Placing

    def of(self, is_free: bool) -> dict[str, Any]:
        """As Dask names them.

        Arguments:
            is_free: whether a task may run on any worker; where it may not, no worker is named beside the allowed ones.
        """
        if not is_free or not self.placing.homes:
            return {"priority": self.order}
        return {"priority": self.order, "workers": self.placing, "allow_other_workers": self.placing.is_placed}


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """What an executor holds of a cluster while it is connected.

    Arguments:
        connection: the client, and what is closed with it.
        members: the workers.
        store: what lies on them.
        locating: what is known of the values that lie there.
        span: the name under which Dask counts all runs; one for good, as each stays in the scheduler.
        places: on which worker each of them lies.
        residents: the runners that replay compiled plans.
    """

    connection: Connection
    members: Members
    store: Store
    locating: Locating
    span: str
    places: Places
    residents: Residents

    @property
    def client(self) -> Any:
        """The client."""
        return self.connection.client

    def fitted(self, plan: Plan, given: Sequence[Any]) -> Plan:
        """A plan without host-pinned tasks, in tasks that run where their data is, and have memory for more."""
        return fitted(plan, given, self.places, lambda: self.members.memory)

    def placing(self, plan: Plan, given: Sequence[Any]) -> Placing:
        """Where those tasks of a plan go that read data."""
        return placing(plan, self.places.heavy(given), self.members.threads)

    def submit(
        self, tasks: Mapping[Any, Any], keys: Sequence[Any], told: Annotations, only: Sequence[str] | None = None
    ) -> dict[Any, Any]:
        """Futures of some keys of a Dask graph, by key.

        Arguments:
            tasks: the graph.
            keys: what is wanted of it.
            told: of the tasks, for Dask's scheduler.
            only: the workers to use; None for all that are used.
        """
        chosen = self.members.chosen if only is None else only
        layer = MaterializedLayer(dict(tasks), annotations=told.of(is_free=chosen is None))
        graph = HighLevelGraph({"backprop": layer}, {"backprop": set()})
        with distributed.span(self.span):
            futures = self.client.get(graph, list(keys), sync=False, workers=chosen and list(chosen), fifo_timeout=0)
        return dict(zip(keys, futures, strict=True))


@dataclass(frozen=True, slots=True)
class Address:
    """How a session is opened: the arguments of an executor that say where.

    Arguments:
        where: a client, a cluster object, an address, or None for a new cluster.
        n_workers, processes, security: as of `Cluster`.
        unlike: as of `Cluster`.
    """

    where: Any
    n_workers: int | None
    processes: bool
    security: Any
    unlike: str

    def open(self, timeout: float | None = None) -> Session:
        """A session, its workers looked at.

        Arguments:
            timeout: seconds that the scheduler at an address has to answer; None for what Dask's settings say.
        """
        connection = connect(self.where, self.n_workers, self.processes, self.security, timeout)
        try:
            members = Members(connection.client, self.unlike)
            members.refresh()
        except BaseException:
            connection.close()
            raise
        client, places = connection.client, Places(connection.client)
        span, residents = f"backprop-{new_token()}", Residents(client, places)
        return Session(connection, members, Store(client), Locating(client), span, places, residents)


class Link:
    """The way to a cluster, which an executor and its twins share: a session, opened anew where its scheduler was lost.

    Dask's client looks for a lost scheduler for a while, and closes itself then. Where the executor was given an
    address, another client takes its place as soon as somebody answers there again.

    Arguments:
        address: how a session is opened.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._lock = threading.RLock()
        self._session: Session | None = None
        self._process = 0
        self._close: Any = None
        self._is_closed = False

    @property
    def session(self) -> Session:
        """The session, opened now where there was none; a lost scheduler is not waited for.

        Errors:
            ClusterError: it was opened by the process from which this one was forked.
        """
        if self._session is not None:
            self._refuse_forks()
            return self._session
        with self._lock:
            return self._session or self._open(None)

    def _refuse_forks(self) -> None:
        """Raise where the threads that talk to the cluster were not copied, and nobody would answer."""
        if os.getpid() != self._process:
            message = "this process was forked from one with a client of the cluster, whose threads were not copied"
            raise ClusterError(message, fix='start processes by multiprocessing.get_context("spawn")')

    @property
    def opened(self) -> Session | None:
        """The session; None where it was not asked for yet."""
        return self._session

    @property
    def is_up(self) -> bool:
        """Whether there is a scheduler, as far as the client has noticed."""
        return bool(self.session.client.status == "running")

    def regained(self, seconds: float) -> bool:
        """Whether there is a scheduler, or is one again within some seconds.

        Errors:
            UnlikeWorkersError, ClusterError: it has workers that cannot be used.
        """
        until, pause = time.monotonic() + seconds, PAUSE
        while not self.is_up and self._is_looking and time.monotonic() < until:
            check_stop()
            time.sleep(pause)
            pause = min(2.0 * pause, LONGEST)
            with suppress(OSError):  # nobody answers there
                self._reopen()
        return self.is_up

    def close(self) -> None:
        """Close what was opened; for good."""
        self._is_closed = True
        if self._end_quietly():
            self.session.connection.let_go()

    @property
    def _is_looking(self) -> bool:
        """Whether the client looks for its scheduler, or another one may take its place."""
        return bool(self.session.client.status == "connecting") or self._can_reopen

    @property
    def _can_reopen(self) -> bool:
        return not self._is_closed and isinstance(self.address.where, str)

    def _reopen(self) -> None:
        """Put a new session in the place of one whose client was closed."""
        with self._lock:
            if self._can_reopen and self.session.client.status == "closed":
                self._open(ANSWER)

    def _open(self, timeout: float | None) -> Session:
        session = self.address.open(timeout)
        self._end_quietly()
        if session.connection.owned:
            self._close = weakref.finalize(self, session.connection.closer().put, True)
            self._close.atexit = False  # Dask has an end of its own
        self._session, self._process = session, os.getpid()
        return session

    def _end_quietly(self) -> bool:
        """Let go of what would close the session when this object ends; whether there was something."""
        finalizer = None if self._close is None else self._close.detach()
        if finalizer is None:
            return False
        _, tell, _, _ = finalizer
        tell(False)
        return True
