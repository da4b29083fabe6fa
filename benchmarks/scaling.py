"""Do large graphs stay cheap? Random graphs whose joint graph has 10^4, 10^5 and 10^6 nodes, from a trace to a plan.

Each size is measured once, in a process of its own, so that its peak memory is its own.

Limits: `ru_maxrss` counts the interpreter and its libraries too, about a tenth of a gigabyte.
"""

from __future__ import annotations

import itertools
import json
import random
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from backprop.api.preparing.graphs import joint
from backprop.graph.tracing.trace import trace

from . import ours
from .harness import Case
from .memory import child
from .targets import Figure

INPUTS = 64
WINDOW = 200
"""How far back an operand lies at most: the graph is as wide as that."""

NODES_PER_OP = 1.8
"""Nodes of the joint graph for each op of the function, about."""

GIB = 2**30


@dataclass(frozen=True, slots=True)
class Sizes:
    """The nodes of the joint graphs."""

    nodes: tuple[int, ...] = (10_000, 100_000, 1_000_000)


FULL, TINY = Sizes(), Sizes((300, 600))


def random_program(seed: int, ops: int, *inputs: Any) -> Any:
    """A random function of scalars: operands are drawn among the last results, all results are used."""
    rng = random.Random(seed)
    values = list(inputs)
    for _ in range(ops):
        a = values[-1 - rng.randrange(min(WINDOW, len(values)))]
        kind = rng.randrange(4)
        if kind == 0:
            values.append(np.sin(a))
        elif kind == 1:
            values.append(np.tanh(a))
        else:
            b = values[-1 - rng.randrange(min(WINDOW, len(values)))]
            values.append(a + b if kind == 2 else a * b)
    return sum(values[-WINDOW:], start=0.0)


@dataclass(frozen=True, slots=True)
class Stages:
    """Seconds of each stage, and what came out.

    Arguments:
        trace, differentiate, plan: seconds; differentiate includes the passes, plan the partition.
        nodes: of the joint graph.
        tasks: of the plan.
        peak: bytes of the process.
    """

    trace: float
    differentiate: float
    plan: float
    nodes: int
    tasks: int
    peak: int

    @property
    def total(self) -> float:
        """Seconds of all stages."""
        return self.trace + self.differentiate + self.plan


def stages(nodes: int) -> Stages:
    """Measure one size in this process."""
    args = [np.full(8, 0.1 + 0.01 * k) for k in range(INPUTS)]
    ops = int(nodes / NODES_PER_OP)
    times = [time.perf_counter()]
    traced = trace(lambda *inputs: np.sum(random_program(1, ops, *inputs)), args, {}, None)
    times.append(time.perf_counter())
    graph = joint(traced.graph, tuple(range(INPUTS)))
    times.append(time.perf_counter())
    plan = ours.THREADS.prepare(graph)
    times.append(time.perf_counter())
    spent = [end - start for start, end in itertools.pairwise(times)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Stages(spent[0], spent[1], spent[2], len(graph), len(plan.tasks), peak)


def in_child(nodes: int) -> Stages:
    """Measure one size in a process of its own."""
    return Stages(**json.loads(child("benchmarks.scaling", str(nodes))))


def figures(measured: list[Stages]) -> Iterator[Figure]:
    """What is asked of the largest graph, and of how time grows."""
    for one in measured:
        size = f"{one.nodes:,} nodes: "
        for name in ("trace", "differentiate", "plan"):
            yield Figure(f"{size}{name}", getattr(one, name), None, "s")
        yield Figure(f"{size}tasks a worker", one.tasks / ours.WORKERS, 4)
    last = measured[-1]
    yield Figure(f"{last.nodes:,} nodes: all stages", last.total, 40.0, "s")
    yield Figure(f"{last.nodes:,} nodes: peak memory", last.peak / GIB, 2.0, "GiB")
    for small, large in itertools.pairwise(measured):
        growth = (large.total / large.nodes) / (small.total / small.nodes)
        yield Figure(f"time for a node, {large.nodes:,} / {small.nodes:,}", growth, 1.3)


def cases(sizes: Sizes = FULL, with_rivals: bool = False) -> Iterator[Case]:
    """All sizes as one case, which times no variants."""
    del with_rivals
    yield Case("large graphs", {}, measures=lambda: tuple(figures([in_child(nodes) for nodes in sizes.nodes])))


if __name__ == "__main__":
    answer = stages(int(sys.argv[1]))
    print(json.dumps({name: getattr(answer, name) for name in Stages.__dataclass_fields__}))
