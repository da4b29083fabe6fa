"""A session: one client, who is in its cluster, and what lies there on our behalf."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import distributed
from dask.highlevelgraph import HighLevelGraph, MaterializedLayer

from ...lower import new_token
from .connection import Connection, connect
from .data.locating import Locating
from .data.store import Store
from .membership.members import Members
from .priority import Priority
from .resident.calls import Residents


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """What an executor holds of a cluster while it is connected.

    Arguments:
        connection: the client, and what is closed with it.
        members: the workers.
        store: what lies on them.
        locating: what is known of the values that lie there.
        span: the name under which Dask counts all runs; one for good, as each stays in the scheduler.
        residents: the runners that replay compiled plans.
    """

    connection: Connection
    members: Members
    store: Store
    locating: Locating
    span: str
    residents: Residents

    @property
    def client(self) -> Any:
        """The client."""
        return self.connection.client

    def submit(
        self, tasks: Mapping[Any, Any], keys: Sequence[Any], order: Priority, only: Sequence[str] | None = None
    ) -> dict[Any, Any]:
        """Futures of some keys of a Dask graph, by key.

        Arguments:
            tasks: the graph.
            keys: what is wanted of it.
            order: which task goes first.
            only: the workers to use; None for all that are used.
        """
        layer = MaterializedLayer(dict(tasks), annotations={"priority": order})
        graph = HighLevelGraph({"backprop": layer}, {"backprop": set()})
        chosen = self.members.chosen if only is None else only
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
        client = connection.client
        return Session(
            connection, members, Store(client), Locating(client), f"backprop-{new_token()}", Residents(client)
        )
