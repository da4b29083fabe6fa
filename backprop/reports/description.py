"""One description of a plan and of a run, as plain data: text, pages, traces and "what if" are made of it.

A call may run several plans, one after the other: those that answer the questions which steer the function, and the one
that gives the result. Their tasks stand in one list, in the order in which they may run; a task of a later plan starts
after all tasks of the earlier ones. Seconds are predicted, unless a field says that they were measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from .simulate import Load


class Line(NamedTuple):
    """A line of the user's code.

    Attributes:
        file: its path.
        number: counted from 1.
        function: the name of the function that it stands in.
    """

    file: str
    number: int
    function: str

    @property
    def place(self) -> str:
        """As in "model.py:41", with the path as Python knows it."""
        return f"{self.file}:{self.number}"


class Part(NamedTuple):
    """The nodes of a task that apply one op in one line, and in one direction.

    Attributes:
        op: the name of the op.
        line: the index of the line in the description; -1 for none.
        derivative: whether they compute derivatives.
        nodes: how many these are.
        seconds: of all of them, predicted.
        gil_s: of these seconds, those that hold the GIL.
        nbytes: of their results.
        measured: seconds that they took, run one after the other; -1 where that was not measured.
    """

    op: str
    line: int
    derivative: bool
    nodes: int
    seconds: float
    gil_s: float
    nbytes: int
    measured: float = -1.0


@dataclass(frozen=True, slots=True)
class TaskDescription:
    """A task.

    Arguments:
        name: its name, as on dashboards.
        plan: the index of its plan.
        before: indices of the tasks that it reads from.
        parts: what it does.
        out_bytes: of its results.
        peak_bytes: of the values inside of it that are alive at the same time, at most.
        measured: seconds that it took, the median of the runs; -1 where it was not measured.
    """

    name: str
    plan: int
    before: tuple[int, ...]
    parts: tuple[Part, ...]
    out_bytes: int
    peak_bytes: int
    measured: float = -1.0

    @property
    def predicted(self) -> float:
        """Seconds, predicted."""
        return sum([part.seconds for part in self.parts])

    @property
    def seconds(self) -> float:
        """Seconds that were measured, or where they were not, are predicted."""
        return self.measured if self.measured >= 0 else self.predicted

    @property
    def gil_share(self) -> float:
        """The share of the predicted seconds that holds the GIL."""
        predicted = self.predicted
        return sum([part.gil_s for part in self.parts]) / predicted if predicted else 0.0

    @property
    def derivative_share(self) -> float:
        """The share of the predicted seconds that derivatives take."""
        predicted = self.predicted
        return sum([part.seconds for part in self.parts if part.derivative]) / predicted if predicted else 0.0


class Interval(NamedTuple):
    """When a task ran.

    Attributes:
        task: its index.
        worker: the index of its worker.
        start, end: seconds since the call began.
        waited: of the seconds in between, those in which its thread did not run; 0 where nobody knows.
    """

    task: int
    worker: int
    start: float
    end: float
    waited: float = 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """A run that was measured: that of median length.

    Arguments:
        seconds: from the start of the call to its end.
        intervals: when each task ran.
        workers: the names of the threads, or of the processes and their threads.
        peak_bytes: taken in this process at the same time, what programs keep included; -1 where it was not measured.
        repeats: how many runs there were.
    """

    seconds: float
    intervals: tuple[Interval, ...]
    workers: tuple[str, ...]
    peak_bytes: int
    repeats: int

    @property
    def busy(self) -> float:
        """Seconds that all tasks took together."""
        return sum([interval.end - interval.start for interval in self.intervals])


class Scaling(NamedTuple):
    """What a number of workers would take.

    Attributes:
        kind: "threads" or "processes".
        workers: how many.
        seconds: predicted.
    """

    kind: str
    workers: int
    seconds: float


class Step(NamedTuple):
    """What one line does on the longest chain of ops.

    Attributes:
        line: the index of the line; -1 for none.
        derivative: whether it is the derivative of the line.
        seconds: predicted.
        ops: the names of the ops.
    """

    line: int
    derivative: bool
    seconds: float
    ops: tuple[str, ...]


@dataclass(frozen=True)
class Description:
    """A plan, or several that run one after the other, and a run of them where there was one.

    Arguments:
        executor: as it prints.
        kind: the name of its class.
        workers: how many tasks can run at once.
        shares_gil: whether all tasks run in one process.
        overhead: seconds that starting a task costs.
        plans: how many plans there are; all but the last answer questions that steer the function.
        lines: the user's lines.
        tasks: of all plans.
        chain: the longest chain of ops, in order, joined by line.
        input_bytes: of all arguments.
        host_pinned: names of ops that run in the thread that asks.
        scaling: what other numbers of workers would take.
        run: what was measured, if anything was.
        corrections: what earlier runs took, and how their plans were corrected by it.
    """

    executor: str
    kind: str
    workers: int
    shares_gil: bool
    overhead: float
    plans: int
    lines: tuple[Line, ...]
    tasks: tuple[TaskDescription, ...]
    chain: tuple[Step, ...]
    input_bytes: int
    host_pinned: tuple[str, ...]
    scaling: tuple[Scaling, ...] = ()
    run: Run | None = None
    corrections: tuple[str, ...] = ()

    @property
    def nodes(self) -> int:
        """How many nodes all tasks have."""
        return sum([part.nodes for task in self.tasks for part in task.parts])

    @cached_property
    def work(self) -> float:
        """Seconds of all tasks together, predicted: T1."""
        return sum([task.predicted for task in self.tasks])

    @cached_property
    def longest(self) -> tuple[int, ...]:
        """The tasks of the critical path: those that take longest one after the other, in order."""
        return critical_path([task.predicted for task in self.tasks], self.needed)

    @cached_property
    def needed(self) -> list[tuple[int, ...]]:
        """For each task, those that must have ended before it starts; one that reads none waits for earlier plans."""
        return needed_of(self.tasks)

    @property
    def span(self) -> float:
        """Seconds of the critical path, predicted: what is left of this plan with any number of workers, Tinf."""
        return sum([self.tasks[k].predicted for k in self.longest])

    @property
    def burdened_span(self) -> float:
        """The span with what starting each of its tasks costs."""
        return self.span + self.overhead * len(self.longest)

    @property
    def chain_s(self) -> float:
        """Seconds of the longest chain of ops: the span of the graph, however it is cut."""
        return sum([step.seconds for step in self.chain])

    @property
    def gil_share(self) -> float:
        """The share of the work that holds the GIL."""
        held = sum([part.gil_s for task in self.tasks for part in task.parts])
        return held / self.work if self.work else 0.0

    def loads(self, seconds: list[float] | None = None) -> list[Load]:
        """The tasks as a simulation takes them.

        Arguments:
            seconds: of each task; None for what was measured, or else predicted.
        """
        times = [task.seconds for task in self.tasks] if seconds is None else seconds
        return [
            Load(time, task.gil_share if self.shares_gil else 0.0, needed)
            for time, task, needed in zip(times, self.tasks, self.needed, strict=True)
        ]

    def line(self, index: int) -> str:
        """A line by its index, as in "model.py:41"."""
        return self.lines[index].place if index >= 0 else "(no line)"


def critical_path(seconds: list[float], needed: list[tuple[int, ...]]) -> tuple[int, ...]:
    """The tasks that take longest one after the other, in order.

    Arguments:
        seconds: of each task.
        needed: for each, which tasks must have ended before.
    """
    ends: list[float] = []
    last: list[int] = []
    for own, before in zip(seconds, needed, strict=True):
        previous = max(before, key=ends.__getitem__, default=-1)
        ends.append(own + (ends[previous] if previous >= 0 else 0.0))
        last.append(previous)
    path: list[int] = []
    at = max(range(len(ends)), key=ends.__getitem__, default=-1)
    while at >= 0:
        path.append(at)
        at = last[at]
    return tuple(reversed(path))


def needed_of(tasks: tuple[TaskDescription, ...]) -> list[tuple[int, ...]]:
    """For each task, those that must have ended before it starts; a task without any waits for the earlier plans."""
    needed: list[tuple[int, ...]] = []
    finals: tuple[int, ...] = ()  # the tasks of the plan before, none of whose results is read in that plan
    for plan in range(tasks[-1].plan + 1 if tasks else 0):
        own = [k for k, task in enumerate(tasks) if task.plan == plan]
        read = {t for k in own for t in tasks[k].before}
        needed += [tasks[k].before or finals for k in own]
        finals = tuple([k for k in own if k not in read]) or finals
    return needed
