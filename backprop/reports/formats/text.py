"""The report as text: what a terminal shows."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..advice import advice, in_bytes, ms, parallelism
from ..description import Description
from ..memory import memory
from ..waits import spent
from .document import timeline

WIDTH = 110
SHOWN = 12
"""Rows of a table that text shows."""


def text(description: Description) -> str:
    """The report without colours, as `print` shows it."""
    console = Console(file=io.StringIO(), width=WIDTH, color_system=None, legacy_windows=False)
    console.print(rendered(description))
    assert isinstance(console.file, io.StringIO)
    return "\n".join([line.rstrip() for line in console.file.getvalue().splitlines()])


def rendered(description: Description) -> RenderableType:
    """The report as rich prints it."""
    parts: list[RenderableType] = [Text(line) for line in summary(description)]
    parts += [_by_line(description), _chain(description), _tasks(description)]
    if description.scaling:
        parts.append(_scaling(description))
    if description.run is not None:
        parts.append(_spent(description))
    return Group(*parts)


def summary(description: Description) -> list[str]:
    """The first lines: the size, work and span, time, memory, advice."""
    d = description
    bound = max(d.work / d.workers, d.span)
    plans = f" of {d.plans} plans, all but the last for questions that steer the function" if d.plans > 1 else ""
    peak = max([alive.nbytes for alive in memory(d, timeline(d))], default=0)
    return [
        f"{d.kind}: {_count(d.workers, 'worker')}, {_count(d.nodes, 'node')} in {_count(len(d.tasks), 'task')}{plans}",
        f"work (T1) {ms(d.work)}, span (Tinf) {ms(d.span)}, burdened span {ms(d.burdened_span)}",
        f"parallelism {d.work / d.span if d.span else 1.0:.2f} of this plan, {parallelism(d):.2f} of its ops",
        f"predicted: at least max(T1/P, Tinf) = {ms(bound)}",
        *[f"corrected by earlier runs: {story}" for story in d.corrections],
        *_measured(d),
        f"memory: {in_bytes(peak)} alive at the same time, predicted",
        *advice(d),
    ]


def _measured(d: Description) -> list[str]:
    if d.run is None:
        return []
    runs = _count(d.run.repeats, "run")
    lines = [f"measured: {ms(d.run.seconds)}, the median of {runs}; its tasks took {ms(d.run.busy)}"]
    if d.run.peak_bytes >= 0:
        lines.append(f"measured: {in_bytes(d.run.peak_bytes)} allocated at the same time in this process")
    return lines


def _by_line(d: Description) -> Table:
    """What each line of the user's code takes, forward and as a derivative."""
    sums: dict[int, list[float]] = {}
    was_measured = any([part.measured >= 0 for task in d.tasks for part in task.parts])
    for task in d.tasks:
        for part in task.parts:
            row = sums.setdefault(part.line, [0.0, 0.0, 0.0])
            row[int(part.derivative)] += part.seconds
            row[2] += max(part.measured, 0.0)
    table = _table("by line", ["line", "forward", "derivative", *(["measured"] if was_measured else [])])
    ranked = sorted(sums.items(), key=lambda item: -(item[1][2] if was_measured else sum(item[1][:2])))
    for line, (forward, derivative, measured) in ranked[:SHOWN]:
        table.add_row(_line(d, line), ms(forward), ms(derivative), *([ms(measured)] if was_measured else []))
    return _with_rest(table, len(ranked))


def _chain(d: Description) -> Table:
    table = _table(f"the longest chain of ops, {ms(d.chain_s)}", ["line", "seconds", "ops"])
    for step in d.chain[:SHOWN]:
        ops = ", ".join(step.ops[:6]) + (", ..." if len(step.ops) > 6 else "")
        name = _line(d, step.line) + (" (derivative)" if step.derivative else "")
        table.add_row(name, ms(step.seconds), ops)
    return _with_rest(table, len(d.chain))


def _tasks(d: Description) -> Table:
    table = _table("tasks", ["task", "nodes", "predicted", "measured", "results", "reads"])
    for k, task in enumerate(d.tasks[:SHOWN]):
        nodes = sum([part.nodes for part in task.parts])
        times = [ms(task.predicted), ms(task.measured) if task.measured >= 0 else "-"]
        reads = ", ".join(map(str, task.before)) or "arguments"
        table.add_row(f"{k} {task.name}", str(nodes), *times, in_bytes(task.out_bytes), reads)
    return _with_rest(table, len(d.tasks))


def _scaling(d: Description) -> Table:
    kinds = list(dict.fromkeys([one.kind for one in d.scaling]))
    table = _table("predicted on other workers", ["workers", *kinds])
    for workers in dict.fromkeys([one.workers for one in d.scaling]):
        times = {one.kind: ms(one.seconds) for one in d.scaling if one.workers == workers}
        table.add_row(str(workers), *[times.get(kind, "-") for kind in kinds])
    return table


def _spent(d: Description) -> Table:
    table = _table("where the time of the workers went", ["what", "seconds", "share"])
    parts = spent(d)._asdict()
    total = sum(parts.values()) or 1.0
    for name, seconds in parts.items():
        table.add_row(name.replace("_", " "), ms(seconds), f"{seconds / total:.0%}")
    return table


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, min_width=len(title))
    for k, column in enumerate(columns):
        table.add_column(column, justify="left" if k == 0 or column in ("ops", "reads") else "right", overflow="fold")
    return table


def _with_rest(table: Table, rows: int) -> Table:
    if rows > SHOWN:
        table.add_row(f"... and {rows - SHOWN} more")
    return table


def _line(d: Description, index: int) -> str:
    """A line, its path from the current folder where it is below that."""
    if index < 0:
        return "(no line)"
    line, here = d.lines[index], Path.cwd()
    path = Path(line.file)
    name = path.relative_to(here) if path.is_relative_to(here) else path.name
    return f"{name}:{line.number} in {line.function}"


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
