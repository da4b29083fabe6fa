"""Who is in a cluster: the workers that are there now, their threads, and their fingerprints.

Workers join and leave, so the list is asked for anew where it is older than a moment, and each worker that was not seen
before is asked for its fingerprint once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from dask.utils import format_bytes

from .....errors import ArgumentError, UnlikeWorkersError
from ..own import KEEP_MEMORY
from .fingerprint import Fingerprint, fingerprint, largest_group
from .package import lacks_package, without_package
from .width import width

MOMENT = 1.0
"""Seconds for which the list of workers is believed."""

ADVICE = "set OPENBLAS_CORETYPE and NPY_DISABLE_CPU_FEATURES alike on all workers, and install the same versions"


def workers_of(client: Any) -> dict[str, Any]:
    """What Dask says of each worker, by its address; of all of them, as its own default are five.

    Arguments:
        client: of the cluster.
    """
    return dict(client.scheduler_info(n_workers=-1)["workers"])


class Members:
    """The workers of a cluster.

    Arguments:
        client: of the cluster.
        unlike: "error" where workers that give different bits are refused, "group" where the largest group is used.
    Errors:
        ArgumentError: another word for `unlike`.
    """

    def __init__(self, client: Any, unlike: str) -> None:
        if unlike not in ("error", "group"):
            raise ArgumentError(f"unlike={unlike!r} is unknown", "unlike", 'use "error" or "group"')
        self._client = client
        self._unlike = unlike
        self._asked = float("-inf")
        self._threads: Mapping[str, int] = {}
        self._found: dict[str, Fingerprint] = {}
        self._left_out: set[str] = set()

    def leave_out(self, address: str) -> None:
        """Use a worker no more, whatever its fingerprint says."""
        self._left_out.add(address)

    def refresh(self) -> None:
        """Ask who is there, and new workers for their fingerprints.

        Errors:
            UnlikeWorkersError: workers that give different bits, unless the largest group is to be used.
            ClusterError: a worker lacks this package.
        """
        if time.monotonic() - self._asked < MOMENT:
            return
        self._threads = self._client.nthreads()
        new = [address for address in self._threads if address not in self._found]
        if new:
            told = self._client.run(fingerprint, workers=new, on_error="return")
            _check_package(told)
            self._found.update({address: f for address, f in told.items() if isinstance(f, Fingerprint)})
        self._asked = time.monotonic()
        self._check()

    def forget(self) -> None:
        """Believe the list of workers no longer."""
        self._asked = float("-inf")

    @property
    def threads(self) -> Mapping[str, int]:
        """The threads of each worker that is used."""
        chosen = self.chosen
        return {a: n for a, n in sorted(self._threads.items()) if chosen is None or a in chosen}

    def _present(self) -> dict[str, Fingerprint]:
        left = self._left_out
        return {address: f for address, f in self._found.items() if address in self._threads and address not in left}

    def _check(self) -> None:
        group, present = largest_group(self._present()), self._present()
        apart = [address for address in present if address not in group]
        if self._unlike == "error" and apart:
            what = present[group[0]].differences(present[apart[0]])
            message = f"the workers {group[0]} and {apart[0]} give different bits: {what}"
            raise UnlikeWorkersError(message, fix=f'{ADVICE}; or use Cluster(..., unlike="group")')

    @property
    def width(self) -> int:
        """How many tasks can run at once."""
        return width(self.threads, getattr(self._client, "cluster", None))

    @property
    def count(self) -> int:
        """The number of workers."""
        return len(self._threads)

    @property
    def chosen(self) -> tuple[str, ...] | None:
        """The workers that are used; None for all."""
        present = self._present()
        group = largest_group(present)
        return group if len(group) < len(present) or self._left_out else None

    @property
    def used(self) -> tuple[str, ...]:
        """The addresses of the workers that are used."""
        return tuple(self._threads) if self.chosen is None else self.chosen

    @property
    def idle(self) -> tuple[str, ...]:
        """Those of them that have nothing to do."""
        busy = {worker for worker, keys in self._client.processing().items() if keys}
        return tuple([address for address in self.used if address not in busy])

    def status(self) -> list[dict[str, Any]]:
        """For each worker its name, threads, bytes of memory used and allowed, and tasks that it has."""
        told, tasks = workers_of(self._client), self._client.processing()
        return [
            {
                "name": address,
                "threads": worker["nthreads"],
                "memory": worker["metrics"].get("memory"),
                "limit": worker["memory_limit"],
                "tasks": len(tasks.get(address, ())),
            }
            for address, worker in told.items()
        ]

    @property
    def memory(self) -> int:
        """Bytes that a thread of a worker has, at least; a gigabyte where workers have no limit."""
        workers = workers_of(self._client).values()
        return min([w["memory_limit"] // w["nthreads"] for w in workers if w["memory_limit"]], default=1 << 30)

    def are_like_this_process(self) -> bool:
        """Whether this process gives the bits that the workers give."""
        present = self._present()
        group = largest_group(present)
        return bool(group) and present[group[0]].digests == _own().digests

    def describe(self) -> str:
        """The workers as text: threads, memory, groups of equal bits, and a setting that makes them slow."""
        told = self._client.run(_settings, on_error="return")
        groups: dict[tuple[tuple[str, str], ...], int] = {}
        info = workers_of(self._client)
        lines = [f"{len(info)} workers"]
        for address, worker in info.items():
            known = self._found.get(address)
            group = groups.setdefault(known.digests, len(groups) + 1) if known is not None else "unknown"
            kernels = ", ".join(known.kernels) if known is not None else "unknown"
            memory = format_bytes(worker["memory_limit"])
            lines.append(f"  {address}: {worker['nthreads']} threads, {memory}, bits of group {group}, BLAS {kernels}")
            if isinstance(told.get(address), str) and told[address]:
                lines.append(f"    {told[address]}")
        return "\n".join(lines)


def _check_package(told: Mapping[str, Any]) -> None:
    """Raise where a worker could not even say what it is."""
    for address, answer in told.items():
        if isinstance(answer, BaseException) and lacks_package(answer):
            raise without_package(f"the worker {address}") from answer


@cache
def _own() -> Fingerprint:
    return fingerprint()


def _settings() -> str:
    """Of the process that runs it: what its allocator's setting costs; nothing where that is as it should be."""
    name = "MALLOC_TRIM_THRESHOLD_"
    value = os.environ.get(name, "")
    if not value.isdigit() or int(value) >= int(KEEP_MEMORY[name]):
        return ""
    return (
        f"{name}={value} gives freed memory back, which made gradients 1.38 times slower; set it to {KEEP_MEMORY[name]}"
    )
