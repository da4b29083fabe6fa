"""What an executor is: something that runs a plan on values, with the same bits and the same errors as any other.

All of them run the same compiled programs on the same layout: values are made C-contiguous at entry, and checked
against the types that the plan was made for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, ClassVar, Self, TypeAlias

from ...graph.graph import Graph
from .. import executors
from ..events import Recorder
from ..machine.cost import Machine
from ..machine.profile import this_machine
from ..planning.plan import Plan
from ..planning.target import Target
from . import by_dask

Replayed: TypeAlias = Callable[[Any, Sequence[Any]], Sequence[Any]]
"""(the executor, values) -> results; the executor is of the class that made this."""


class AbstractExecutor(ABC):
    """Base of the executors; each is a context manager that closes what it has opened.

    Arguments:
        workers: how many tasks can run at once.
        overhead: seconds that starting a task costs; what takes less is no task of its own.
        blas_threads: the threads of BLAS in a task; None leaves what the user has set, and gives up equal bits.
        recorder: takes the events of each run.
    Example:
        >>> isinstance(bp.Threads(2), bp.AbstractExecutor)
        True
    """

    shares_gil = True
    """Whether all tasks run in one process."""
    is_measured = False
    """Whether tasks run in this process, and tell a recorder: what they take here corrects plans, and is told of."""
    words: ClassVar[tuple[str, ...]] = ()
    """What means an executor of this class where one is asked for; capitals stand for what the user puts there."""

    @classmethod
    def arguments_for(cls, where: object) -> Mapping[str, Any] | None:
        """The arguments of the executor of this class that something means; None where it means none of this class.

        Arguments:
            where: whatever the user gave as an executor: a word, an address, an object.
        """
        return {} if isinstance(where, str) and where in cls.words and where.islower() else None

    def __init__(
        self, workers: int, overhead: float, blas_threads: int | None = 1, recorder: Recorder | None = None
    ) -> None:
        self._target = Target(workers, overhead, this_machine().machine, self.shares_gil)
        self.blas_threads = blas_threads
        self.recorder = recorder

    @abstractmethod
    def run(self, plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
        """The results of a plan.

        Arguments:
            plan: the plan.
            values: a value for each input, of its type.
        Returns:
            a value for each output; arrays are C-contiguous, and may share memory with inputs and each other.
        Errors:
            PlanError: a value that does not fit its type.
            Exception: what an op raised, with a note that names the op, the user's line and the task.
        """

    def located(self, values: Sequence[Any]) -> list[Any]:
        """What stands for values of Dask in a call.

        Arguments:
            values: futures, delayed objects, and dask arrays.
        Returns:
            for each a value, nested or not, whose leaves may be handles; for a dask array the Chunks along its first
            axis.
        """
        return by_dask.fetching.fetch_all(values)

    @property
    def answers_at_once(self) -> bool:
        """Whether a graph that is new may run in the thread that asks, without a plan."""
        return False

    @property
    def target(self) -> Target:
        """What decides how graphs are cut for this executor, as it is now."""
        return self._target

    @property
    def workers(self) -> int:
        """How many tasks can run at once."""
        return self.target.workers

    @property
    def overhead(self) -> float:
        """Seconds that starting a task costs."""
        return self._target.overhead

    @property
    def machine(self) -> Machine:
        """The rates that costs are estimated with."""
        return self._target.machine

    def fitted(self, plan: Plan, values: Sequence[Any]) -> Plan:
        """A plan in the tasks that it runs in for some values.

        Arguments:
            plan: the plan.
            values: a value or a handle for each input.
        Returns:
            a plan of the same results, to the bit.
        """
        return plan

    def replayed(self, plan: Plan) -> Replayed:
        """A plan as something to call again and again, which keeps no executor alive.

        Arguments:
            plan: the plan.
        Returns:
            (this executor, values that are known to fit and to be C-contiguous) -> results.
        """
        return lambda executor, values: executor.run(plan, values)

    def bound(self, plan: Plan) -> Callable[[Sequence[Any]], Sequence[Any]]:
        """A plan on this executor as something to call with values that are known to fit and to be C-contiguous."""
        return partial(self.replayed(plan), self)

    def recording(self, recorder: Recorder) -> AbstractExecutor:
        """This executor, with the same threads or the same connection, telling a recorder of each run.

        Arguments:
            recorder: takes the events.
        """
        twin = object.__new__(type(self))
        vars(twin).update(vars(self))
        twin.recorder = recorder
        return twin

    def prepare(self, graph: Graph) -> Plan:
        """The plan of a graph for this executor, from a cache by the graph's content, its lines, and the target.

        Arguments:
            graph: the graph.
        Returns:
            its verified plan.
        """
        return executors.prepared(graph, self.target)

    @property
    def closed(self) -> bool:
        """Whether it was closed, and runs nothing any more."""
        return False

    def close(self) -> None:  # noqa: B027 - nothing is to be closed for most
        """Close what this executor has opened."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.workers})"


def number_in(where: object, name: str) -> int | None:
    """The number N, 1 or more, of the word `name:N`; None for anything else."""
    head, _, count = where.partition(":") if isinstance(where, str) else ("", "", "")
    counted = head == name and count.isascii() and count.isdigit() and int(count) > 0
    return int(count) if counted else None
