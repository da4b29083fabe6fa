"""Why a plan is (not) parallel, and what would make it quicker, in sentences."""

from __future__ import annotations

from collections import Counter

from ..graph.tracing.long_loops import LONG
from .description import Description, Scaling

WIDE = 1.2
"""The parallelism below which ops follow each other."""

WORTH_IT = 1e-3
"""Seconds of work below which tasks are not worth what starting them costs."""

GAIN = 1.1
"""How many times as fast something has to be to be advised."""


def advice(description: Description) -> list[str]:
    """The sentences, the most important first."""
    further = (_about_workers, _about_host_pinned, _about_loops)
    return [reason(description), *[sentence for about in further for sentence in about(description)]]


def parallelism(description: Description) -> float:
    """How many ops could run at once, on average, with any number of workers: the work by the longest chain."""
    return description.work / description.chain_s if description.chain_s else 1.0


def reason(description: Description) -> str:
    """Why the plan is parallel, or the true reason why it is not."""
    tasks = len(description.tasks) - description.plans + 1
    if tasks > 1:
        return f"parallel: independent branches are worth {tasks} tasks"
    width = parallelism(description)
    if width < WIDE:
        return "not parallel: it is one chain, in which nearly each op needs the one before"
    branches = f"{width:.1f} ops could run at the same time"
    if description.work < max(WORTH_IT, 2 * description.overhead):
        least = max(WORTH_IT, 2 * description.overhead)
        return f"not parallel: {branches}, but all take {ms(description.work)}, and below {ms(least)} tasks do not pay"
    if description.workers == 1:
        return f"not parallel: {branches}, but there is one worker; use bp.Threads() or bp.Cluster()"
    if description.shares_gil and description.gil_share * WIDE >= 1:
        return (
            f"not parallel: {branches}, but {description.gil_share:.0%} of their time holds the GIL, which threads "
            "share: use bp.Cluster(), or larger arrays, as a scan or one call of NumPy for many small ones"
        )
    return f"not parallel: {branches}, but splitting would gain less than a fifth of the time"


def _about_workers(description: Description) -> list[str]:
    """What another kind or number of workers would gain."""
    now = next((s for s in description.scaling if _is_now(description, s)), None)
    better = min(description.scaling, key=lambda s: (s.seconds, s.workers), default=None)
    if now is None or better is None or better.seconds * GAIN > now.seconds:
        return []
    nearly = [s for s in description.scaling if s.seconds <= better.seconds * 1.05]
    least = min(nearly, key=lambda s: (s.kind != "threads", s.workers))
    call = f"bp.Threads({least.workers})" if least.kind == "threads" else f"bp.Cluster(n_workers={least.workers})"
    return [f"{call} is predicted at {now.seconds / least.seconds:.1f} times the speed, where there are so many cores"]


def _is_now(description: Description, scaling: Scaling) -> bool:
    kind = "threads" if description.shares_gil else "processes"
    return scaling.kind == kind and scaling.workers == description.workers


def _about_host_pinned(description: Description) -> list[str]:
    if not description.host_pinned:
        return []
    names = ", ".join(description.host_pinned)
    return [f"{names} run in the thread that asks, and the rest waits for them: pinned ops cut a plan into stages"]


def _about_loops(description: Description) -> list[str]:
    """The line that makes most of a long graph, which a loop of equal steps does."""
    if description.nodes < LONG:
        return []
    nodes: Counter[int] = Counter()
    for task in description.tasks:
        for part in task.parts:
            nodes[part.line] += part.nodes
    del nodes[-1]
    (line, count), *_ = nodes.most_common(1) or [(-1, 0)]
    if line < 0:
        return []
    return [
        f"{description.line(line)} makes {count} of {description.nodes} nodes: where it stands in a loop of equal "
        "steps, bp.scan or bp.fori_loop makes one node of the loop, which is traced and compiled once"
    ]


def ms(seconds: float) -> str:
    """Seconds as milliseconds."""
    return f"{seconds * 1e3:.3f} ms"
