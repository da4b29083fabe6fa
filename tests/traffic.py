"""The bytes that the processes of a cluster send, counted where Dask sends them: nobody else's count among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from distributed.comm.tcp import TCP

import backprop as bp

_SENT: list[int] = []  # by this process, a message each


def sent_by(cluster: bp.Cluster, call: Callable[[], Any]) -> int:
    """The bytes that client, scheduler, nannies and workers send while something is called.

    Arguments:
        cluster: of processes that stay; client, scheduler and nannies are in this one.
        call: what is called.
    """
    before = _sent(cluster)
    call()
    return _sent(cluster) - before


def _sent(cluster: bp.Cluster) -> int:
    return sum(cluster.client.run(_sent_here).values()) + _sent_here()


def _sent_here() -> int:
    """The bytes that this process has sent since it was first asked."""
    if not hasattr(TCP.write, "counts"):
        TCP.write = _counting(TCP.write)
    return sum(_SENT)


def _counting(write: Any) -> Any:
    async def counted(comm: Any, *args: Any, **kwargs: Any) -> Any:
        nbytes = await write(comm, *args, **kwargs)
        _SENT.append(nbytes)
        return nbytes

    counted.counts = True  # type: ignore[attr-defined]
    return counted
