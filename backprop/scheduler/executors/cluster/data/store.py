"""What lies on the workers of a cluster on this client's behalf, by content: programs and large arguments.

A program is the result of a task, so that Dask makes it again where its worker is lost. An array is sent ahead, and
sent again by `forget` and the next run where its worker is lost, since the caller still has it. What was used longest
ago is let go where all of it is more than a limit. `forget` also gives programs new keys: for as long as Dask knows a
key, it adds up the workers that ended while they had its task, and so at last blames a program that many runs share.

Limits: to know an array by its content it is hashed at each call, by XXH3 at the speed of memory. That is no
cryptographic hash: who can choose arrays for it to collide can already run code on the cluster.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np
import xxhash
from dask.task_spec import Task as DaskTask
from distributed.protocol import pickle

from .....ops.core.cache import cached
from ....lower import Key, new_token
from ....planning.plan import Plan
from ..remote import Program

Digest: TypeAlias = str

LIMIT = 1 << 30
"""Bytes that the store keeps on the workers of a cluster."""

INLINE = 1 << 22
"""Bytes up to which arguments that were not seen before travel inside a graph, which saves a round trip."""


class Store:
    """Values on the workers of a cluster, by content.

    Arguments:
        client: of the cluster.
        limit: bytes to keep there.
    """

    def __init__(self, client: Any, limit: int = LIMIT) -> None:
        self._client = client
        self._limit = limit
        self._lock = threading.RLock()
        self._held: OrderedDict[Digest, tuple[Any, int]] = OrderedDict()  # with its bytes
        self._seen: OrderedDict[Digest, None] = OrderedDict()
        self._generation = ""

    def arrays(self, arrays: Mapping[Any, np.ndarray[Any, Any]]) -> dict[Any, Any]:
        """What stands for each array: a future of one that lies on the workers, or the array itself.

        Arguments:
            arrays: C-contiguous, by anything.
        Returns:
            a Future, or an array that is to travel inside the graph: one that is new, where all of these are small.
        """
        digests = {name: digest_of(array) for name, array in arrays.items()}
        with self._lock:
            new = {d: arrays[name] for name, d in digests.items() if d not in self._held}
            if sum(array.nbytes for array in new.values()) <= INLINE:
                new = {d: array for d, array in new.items() if d in self._seen}
            self._note(digests.values())
        if new:
            futures = self._client.scatter(list(new.values()), hash=False)
            self._hold({d: (future, a.nbytes) for (d, a), future in zip(new.items(), futures, strict=True)})
        with self._lock:
            return {name: self._held.get(d, (arrays[name], 0))[0] for name, d in digests.items()}

    def programs(self, bodies: Sequence[tuple[bytes, str]]) -> tuple[list[Key], dict[Key, DaskTask]]:
        """The keys of programs, and the tasks that make those which are not there yet.

        Arguments:
            bodies: the pickled graph and the name of each.
        """
        with self._lock:
            keys: list[Key] = [(f"bp-const-{_hashed(body)}{self._generation}", 0) for body, _ in bodies]
            new = {
                key: DaskTask(key, Program, body, name)
                for key, (body, name) in zip(keys, bodies, strict=True)
                if key[0] not in self._held
            }
            for key in keys:
                self._touch(key[0])
        return keys, new

    def hold_programs(self, futures: Mapping[Key, Any], nbytes: Mapping[Key, int]) -> None:
        """Keep the futures of programs, so that Dask keeps the programs."""
        self._hold({key[0]: (future, nbytes[key]) for key, future in futures.items()})

    def forget(self) -> None:
        """Let go of everything, as some of it was lost; what is needed is sent anew, under other keys."""
        with self._lock:
            self._generation = f"-{new_token()}"
            gone, self._held = self._held, OrderedDict()
        gone.clear()

    @property
    def nbytes(self) -> int:
        """The bytes that are kept on the workers."""
        with self._lock:
            return sum(nbytes for _, nbytes in list(self._held.values()))

    def _hold(self, new: Mapping[Digest, tuple[Any, int]]) -> None:
        with self._lock:
            self._held.update(new)
            total = sum(nbytes for _, nbytes in list(self._held.values()))
            gone = []  # what Dask does to let go of a future is done outside of the lock
            with suppress(KeyError):  # all was forgotten meanwhile, by the end of something that the collector found
                while total > self._limit and len(self._held) > len(new):
                    _, (future, nbytes) = self._held.popitem(last=False)
                    gone.append(future)
                    total -= nbytes
        gone.clear()

    def _touch(self, digest: Digest) -> None:
        """Make something the newest, if it is held."""
        held = self._held.pop(digest, None)
        if held is not None:
            self._held[digest] = held

    def _note(self, digests: Any) -> None:
        for digest in digests:
            self._seen.pop(digest, None)
            self._seen[digest] = None
            self._touch(digest)
        while len(self._seen) > 4096:
            self._seen.popitem(last=False)


def digest_of(array: np.ndarray[Any, Any]) -> Digest:
    """A digest of an array's dtype, shape and bytes."""
    digest = xxhash.xxh3_128(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _hashed(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()


@cached()
def bodies(plan: Plan) -> tuple[tuple[bytes, str], ...]:
    """The pickled body and the name of each task of a plan."""
    return tuple((pickle.dumps(task.body), task.name) for task in plan.tasks)  # type: ignore[no-untyped-call]
