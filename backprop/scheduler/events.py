"""What happened while a plan ran: events, and the recorder that keeps them.

A Recorder is handed to an executor; it takes events from any thread. On a cluster, workers send the times along with
the results, in seconds of the worker's own clock. Events are tuples, which cost the least to make: they are made within
the time that is measured.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias


class TaskStarted(NamedTuple):
    """A task began.

    Attributes:
        task: its index in the plan.
        name: its name.
        worker: the thread or process it runs in.
        at: seconds of a monotonic clock (`time.perf_counter`).
    """

    task: int
    name: str
    worker: str
    at: float


class TaskFinished(NamedTuple):
    """A task ended, well or with an exception.

    Attributes:
        task: its index in the plan.
        name: its name.
        worker: the thread or process it ran in.
        at: seconds of a monotonic clock (`time.perf_counter`).
        seconds: that it took.
        error: the class of its exception, "" for none.
        waited: of these seconds, those in which its thread did not run: for the GIL, for a core, for a device. 0 where
            nobody knows, as on a cluster.
    """

    task: int
    name: str
    worker: str
    at: float
    seconds: float
    error: str = ""
    waited: float = 0.0


Event: TypeAlias = TaskStarted | TaskFinished


class Recorder:
    """Keeps the events of one or more runs, in the order in which they came in.

    A pickled executor takes a copy of its recorder along, which has the events until then.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._events = list(events)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.events,)

    def record(self, event: Event) -> None:
        """Keep an event; any thread may call this, as each step here is one of the interpreter's."""
        self._events.append(event)

    @property
    def events(self) -> tuple[Event, ...]:
        """What was recorded until now."""
        return tuple(self._events)

    @property
    def finished(self) -> tuple[TaskFinished, ...]:
        """The TaskFinished among the events."""
        return tuple(event for event in self.events if isinstance(event, TaskFinished))

    def clear(self) -> None:
        """Forget all events."""
        self._events.clear()
