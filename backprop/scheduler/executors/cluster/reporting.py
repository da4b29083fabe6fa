"""What tasks have told of themselves, passed on: warnings to the caller, times to the recorder."""

from __future__ import annotations

from collections.abc import Sequence

from ...events import Recorder, TaskFinished, TaskStarted
from ...planning.plan import Plan
from .remote import Report, warn_again


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
