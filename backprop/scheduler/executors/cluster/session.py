"""A session: one client, who is in its cluster, and what lies there on our behalf."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import distributed
from dask.highlevelgraph import HighLevelGraph, MaterializedLayer

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

    def open(self) -> Session:
        """A session, its workers looked at."""
        connection = connect(self.where, self.n_workers, self.processes, self.security)
        try:
            members = Members(connection.client, self.unlike)
            members.refresh()
        except BaseException:
            connection.close()
            raise
        client, places = connection.client, Places(connection.client)
        span, residents = f"backprop-{new_token()}", Residents(client, places)
        return Session(connection, members, Store(client), Locating(client), span, places, residents)
