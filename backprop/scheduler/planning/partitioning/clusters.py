"""Linear clustering: an item and its heaviest successor, by upward rank, join where each is the other's first choice.

A branch, forward and back, is a path with a few items hanging on to it.

Source: S. J. Kim, J. C. Browne, A general approach to mapping of parallel computations upon multiprocessor
architectures, ICPP 1988.
"""

from __future__ import annotations

from .work import Work, upward_ranks


def paths(work: Work, starts: list[float]) -> list[list[int]]:
    """Linear clusters: lists of items, each reading the one before it; in the order of their heads."""
    ranks = upward_ranks(work)
    path_of: list[int] = []
    found: list[list[int]] = []
    for k, before in enumerate(work.before):
        main = max(before, key=lambda p: (starts[p] + work.seconds[p], -p), default=-1)
        if main >= 0 and _main_successor(work, ranks, main) == k:
            path_of.append(path_of[main])
            found[path_of[k]].append(k)
        else:
            path_of.append(len(found))
            found.append([k])
    return found


def _main_successor(work: Work, ranks: list[float], k: int) -> int:
    after = work.after[k]
    return after[0] if len(after) == 1 else max(after, key=lambda s: (ranks[s], -s))
