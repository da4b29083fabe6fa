"""A line on the terminal that says what is being waited for, how far that is, and for how long: by Rich."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


def started(what: str) -> Progress:
    """A line that turns until it is stopped, and leaves nothing behind.

    Arguments:
        what: such as "starting a cluster".
    """
    text, count = TextColumn("{task.description}", markup=False), TextColumn("{task.fields[count]}", markup=False)
    columns = SpinnerColumn("line"), text, BarColumn(bar_width=24), count, TimeElapsedColumn()
    shown = Progress(*columns, console=Console(stderr=True), transient=True)
    shown.add_task(what, total=None, count="")
    shown.start()
    return shown


def moved(shown: Progress, done: int, total: int | None) -> None:
    """Show how many steps of how many are done.

    Arguments:
        shown: the line.
        done: steps.
        total: of how many; None where nobody knows.
    """
    task = shown.tasks[0]
    task.total = total  # `update` knows no way back to None
    shown.update(task.id, completed=done, count="" if total is None else f"{done} of {total}")
