"""The client that a cluster executor talks through: the user's own, one for an address, or one of a cluster of ours."""

from __future__ import annotations

import reprlib
import threading
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import distributed
from distributed.deploy.cluster import Cluster as Deployment
from distributed.security import Security

from ....errors import ArgumentError
from ...machine.cores import usable_cores
from ...patience.waiting import told_of
from .own import kill, mend, start

ENDING = 10.0
"""Seconds that a client or a cluster has to end."""


@dataclass(frozen=True, slots=True, eq=False)
class Connection:
    """A client, and what has to be closed with it.

    Arguments:
        client: the client.
        owned: what this package opened, in the order in which it is closed.
    """

    client: Any
    owned: tuple[Any, ...] = ()

    def close(self) -> None:
        """Close what this package opened; workers that do not end within a while are killed."""
        for each in self.owned:
            try:
                each.close(timeout=ENDING)
            except TimeoutError:
                kill(each)

    def let_go(self) -> None:
        """Close, from another thread where the one that asks is Dask's own."""
        if self.owned and self.client.asynchronous:
            threading.Thread(target=self.close, name=closing(self.client), daemon=True).start()
        else:
            self.close()

    def closer(self) -> SimpleQueue[bool]:
        """What a thread waits at that closes this when it is told so, or ends: the garbage collector may tell it.

        It comes in the middle of anything, where neither may be waited for Dask nor a thread be started: the thread
        that it stopped may hold a lock that either needs.
        """
        bell: SimpleQueue[bool] = SimpleQueue()
        threading.Thread(target=_close_when_told, args=(self, bell), name=closing(self.client), daemon=True).start()
        return bell

    def mend(self) -> None:
        """Start workers of a cluster of our own in the place of those that Dask has given up on; returns at once."""
        for each in self.owned:
            if isinstance(each, distributed.LocalCluster):
                mend(each)


def closing(client: Any) -> str:
    """The name of the thread that closes a client."""
    return f"backprop-close {client.id}"


def _close_when_told(connection: Connection, bell: SimpleQueue[bool]) -> None:
    if bell.get():
        connection.close()


def connect(
    where: Any, n_workers: int | None, processes: bool, security: Any, timeout: float | None = None
) -> Connection:
    """The connection that the arguments of an executor ask for.

    Arguments:
        where: a `distributed.Client`, a cluster object of Dask, the address of a scheduler, or None for a new cluster.
        n_workers: of a new cluster; None for one a core.
        processes: of a new cluster, whether its workers are processes.
        security: a `distributed.Security`, "temporary" for certificates made now, False for none; None takes
            "temporary" for a new cluster and none for an address.
        timeout: seconds that the scheduler at an address has to answer; None for what Dask's settings say.
    Errors:
        ArgumentError: arguments that do not go together, a client that cannot be used.
        ClusterError: the workers of a new cluster do not start.
    """
    if where is None:
        return _started(_number(n_workers), processes, _security("temporary" if security is None else security))
    if n_workers is not None:
        what = "n_workers is for a cluster of its own, and this executor was given one"
        raise ArgumentError(what, "n_workers", "leave it out, or scale the given cluster: cluster.scale(n)")
    if isinstance(where, distributed.Client):
        return Connection(_usable(where))
    if isinstance(where, str) and where.startswith("tls://") and _security(security) is None:
        _check_certificates()
    if isinstance(where, str | Deployment):
        given = {} if timeout is None else {"timeout": timeout}
        with told_of(f"connecting to {where}"):
            client = distributed.Client(where, security=_security(security), set_as_default=False, **given)  # type: ignore[no-untyped-call]
        return Connection(client, (client,))
    what = f"{reprlib.repr(where)} is no Dask cluster"
    fix = "give a distributed.Client, an address such as 'tcp://host:8786', or nothing; how many workers is n_workers="
    raise ArgumentError(what, "client", fix)


def _number(n_workers: int | None) -> int:
    if n_workers is None:
        return usable_cores()
    if isinstance(n_workers, bool) or not isinstance(n_workers, int) or n_workers < 1:
        raise ArgumentError(f"a cluster cannot have {n_workers!r} workers", "n_workers", "use an integer, 1 or more")
    return n_workers


def _security(wanted: Any) -> Security | None:
    if wanted is None or wanted is False:
        return None
    if wanted is True or wanted == "temporary":
        return Security.temporary()  # type: ignore[no-untyped-call, no-any-return]
    if isinstance(wanted, Security):
        return wanted
    fix = 'use a distributed.Security, "temporary", or False'
    raise ArgumentError(f"{wanted!r} is no security setting", "security", fix)


def _check_certificates() -> None:
    """Raise where Dask's configuration has no certificates for an address that asks for them."""
    if Security().get_connection_args("client").get("ssl_context") is None:  # type: ignore[no-untyped-call]
        what = "the address asks for TLS, and no certificates are known"
        fix = "give security=, such as that of another executor, or set distributed.comm.tls in Dask's configuration"
        raise ArgumentError(what, "security", fix)


def _usable(client: Any) -> Any:
    if client._asynchronous:  # `asynchronous` itself is false where another thread asks
        what = "an asynchronous Client cannot be waited for"
        raise ArgumentError(what, "client", "make one with Client(...), without asynchronous=True")
    if client.status != "running":
        what = f"the Client is {client.status}"
        raise ArgumentError(what, "client", "make a new Client, or keep its `with` block open")
    return client


def _started(n_workers: int, processes: bool, security: Security | None) -> Connection:
    cluster = start(n_workers, processes, security)
    # What is sent and gathered does not go through the scheduler, which would send all of it once more.
    client = distributed.Client(cluster, set_as_default=False, direct_to_workers=True)  # type: ignore[no-untyped-call]
    return Connection(client, (client, cluster))
