"""Whether tasks pay at all, and which of several ways to cut a graph is predicted to end first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from .makespan import Quotient
from .work import Prices, Work

SPEED_UP = 1.2
"""The predicted speed-up below which a graph stays in one task."""

WORTH_IT = 1e-3
"""Seconds of work below which a graph stays in one task."""

GOOD_ENOUGH = 1.05
"""Predicted times that are nearer to each other count as equal."""


class Candidate(NamedTuple):
    """A way to cut a graph: the predicted seconds, and the groups."""

    seconds: float
    quotient: Quotient


def pays(prices: Prices, workers: int, overhead: float, shares_gil: bool) -> bool:
    """Whether more than one task could pay at all, by Amdahl's law.

    Arguments:
        prices: what each node costs.
        workers: how many tasks can run at once.
        overhead: seconds that starting a task costs.
        shares_gil: whether all tasks run in one process, where what holds the GIL runs one at a time.
    """
    total = sum([price.seconds for price in prices if price is not None])
    if workers < 2 or total < max(WORTH_IT, 2 * overhead):
        return False
    return not shares_gil or sum([price.gil_s for price in prices if price is not None]) * SPEED_UP < total


def is_near_bound(candidates: Sequence[Candidate], work: Work, workers: int) -> bool:
    """Whether the best candidate is about as good as any can be: each worker has its share, and none waits.

    Arguments:
        candidates: ways to cut, with the seconds that each is predicted to take.
        work: the items with their seconds, and which reads which.
        workers: how many tasks run at once.
    """
    return _shortest(candidates) <= GOOD_ENOUGH * sum(work.seconds) / workers


def choice(candidates: Sequence[Candidate], work: Work) -> list[list[int]]:
    """The groups of the candidate that is predicted to end first; a single group where the speed-up is too small."""
    shortest = _shortest(candidates)
    if shortest >= sum(work.seconds) / SPEED_UP:
        return [list(range(len(work.ids)))]
    near = [quotient for seconds, quotient in candidates if seconds <= GOOD_ENOUGH * shortest]
    return min(near, key=_tie_break).groups


def _shortest(candidates: Sequence[Candidate]) -> float:
    return min([seconds for seconds, _ in candidates], default=math.inf)


def _tie_break(quotient: Quotient) -> tuple[int, int]:
    """How many groups wait for work of others; and where that is equal rather many, as estimates are rough."""
    return quotient.waiting(), -len(quotient.groups)
