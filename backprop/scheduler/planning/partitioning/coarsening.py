"""Short groups join others where that makes no cycle, until there are at most `MOST_TASKS` for each worker."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from .makespan import Overhead, Quotient, makespan, quotient_of
from .work import Work

MOST_TASKS = 4
"""Tasks for each real worker, at most."""

TRIED = 4
"""Short groups, at most, for which a partner is looked for where there are too many groups."""

NO_LATER = 1.02
"""How much later the whole may end where nobody is said to wait."""


def coarsen(work: Work, groups: list[list[int]], workers: int, overhead: Overhead) -> Quotient:
    """At most MOST_TASKS groups for each worker, and few short ones.

    The shortest group joins the one with which the whole is predicted to end first, until no group is shorter than a
    task costs, or than an eighth of a worker's share. It stays alone where joining would make others wait, as a root
    of many branches does, unless there are too many groups.

    Arguments:
        work: the items with their seconds, and which reads which.
        groups: items of each group.
        workers: how many tasks run at once.
        overhead: seconds that a task costs.
    """
    quotient = quotient_of(work, groups)
    least = max(overhead.task_s, sum(quotient.seconds) / (2 * MOST_TASKS * workers))
    alone: set[int] = set()  # the first item of each short group that stays so
    while len(quotient.groups) > 1:
        crowded = len(quotient.groups) > MOST_TASKS * workers
        shortest = quotient.shortest(() if crowded else alone, TRIED if crowded else 1)
        if not shortest or (quotient.seconds[shortest[0]] >= least and not crowded):
            break
        best, is_good = _best_join(quotient, shortest, workers, overhead)
        if crowded or is_good:
            quotient = best
        else:
            alone.add(quotient.groups[shortest[0]][0])
    return quotient_of(work, [sorted(group) for group in quotient.groups])


def _best_join(quotient: Quotient, shortest: Sequence[int], workers: int, overhead: Overhead) -> tuple[Quotient, bool]:
    """The first of some groups that another can take without making others wait, joined with it; else the least bad.

    Of those that can take it, the one with which the fewest groups wait, and the fewest bytes are handed on.
    """
    now = makespan(quotient, workers, overhead)
    found: list[tuple[float, Quotient]] = []
    for g in shortest:
        joins = [quotient.joined(g, other) for other in quotient.partners(g)]
        choices = [(makespan(join, workers, overhead), join) for join in joins]
        good = [join for seconds, join in choices if seconds <= NO_LATER * now]
        if good:
            return min(good, key=lambda join: (join.waiting(), join.nbytes())), True
        found.append(min(choices, key=itemgetter(0)))
    return min(found, key=itemgetter(0))[1], False
