"""Stochastic gradient descent with momentum, as a sequence of states.

The order of the images, and the start, follow from the seed alone, and the gradient is the same to the bit on every
executor, so that the same seed gives the same network everywhere.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .network import Network, map_arrays, new_network

Step: TypeAlias = Callable[[Network, Any, Any], tuple[Any, Network]]
"""(network, images, targets) -> (loss, gradient)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train.

    Arguments:
        epochs: passes over the images.
        batch: images a step; what is left over at the end of an epoch waits for the next shuffle.
        rate: the step length.
        momentum: the share of the last step that is taken again.
        seed: of the start and of the order of the images.
    """

    epochs: int
    batch: int
    rate: float
    momentum: float
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """Where the training is.

    Arguments:
        net: the network.
        velocity: the last change of each parameter.
        steps: taken so far.
        loss: of the last batch.
        seconds: that the last gradient took.
    """

    net: Network
    velocity: Network
    steps: int = 0
    loss: float = math.nan
    seconds: float = math.nan


def steps_per_epoch(count: int, batch: int) -> int:
    """Give the number of whole batches among `count` images, at least 1."""
    return max(1, count // batch)


def start(settings: Settings) -> State:
    """Give the state before the first step."""
    net = new_network(np.random.default_rng([settings.seed, 0]))
    return State(net, map_arrays(np.zeros_like, net))


def states(images: NDArray[Any], targets: NDArray[Any], settings: Settings, step: Step) -> Iterator[State]:
    """Train, and give the state after each step.

    Arguments:
        images: (n, 784).
        targets: (n, 10), one-hot rows.
        settings: how.
        step: computes a loss and its gradient.
    """
    state = start(settings)
    for rows in batches(len(images), settings):
        state = advance(state, images[rows], targets[rows], settings, step)
        yield state


def batches(count: int, settings: Settings) -> Iterator[NDArray[np.intp]]:
    """Give the rows of each batch, shuffled anew in each epoch."""
    rng = np.random.default_rng([settings.seed, 1])
    batch = min(settings.batch, count)
    for _ in range(settings.epochs):
        order = rng.permutation(count)
        for k in range(steps_per_epoch(count, batch)):
            yield order[k * batch : (k + 1) * batch]


def advance(state: State, images: NDArray[Any], targets: NDArray[Any], settings: Settings, step: Step) -> State:
    """Take one step.

    Arguments:
        state: before the step.
        images: of the batch, (rows, 784).
        targets: their classes as rows of zeros and a one, (rows, 10).
        settings: of the training.
        step: (network, images, targets) -> the loss and its gradient.
    """
    before = time.perf_counter()
    loss, gradient = step(state.net, images, targets)
    seconds = time.perf_counter() - before
    velocity = map_arrays(lambda v, g: settings.momentum * v - settings.rate * g, state.velocity, gradient)
    net = map_arrays(np.add, state.net, velocity)
    return State(net, velocity, state.steps + 1, float(loss), seconds)


def median_seconds(calls: tuple[Callable[[], object], ...], rounds: int) -> tuple[float, ...]:
    """Time some calls in turn, so that whatever else the machine does meets all of them.

    Arguments:
        calls: in every round each is called twice, and the second call counts, as it is warm like a step of a training.
        rounds: how often.

    Returns:
        The median of each call.
    """
    rows = [[_seconds(call) for call in calls] for _ in range(rounds)]
    return tuple(statistics.median(column) for column in zip(*rows, strict=True))


def _seconds(call: Callable[[], object]) -> float:
    call()
    before = time.perf_counter()
    call()
    return time.perf_counter() - before
