"""How far the training is: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from .training import State

Watch: TypeAlias = Callable[[State], None]
LINES = 10
"""How many plain lines a training gets."""


@dataclass(frozen=True, slots=True)
class Length:
    """How long a training is.

    Arguments:
        steps: in all.
        per_epoch: steps of an epoch.
        batch: images of a step.
    """

    steps: int
    per_epoch: int
    batch: int

    def epoch(self, steps: int) -> str:
        """Name the epoch that a step belongs to."""
        return f"epoch {max(0, steps - 1) // self.per_epoch + 1}/{self.steps // self.per_epoch}"


@contextmanager
def shown(length: Length, console: Console) -> Iterator[Watch]:
    """Show the progress of a training.

    Arguments:
        length: of the training.
        console: where to.

    Returns:
        What has to be told each state.
    """
    if not console.is_terminal:
        yield _lines(length, console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}"), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(length.epoch(0), total=length.steps, text="")
        start = time.perf_counter()

        def watch(state: State) -> None:
            text = f"loss {state.loss:.3f}  {_rate(state, length, start):,.0f} images/s"
            progress.update(task, completed=state.steps, description=length.epoch(state.steps), text=text)

        yield watch


def _lines(length: Length, console: Console) -> Watch:
    start = time.perf_counter()
    every = max(1, length.steps // LINES)

    def watch(state: State) -> None:
        if state.steps % every and state.steps != length.steps:
            return
        rate = _rate(state, length, start)
        left = (length.steps - state.steps) * length.batch / rate
        text = f"{length.epoch(state.steps)}  loss {state.loss:.3f}  {rate:,.0f} images/s  {left:.0f} s left"
        console.print(text, highlight=False, soft_wrap=True)

    return watch


def _rate(state: State, length: Length, start: float) -> float:
    return state.steps * length.batch / max(time.perf_counter() - start, 1e-9)
