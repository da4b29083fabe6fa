"""What tasks tell of themselves, passed on: warnings to the caller, times to the recorder, counts to a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from ...events import Recorder, TaskFinished, TaskStarted
from ...patience.waiting import Told, told_of
from ...planning.plan import Plan
from .recovery import LOST
from .remote import Report, warn_again
from .runs import done_of

LOOK = 1.0
"""Seconds between two looks at how far a run is."""


def pass_on(plan: Plan, told: Sequence[Sequence[Report]], recorder: Recorder | None) -> None:
    """Pass on what the tasks of a run have told.

    Arguments:
        plan: what ran.
        told: reports, some of them more than once.
        recorder: takes the times.
    """
    reports = {report.task: report for each in told for report in each}
    warn_again([reports[task] for task in sorted(reports)])
    if recorder is not None:
        for task in sorted(reports):
            report, name = reports[task], plan.tasks[task].name
            recorder.record(TaskStarted(task, name, report.worker, report.start))
            recorder.record(TaskFinished(task, name, report.worker, report.end, report.end - report.start))


@contextmanager
def told_of_run(client: Any, what: str, total: int, run: str) -> Iterator[None]:
    """Tell a user at a terminal how many tasks of a run are done; where nobody listens, nobody is asked.

    Arguments:
        client: of the cluster.
        what: is being waited for.
        total: its tasks.
        run: its name.
    """
    with told_of(what, total=total) as told:
        if not told.listens:
            yield
            return
        asking = asyncio.run_coroutine_threadsafe(_follow(client, told, run), client.loop.asyncio_loop)
        try:
            yield
        finally:
            asking.cancel()


async def _follow(client: Any, told: Told, run: str) -> None:
    """Ask workers again and again how many tasks of a run they have done, until this is cancelled."""
    while True:
        await asyncio.sleep(LOOK)
        with suppress(*LOST):
            answers = await client.run(done_of, run, on_error="ignore")
            told.reach(sum(dict(answers.values()).values()))
