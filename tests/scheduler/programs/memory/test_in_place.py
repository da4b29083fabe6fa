"""Code that writes in place keeps no more memory than the same code with a new array at each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import backprop as bp
from backprop.ops.core.op import Kind
from backprop.scheduler.programs.memory.arena import ROOMY, plan_memory

N, STEPS = 24, 40


def laplacian(u: Any) -> Any:
    return u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]


def in_place(speed: Any) -> Any:
    rate, old, now = (0.3 * speed[1:-1, 1:-1]) ** 2, np.zeros_like(speed), np.zeros_like(speed)
    total = 0.0
    for k in range(STEPS):
        old[1:-1, 1:-1] = 2 * now[1:-1, 1:-1] - old[1:-1, 1:-1] + rate * laplacian(now)
        old[5, 5] += k
        old, now = now, old
        total = total + np.sum(now[3] ** 2)
    return total


def functional(speed: Any) -> Any:
    rate, old, now = (0.3 * speed[1:-1, 1:-1]) ** 2, np.zeros_like(speed), np.zeros_like(speed)
    point = np.zeros((N, N))
    point[5, 5] = 1
    total = 0.0
    for k in range(STEPS):
        new = np.pad(2 * now[1:-1, 1:-1] - old[1:-1, 1:-1] + rate * laplacian(now), 1) + k * point
        old, now = now, new
        total = total + np.sum(now[3] ** 2)
    return total


def kept(f: Callable[[Any], Any]) -> int:
    """The bytes of the arena, and of long-lived values that have no place in it."""
    plan = bp.compile(bp.grad(f), executor="serial").plan(np.ones((N, N)))
    total = 0
    for task in plan.tasks:
        memory = plan_memory(task.body, 4096)
        own = [
            node.type.nbytes
            for i, node in enumerate(task.body.nodes, task.body.first)
            if i not in memory.buffers
            and node.op.kind is not Kind.VIEW
            and memory.life.memory(i) > i + len(task.body) // 4
        ]
        total += memory.nbytes + sum(own)
    return total


def test_writing_in_place_keeps_as_much_as_new_arrays_do() -> None:
    np.testing.assert_allclose(bp.grad(in_place)(np.ones((N, N))), bp.grad(functional)(np.ones((N, N))))
    assert kept(in_place) <= 1.1 * kept(functional)


def test_a_mask_keeps_no_slab_of_a_large_array() -> None:
    def f(x: Any) -> Any:
        for k in range(20):
            x = np.sin(np.where(x > 0.1 * k, x, 0.9 * x))
        return np.sum(x)

    body = bp.compile(bp.grad(f), executor="serial").plan(np.linspace(0, 1, 1000)).tasks[0].body
    memory = plan_memory(body, 4096)
    for buffer in memory.buffers.values():
        if not buffer.result and buffer.type.dtype == bool:
            assert memory.slabs[buffer.slab] <= max(ROOMY, 1) * buffer.type.nbytes
