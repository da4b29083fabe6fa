"""How many cores this process may use: those that it may run on, and no more than its container has.

`dask.system` counts in the same way. It is not asked, as importing it imports Dask, which takes longer than a first
gradient.

Source: cgroups(7), version 2 and 1.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

GROUPS, GROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
"""Where Linux tells the limits of groups of processes, and the group of this one."""


@cache
def usable_cores() -> int:
    """The cores that this process may use, one at least."""
    may_run_on = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([may_run_on, *map(math.ceil, quotas(GROUPS, GROUP))]))


def quotas(groups: Path, group: Path) -> Iterator[float]:
    """The cores that the group of this process may use, where there is a limit.

    Arguments:
        groups: the folder of all groups.
        group: the file that names this process's.
    """
    for folder in ("cpuacct,cpu", "cpu,cpuacct"):
        files = [groups / folder / f"cpu.cfs_{name}_us" for name in ("quota", "period")]
        yield from _quota(*[_text(path) for path in files])
    own = _text(group).strip().rpartition(":")[2].strip("/")
    yield from _quota(*(_text(groups / own / "cpu.max").split() or ("", "")))


def _quota(quota: str, period: str) -> Iterator[float]:
    """The quota by the period, where both are numbers above 0; "max" and -1 stand for no limit."""
    if quota.strip().isdigit() and period.strip().isdigit() and int(quota) and int(period):
        yield int(quota) / int(period)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""
