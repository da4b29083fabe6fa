"""debug: where the first NaN came from, and what a compiled function goes on with although it has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import Source, StaleCaptureError
from ...graph.graph import Graph
from ...graph.handle import fetched
from ...graph.tracing.memory.guard import same_bits
from ...scheduler.entry import entered
from ...scheduler.executors.base import AbstractExecutor
from ...scheduler.executors.telling import Way
from ...scheduler.planning.plan import Plan
from ..watching import Kept, Observer, observed, observer
from .not_finite import found_in, not_finite


@contextmanager
def debug(*, nans: bool = True, stale: bool = True) -> Iterator[None]:
    """Look for numerical trouble in what runs in a `with` block.

    Results are the same. A computation with a NaN or an infinity in its result runs once more, node by node in this
    process, to find who made it; with `stale`, each call of a compiled function is traced anew.

    Arguments:
        nans: whether a result that is not finite is an error, which names the op that made the first NaN or infinity
            that reaches the result, forward or in the derivative, its operands, and your line. Of an op that holds
            functions, as scan does, it names the op.
        stale: whether a compiled function whose captured arrays or numbers have changed since it was compiled is an
            error. `compile(f, check=True)` says so as well, and names what changed.
    Errors:
        NotFiniteError: raised by the call in the block, a FloatingPointError.
        StaleCaptureError: raised by the call of a compiled function, a RuntimeError.
    Example:
        >>> with bp.debug():
        ...     bp.grad(lambda x: np.sum(np.sqrt(x)))(np.zeros(2))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        backprop.errors.NotFiniteError: ...
    """
    with observed(_Debugger(nans, stale, observer())):
        yield


@dataclass(frozen=True, slots=True)
class _Debugger:
    """Looks at what runs, and passes it on to who was told before."""

    nans: bool
    stale: bool
    further: Observer | None

    def run(
        self, way: Way, graph: Graph, plan: Plan, values: Sequence[Any], executor: AbstractExecutor
    ) -> Sequence[Any]:
        """See Observer."""
        if self.further is None:
            results = way(executor, plan, values)
        else:
            results = self.further.run(way, graph, plan, values, executor)
        if self.nans and any(map(found_in, fetched(results))):
            error = not_finite(graph, entered(plan, fetched(values)))
            if error is not None:
                raise error
        return results

    def replaying(self, name: str, kept: Kept, retraced: Callable[[], Kept]) -> None:
        """See Observer."""
        if self.further is not None:
            self.further.replaying(name, kept, retraced)
        if self.stale:
            now = retraced()
            if not _same(kept, now):
                raise StaleCaptureError(
                    f"what {name} reads besides its arguments has changed since it was compiled, and the compiled "
                    "function goes on with the old value",
                    _line(kept, now),
                    "pass what changes as an argument; compile(f, check=True) says what it is called",
                )


def _same(kept: Kept, now: Kept) -> bool:
    return kept.graph == now.graph and all(map(_same_value, kept.constants.values(), now.constants.values()))


def _same_value(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return same_bits(one, other)
    return type(one) is type(other) and bool(np.all(one == other))


def _line(kept: Kept, now: Kept) -> Source | None:
    """The line of the first node that reads a captured value which has changed, or that is another one."""
    for (i, one), other in zip(kept.constants.items(), now.constants.values(), strict=False):
        if not _same_value(one, other) and i in now.start:
            place = now.start.index(i)
            return next((node.source for node in now.graph.nodes if place in node.inputs), None)
    pairs = zip(kept.graph.nodes, now.graph.nodes, strict=False)
    return next((new.source for old, new in pairs if old[:3] != new[:3]), None)
