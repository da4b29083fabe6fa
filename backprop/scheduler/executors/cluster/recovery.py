"""What to do where a run on a cluster fails: try again, or raise one exception that says what was lost and what to do.

A pure decision over what Dask raised. Trying again is harmless, since a graph gives the same bits each time.

Source: distributed/client.py (FutureCancelledError), distributed/scheduler.py (KilledWorker).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import distributed
from distributed.client import ClosedClientError
from distributed.comm.core import CommClosedError

from ....errors import BackpropError, SchedulerLostError, WorkerLostError
from ....graph.graph import literal
from ...lower import task_of
from ...planning.plan import Plan, Task
from .membership.package import lacks_package, without_package
from .own import DEATHS

TRIES = DEATHS
"""Runs of a plan, at most, in which something that lay on a worker was lost."""

DATA = ("bp-const-", "bp-pick-")
"""How the keys of tasks begin that run no op."""

LOST = (distributed.CancelledError, CommClosedError, ClosedClientError, TimeoutError, OSError)
"""What Dask raises where data or a connection is lost."""


def decide(error: Exception, plan: Plan, tries: int, is_connected: bool, by_chance: bool = False) -> Exception | None:
    """The exception to raise; None where the plan is to be run again.

    Arguments:
        error: what a run raised.
        plan: the plan.
        tries: runs so far.
        is_connected: whether the client still has, or has again, its scheduler.
        by_chance: of a task that Dask blames, whether one of the workers had announced that it ends.
    """
    if isinstance(error, BackpropError) or hasattr(error, "__notes__"):  # what an op raised has a note of ours
        return error
    if isinstance(error, distributed.KilledWorker):
        is_innocent = by_chance or _is_data(error.task)
        return None if is_innocent and tries < TRIES else _killed(error, plan)
    if lacks_package(error):
        return without_package("a worker")
    if not isinstance(error, LOST) and not _was_forgotten(error):
        return error
    if not is_connected:
        return scheduler_gone()
    if tries < TRIES:
        return None
    return _ended(plan.tasks, f"in each of {tries} runs")


def _is_data(key: Any) -> bool:
    """Whether a task brings programs or hands data on, so that no worker ended by what it does."""
    return isinstance(key, tuple) and str(key[0]).startswith(DATA)


def was_by_chance(key: Any, events: Sequence[tuple[float, Any]]) -> bool:
    """Whether a worker that ended while it had a task had announced its end, and so did not end by the task.

    Dask counts the end of a worker's lifetime as the fault of its tasks where nobody was left to take what it held.

    Arguments:
        key: of the task.
        events: of the scheduler, under "all", with their times.
    """
    said = [event for _, event in events if isinstance(event, dict)]
    announced = {name for event in said for name in event.get("could-not-retire", ())}
    ended = [e for e in said if e.get("action") == "remove-worker" and not e.get("expected")]
    return any(e["worker"] in announced and key in e.get("processing-tasks", ()) for e in ended)


def scheduler_gone() -> SchedulerLostError:
    """The error of a scheduler that was lost and has not come back."""
    what = "the scheduler of the cluster is gone"
    return SchedulerLostError(what, fix="start it again, at the same address, and repeat the call")


def _was_forgotten(error: Exception) -> bool:
    """Whether a task asked for something that had been on a worker that is gone, or Dask for the worker."""
    return isinstance(error, KeyError) and any(part in str(error) for part in ("bp-", "://"))


def _killed(error: distributed.KilledWorker, plan: Plan) -> WorkerLostError:
    index = task_of(error.task)
    tasks = [plan.tasks[index]] if index is not None and index < len(plan.tasks) else plan.tasks
    return _ended(tasks, f"the last was {getattr(error.last_worker, 'address', error.last_worker)}")


def _ended(tasks: Sequence[Task], detail: str) -> WorkerLostError:
    """The error of ops in which workers end: those of the user's own, where there are any, are named first."""
    nodes = [node for task in tasks for node in task.body.nodes if node.op is not literal]
    suspects = [node for node in nodes if not node.op.is_built_in] or nodes
    names = ", ".join(dict.fromkeys([node.op.name for node in suspects]))
    where = next((node.source for node in suspects if node.source is not None), None)
    what = f"one worker after the other ended while it ran {names[:200]}; {detail}"
    fix = "it ends its process, or takes more memory than a worker has: look at the worker's log and memory limit"
    return WorkerLostError(what, where, fix)
