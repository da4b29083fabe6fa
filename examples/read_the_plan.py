"""Reading a plan: what runs, in how many tasks, and how parallel it can be.

    function --> graph --> plan: tasks, work (all seconds), span (seconds of the longest chain of tasks)

Seconds in a plan are predictions of a simple cost model, not measurements.
"""

from __future__ import annotations

import numpy as np

import backprop as bp


def loss(w, x):
    return np.mean(np.tanh(x @ w) ** 2)


rng = np.random.default_rng(0)
w, x = rng.normal(size=(200, 200)), rng.normal(size=(1600, 200))
step = bp.compile(bp.grad(bp.minibatch(loss, 1, shards=4)), executor=bp.Threads(4))
plan = step.plan(w, x)

print(step.explain(w, x))
assert len(plan.tasks) >= 4  # a branch a shard
assert len(plan.tasks) < len(step.graph(w, x))  # but not a task a node
assert 0 < plan.span <= plan.work
assert plan.work / plan.span > 2  # on four workers it pays

small = bp.compile(bp.grad(loss), executor=bp.Threads(4))
assert len(small.plan(w[:3, :3], x[:3, :3]).tasks) == 1  # too little to be worth Dask: runs in this thread
