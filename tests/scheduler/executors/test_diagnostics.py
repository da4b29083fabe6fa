"""Dask's own diagnostics see our tasks, under a small vocabulary of names."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from dask.callbacks import Callback
from dask.diagnostics import Profiler, ProgressBar, ResourceProfiler

import backprop as bp
from backprop.scheduler.lower import PREFIXES
from backprop.scheduler.planning.plan import Plan

ROWS = np.random.default_rng(0).normal(size=(40_000, 20))
W = np.linspace(0.0, 1.0, 20)


def loss(w: Any, x: Any) -> Any:
    return np.mean(np.tanh(np.exp(np.sin(x) * w)))


STEP = bp.compile(bp.grad(bp.minibatch(loss, (1,), shards=4)), executor=bp.Threads(2))


@pytest.fixture(scope="module")
def plan() -> Plan:
    return STEP.plan(W, ROWS)


def test_a_progress_bar_counts_tasks(plan: Plan) -> None:
    text = io.StringIO()
    with ProgressBar(out=text):
        STEP(W, ROWS)
    assert len(plan.tasks) > 1
    assert "100% Completed" in text.getvalue()


def test_a_profiler_has_a_row_for_each_task(plan: Plan) -> None:
    profiler = Profiler()
    for _ in range(2):  # a first run and a replay
        with profiler:
            STEP(W, ROWS)
        names = [row.key[0] for row in profiler.results]
        assert len(names) == len(plan.tasks)
        assert all(name.startswith(PREFIXES) for name in names)
        profiler.clear()


def test_a_resource_profiler_measures_while_we_run() -> None:
    pytest.importorskip("psutil")
    resources = ResourceProfiler(dt=0.001)
    for _ in range(1_000):  # a run may be over before the first sample
        with resources:
            STEP(W, ROWS)
        if resources.results:
            break
    assert resources.results[0].mem > 0


def test_a_callback_of_ones_own_sees_the_names() -> None:
    seen: list[str] = []
    with Callback(pretask=lambda key, dsk, state: seen.append(key[0])):
        expected = STEP(W, ROWS)
    assert {name.partition("-")[0] for name in seen} == {"bp"}
    assert np.array_equal(expected, STEP(W, ROWS))
