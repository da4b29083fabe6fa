"""The description as JSON, for other programs: `schema.json` beside this file says what stands in it.

Tasks, parts and intervals are arrays of arrays, their fields named once, so that 20,000 tasks take a few megabytes.
"""

from __future__ import annotations

from typing import Any

from ..advice import advice, parallelism
from ..description import Description, Interval, Line, Part, Scaling, Step
from ..simulate import simulate
from ..waits import spent

VERSION = 1
"""Of the document; a field that changes its meaning raises it, one that is added does not."""

TASK = ("name", "plan", "before", "parts", "out_bytes", "peak_bytes", "predicted", "measured")


def document(description: Description) -> dict[str, Any]:
    """The description as what JSON has: dicts, lists, numbers and strings; times in seconds, sizes in bytes."""
    return {
        "version": VERSION,
        "executor": description.executor,
        "kind": description.kind,
        "workers": description.workers,
        "shares_gil": description.shares_gil,
        "overhead": description.overhead,
        "plans": description.plans,
        "nodes": description.nodes,
        "work": description.work,
        "span": description.span,
        "burdened_span": description.burdened_span,
        "chain_seconds": description.chain_s,
        "parallelism": parallelism(description),
        "gil_share": description.gil_share,
        "input_bytes": description.input_bytes,
        "host_pinned": list(description.host_pinned),
        "corrections": list(description.corrections),
        "advice": advice(description),
        "lines": _table(Line._fields, description.lines),
        "tasks": _tasks(description),
        "critical_path": list(description.longest),
        "chain": _table(Step._fields, description.chain),
        "scaling": _table(Scaling._fields, description.scaling),
        "timeline": _table(Interval._fields, timeline(description)),
        "run": _run(description),
    }


def timeline(description: Description) -> tuple[Interval, ...]:
    """When each task ran; or would run, as predicted, where there was no run."""
    if description.run is not None:
        return description.run.intervals
    played = simulate(description.loads(), description.workers, description.overhead)
    return tuple(sorted([Interval(*one) for one in played], key=lambda interval: interval.start))


def _table(fields: tuple[str, ...], rows: Any) -> dict[str, Any]:
    return {"fields": list(fields), "rows": [[_short(value) for value in row] for row in rows]}


def _tasks(description: Description) -> dict[str, Any]:
    rows = [
        [
            *(task.name, task.plan, list(task.before), [[_short(v) for v in part] for part in task.parts]),
            *(task.out_bytes, task.peak_bytes, _short(task.predicted), _short(task.measured)),
        ]
        for task in description.tasks
    ]
    return {"fields": list(TASK), "part_fields": list(Part._fields), "rows": rows}


def _short(value: Any) -> Any:
    """Floats with seven digits, as times have no more."""
    if isinstance(value, float):
        return float(f"{value:.7g}")
    return list(value) if isinstance(value, tuple) else value


def _run(description: Description) -> dict[str, Any] | None:
    run = description.run
    if run is None:
        return None
    return {
        "seconds": run.seconds,
        "repeats": run.repeats,
        "workers": list(run.workers),
        "peak_bytes": run.peak_bytes,
        "spent": spent(description)._asdict(),
    }
