"""The verb `compile`: it reads the options, and chooses the class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, overload

from ... import api
from ...graph.graph import Graph
from ..executors import Where
from ..verbs.evaluate import Function, as_function
from .checked import Checked
from .compiled import Compiled, P, R


@overload
def compile(
    f: Graph, executor: Where | None = None, memory_limit: int | str | None = None, *, check: bool = False
) -> Compiled[..., Any]: ...
@overload
def compile(
    f: Callable[P, R],
    executor: Where | None = None,
    memory_limit: int | str | None = None,
    *,
    check: bool = False,
) -> Compiled[P, R]: ...
def compile(
    f: Function, executor: Where | None = None, memory_limit: int | str | None = None, *, check: bool = False
) -> Compiled[..., Any]:
    """A function traced once for each signature, and replayed.

    Arguments:
        f: any function: plain, or made by grad, value_and_grad, minibatch ... It must depend on its arguments only;
            arrays that it captures are copied when it is traced.
        executor: where to run; None for the one of `with use(...)`.
        memory_limit: bytes that the values may take at once, as a number or such as "1 GB", not counting arguments.
            Where it takes that, values are computed again in the reverse pass; results are the same, to the bit. It is
            kept by prediction, and for one task at a time: tasks that run side by side hold their values side by side.
        check: whether each call traces the function anew, and complains where what it captured has changed since or
            where it draws random numbers. Results are the same, and a call takes as long as one that is not compiled.
    Returns:
        a Compiled: call it like `f`; it has .graph(*args), .plan(*args) and .explain(*args).
    Errors:
        MemoryLimitError: when called, where the limit cannot be kept.
        StaleCaptureError: when called, with `check`.
    Example:
        >>> step = bp.compile(bp.value_and_grad(lambda w, x: np.sum((w * x) ** 2)))
        >>> step(2.0, np.ones(3))
        (12.0, 12.0)
    """
    limit = None if memory_limit is None else api.sizes.parse_bytes(memory_limit)
    return Checked(as_function(f), executor, limit) if check else Compiled(as_function(f), executor, limit)
