"""What an edit of the user's code would gain: the plan is played through with other times.

Source: C. Curtsinger, E. D. Berger, Coz: finding code that counts with causal profiling, SOSP 2015; here the program is
not slowed down but simulated, as its tasks and what they wait for are known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import ReportError
from .description import Description, TaskDescription
from .simulate import makespan


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What an edit would change.

    Arguments:
        before: seconds of a call as it is: measured where it was, else predicted.
        after: seconds of a call with the edit.
        edits: for each line, by what its time is multiplied.
    """

    before: float
    after: float
    edits: tuple[tuple[str, float], ...]

    @property
    def speed_up(self) -> float:
        """How many times as fast the call would be."""
        return self.before / self.after if self.after else float("inf")

    def __str__(self) -> str:
        """One line: the edits and what they gain."""
        edits = ", ".join([f"{line} at {factor:g} of its time" for line, factor in self.edits]) or "no edit"
        times = f"{self.before * 1e3:.3f} ms -> {self.after * 1e3:.3f} ms"
        return f"with {edits}: {times}, {self.speed_up:.2f} times as fast"


def what_if(description: Description, edits: Mapping[str, float]) -> WhatIf:
    """What a call would take if lines of the user's code took another time.

    Arguments:
        description: the plan; with a run, what was measured counts.
        edits: by lines, as in "model.py:41", what their time is multiplied by: 0.5 for half of it, 0 for none. A line
            stands for what it does and for its derivative.
    Returns:
        the seconds before and after.
    Errors:
        ReportError: no line of the plan ends so, or a factor is no number, infinite or below zero.
    """
    factors: dict[int, float] = {}
    for name, factor in edits.items():
        if not isinstance(factor, int | float) or not 0 <= factor < math.inf:
            raise ReportError(f"the factor of {name} is {factor!r}", fix="give a number from 0 on, 1 for no change")
        factors.update(dict.fromkeys(_matching(description, str(name)), float(factor)))
    base = [task.seconds for task in description.tasks]
    changed = [_changed(task, factors) for task in description.tasks]
    before, after = (_played(description, seconds) for seconds in (base, changed))
    if description.run is None:
        return WhatIf(before, after, tuple(edits.items()))
    seconds = description.run.seconds
    around = max(0.0, seconds - before)  # what no task explains stays
    scale = min(1.0, seconds / before) if before else 1.0  # medians of tasks may add up to more than the median call
    return WhatIf(seconds, around + scale * after, tuple(edits.items()))


def _played(description: Description, seconds: Sequence[float]) -> float:
    """The seconds of the tasks; what was measured has in it already what threads cost each other by the GIL."""
    loads = description.loads(list(seconds))
    if description.run is None:
        return makespan(loads, description.workers, description.overhead)
    was = [
        load._replace(gil_share=0.0) if task.measured >= 0 else load
        for load, task in zip(loads, description.tasks, strict=True)
    ]
    return makespan(was, description.workers, 0.0)


def _matching(description: Description, name: str) -> list[int]:
    """The lines that a name such as "model.py:41" means: those whose place ends so."""
    ends = ("/" + name, "\\" + name)
    found = [k for k, line in enumerate(description.lines) if line.place == name or line.place.endswith(ends)]
    if not found:
        known = ", ".join([line.place.replace("\\", "/").rpartition("/")[2] for line in description.lines[:8]])
        raise ReportError(
            f"no line of this plan is {name}", fix=f"name one of {known or 'none: the plan has no lines'}"
        )
    return found


def _changed(task: TaskDescription, factors: Mapping[int, float]) -> float:
    """The seconds of a task with the edits; it is shared among its parts as they were measured, or else predicted."""
    was_measured = all([part.measured >= 0 for part in task.parts])
    weights = [part.measured if was_measured else part.seconds for part in task.parts]
    total = sum(weights)
    if not total:
        return task.seconds
    kept = sum([weight * factors.get(part.line, 1.0) for part, weight in zip(task.parts, weights, strict=True)])
    return task.seconds * kept / total
