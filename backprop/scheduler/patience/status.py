"""A line on the terminal that says what is being waited for, and for how long: by Rich."""

from __future__ import annotations

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


def started(what: str) -> Progress:
    """A line that turns until it is stopped, and leaves nothing behind.

    Arguments:
        what: such as "starting a cluster".
    """
    columns = SpinnerColumn("line"), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    shown = Progress(*columns, console=Console(stderr=True), transient=True)
    shown.add_task(what, total=None)
    shown.start()
    return shown
