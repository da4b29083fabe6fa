"""Do branches that are all unlike share two threads? Twenty-three of them, of other functions and other sizes.

No two branches take the same time, and the model of costs cannot know all of them: cumulative sums, a sort, powers, and
functions that NumPy and SciPy compute element by element. What the first calls take corrects the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import backprop as bp

from . import ours
from .harness import Case, by_hand
from .targets import ratio


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many branches; the elements of the smallest, and of the one that is sorted."""

    branches: int = 23
    least: int = 40_000
    sorted: int = 150_000


FULL, TINY = Sizes(), Sizes(9, 7, 11)
SORTED = 7
"""The branch that is sorted."""

Branch = tuple[Callable[[Any, Any], Any], Callable[[Any], Any]]
"""A function of the names of NumPy and an array, and its derivative by hand."""

FUNCTIONS: tuple[Branch, ...] = (
    (lambda xp, x: xp.exp(x), np.exp),
    (lambda xp, x: xp.sin(x), np.cos),
    (lambda xp, x: xp.tanh(x), lambda x: 1 - np.tanh(x) ** 2),
    (lambda xp, x: xp.sqrt(x), lambda x: 0.5 / np.sqrt(x)),
    (lambda xp, x: xp.log(x), lambda x: 1 / x),
    (lambda xp, x: x**2.5, lambda x: 2.5 * x**1.5),
    (lambda xp, x: 1 / (1 + x), lambda x: -1 / (1 + x) ** 2),
    (lambda xp, x: xp.arctan(x), lambda x: 1 / (1 + x * x)),
    (lambda xp, x: xp.cosh(x), np.sinh),
)


def loss(xp: Any, xs: Sequence[Any]) -> Any:
    """The sum of all branches."""
    return sum([branch(xp, k, x) for k, x in enumerate(xs)])


def branch(xp: Any, k: int, x: Any) -> Any:
    """One branch: a function, or a sort, or running sums, beside weights that no other branch has."""
    if k == SORTED:
        return xp.sum(xp.sort(x) * weights(x.size))
    if k % 6 == 5:
        return xp.mean(xp.cumsum(x) * weights(x.size))
    return xp.sum(FUNCTIONS[k % len(FUNCTIONS)][0](xp, x) * weights(x.size))


def weights(n: int) -> Any:
    return np.linspace(1.0, 2.0, n)


def hand_gradient(xs: Sequence[Any]) -> Any:
    return [hand_branch(k, x) for k, x in enumerate(xs)]


def hand_branch(k: int, x: Any) -> Any:
    if k == SORTED:
        g = np.empty_like(x)
        g[np.argsort(x, kind="stable")] = weights(x.size)
        return g
    if k % 6 == 5:
        return np.cumsum(weights(x.size)[::-1])[::-1] / x.size
    return FUNCTIONS[k % len(FUNCTIONS)][1](x) * weights(x.size)


def data(sizes: Sizes) -> list[Any]:
    """The arrays of all branches."""
    rng = np.random.default_rng(23)
    counts = [sizes.least * (1 + k % 5) for k in range(sizes.branches)]
    counts[SORTED] = sizes.sorted
    return [rng.uniform(0.1, 1.0, n) for n in counts]


def cases(sizes: Sizes = FULL, with_rivals: bool = False) -> Iterator[Case]:
    """The gradient of all branches."""
    xs = data(sizes)
    gradient = bp.grad(partial(loss, np))
    variants = {"by hand": by_hand(hand_gradient, xs), **ours.executors(gradient, xs)}
    targets = (
        ratio("threads / serial", "threads", "serial", None),
        ratio("serial / by hand", "serial", "by hand", None),
        *ours.common_targets(gradient, xs),
    )
    yield Case("unlike branches, one with a sort", variants, "by hand", targets, 1e-9)
