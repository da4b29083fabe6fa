"""The promise of the same bits: the gradient of the MNIST loss on every executor."""

from __future__ import annotations

from typing import Any

import numpy as np
import optree
import pytest

import backprop as bp
from backprop.examples_mnist.network import loss, new_network, one_hot

RNG = np.random.default_rng(5)
IMAGES = RNG.random((192, 784), np.float32)
TARGETS = one_hot(RNG.integers(0, 10, 192))
NETWORK = new_network(np.random.default_rng(7))
LOSS = bp.minibatch(loss, (1, 2), shards=4)


def gradient(executor: bp.AbstractExecutor) -> list[Any]:
    value, grads = bp.value_and_grad(LOSS, executor=executor)(NETWORK, IMAGES, TARGETS)
    return [value, *optree.tree_leaves(grads, namespace="backprop")]


def assert_same_bits(executor: bp.AbstractExecutor) -> None:
    for ours, serial in zip(gradient(executor), gradient(bp.Serial()), strict=True):
        assert ours.dtype == serial.dtype == np.float32
        assert ours.tobytes() == serial.tobytes()


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads(threads: int) -> None:
    assert_same_bits(bp.Threads(threads))


def test_auto() -> None:
    assert_same_bits(bp.Auto())


@pytest.mark.cluster
@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("processes", [False, True])
def test_clusters(workers: int, processes: bool) -> None:
    with bp.Cluster(n_workers=workers, processes=processes) as cluster:
        assert_same_bits(cluster)


def test_shards_are_branches_that_run_in_parallel() -> None:
    plan = bp.compile(bp.grad(LOSS), executor=bp.Threads(2)).plan(NETWORK, IMAGES, TARGETS)
    assert len(plan.tasks) >= 2
    assert plan.parallelism > 1.5
