"""Why a plan is (not) parallel, and what would make it quicker, in sentences."""

from __future__ import annotations

from collections import Counter, defaultdict

from ..graph.tracing.long_loops import LONG
from .description import Description, Scaling
from .waits import spent

WIDE = 1.2
"""The parallelism below which ops follow each other."""

WORTH_IT = 1e-3
"""Seconds of work below which tasks are not worth what starting them costs."""

GAIN = 1.1
"""How many times as fast something has to be to be advised."""

CROWDED = 0.25
"""The share of their time by which tasks are longer beside each other from which that is said."""

ONE_CORE = 0.8
"""Threads that wait for each other's GIL keep one core busy together; where they have less, others have the cores."""

GIL = "for the GIL that others held, as ops of your own in Python do: bp.Cluster() has a GIL for each worker"
BUSY = "for a core, as the machine does other work: measure again when it rests"

ROUND_TRIP_S = 1e-2
"""Seconds of a call on a cluster from which it is said that most of it is no work."""


def advice(description: Description) -> list[str]:
    """The sentences, the most important first."""
    further = (_about_crowding, _about_sending, _about_workers, _about_host_pinned, _about_loops)
    return [reason(description), *[sentence for about in further for sentence in about(description)]]


def parallelism(description: Description) -> float:
    """How many ops could run at once, on average, with any number of workers: the work by the longest chain."""
    return description.work / description.chain_s if description.chain_s else 1.0


def reason(description: Description) -> str:
    """Why the plan is parallel, or the true reason why it is not."""
    tasks = len(description.tasks) - description.plans + 1
    if tasks > 1 and description.work < WIDE * description.span:
        share = description.span / description.work
        told = f"those of {tasks} that wait for each other take {share:.0%} of the time"
        return f"hardly parallel: {told}, most of it {description.line(_dearest(description))}"
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


def _dearest(description: Description) -> int:
    """The line that takes most of the critical path."""
    seconds: defaultdict[int, float] = defaultdict(float)
    for k in description.longest:
        for part in description.tasks[k].parts:
            seconds[part.line] += part.seconds
    return max(seconds, key=seconds.__getitem__, default=-1)


def _is_crowded(description: Description) -> tuple[bool, bool]:
    """Whether tasks were noticed to be longer beside each other than alone: for the GIL, and for memory."""
    run = description.run
    if run is None or not description.shares_gil or not run.busy:
        return False, False
    where = spent(description)
    return where.gil > CROWDED * run.busy, where.slowed > CROWDED * run.busy


def _about_crowding(description: Description) -> list[str]:
    """What tasks cost each other, as it was measured."""
    run, (waits, slows) = description.run, _is_crowded(description)
    if run is None:
        return []
    where, found = spent(description), list[str]()
    if waits:
        ran = run.busy - sum([i.waited for i in run.intervals])
        has_core = ran > ONE_CORE * (max([i.end for i in run.intervals]) - min([i.start for i in run.intervals]))
        found.append(f"tasks waited for {where.gil / run.busy:.0%} of their time, {GIL if has_core else BUSY}")
    if slows:
        longer = run.busy / (run.busy - where.slowed)
        found.append(
            f"tasks took {longer:.1f} times as long beside each other as alone: they share caches and the bandwidth of "
            "the memory, and more threads gain little; smaller arrays or types do"
        )
    return found


def _about_sending(description: Description) -> list[str]:
    """On a cluster or a service, what of a call was no task, where that was most of it."""
    run = description.run
    is_here = any([part.measured >= 0 for task in description.tasks for part in task.parts])  # elsewhere no op is timed
    if run is None or is_here or not run.intervals or run.seconds < ROUND_TRIP_S:
        return []
    within = max([i.end for i in run.intervals]) - min([i.start for i in run.intervals])
    if 2 * within > run.seconds:
        return []
    results = sum([task.out_bytes for task in description.tasks])
    return [
        f"tasks ran for {ms(within)} of {ms(run.seconds)} of a call; the rest is asking and sending: "
        f"{in_bytes(description.input_bytes)} of arguments, {in_bytes(results)} of results. bp.Threads() sends "
        "nothing, and arguments that stay on a cluster (futures, persisted dask arrays) are not sent"
    ]


def _about_workers(description: Description) -> list[str]:
    """What another kind or number of workers would gain."""
    now = next((s for s in description.scaling if _is_now(description, s)), None)
    better = min(description.scaling, key=lambda s: (s.seconds, s.workers), default=None)
    if now is None or better is None or better.seconds * GAIN >= now.seconds:  # both are 0 of a constant
        return []
    nearly = [s for s in description.scaling if s.seconds <= better.seconds * 1.05]
    if any(_is_crowded(description)):  # which predictions for other numbers do not know
        return []
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


def in_bytes(nbytes: int) -> str:
    """Bytes in a unit that leaves few digits."""
    unit, scale = next(((u, s) for u, s in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)) if nbytes >= s), ("B", 1))
    return f"{nbytes / scale:.3g} {unit}"
