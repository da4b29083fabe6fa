"""Do a few big ops use all cores? Products of 2,000 x 2,000, and a chain of elementwise functions over 10^7 numbers.

Neither has branches of its own: what runs side by side are the blocks that big ops are split into.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import backprop as bp

from . import ours, rivals
from .harness import Case, by_hand
from .memory import peak_memory
from .targets import ratio


@dataclass(frozen=True, slots=True)
class Sizes:
    """The rows of a matrix, and the length of a vector."""

    rows: int = 2_000
    length: int = 10_000_000


FULL, TINY = Sizes(), Sizes(9, 50)

# A chain of products.


def products(xp: Any, a: Any, b: Any) -> Any:
    return xp.sum(xp.tanh(xp.tanh(a @ b) @ b) ** 2)


def hand_products(a: Any, b: Any) -> Any:
    one = a @ b
    np.tanh(one, out=one)
    two = one @ b
    np.tanh(two, out=two)
    d = two * two
    np.subtract(1, d, out=d)
    d *= two
    d *= 2
    d = np.matmul(d, b.T, out=two)
    one *= one
    np.subtract(1, one, out=one)
    d *= one
    return np.matmul(d, b.T, out=one)


def matrices(sizes: Sizes) -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    n = sizes.rows
    return rng.normal(size=(n, n)) / np.sqrt(n), rng.normal(size=(n, n)) / np.sqrt(n)


# A chain of elementwise functions.


def elementwise(xp: Any, v: Any) -> Any:
    return xp.sum(xp.log1p(xp.exp(xp.sin(v) * v)) ** 2)


def hand_elementwise(v: Any) -> Any:
    s = np.sin(v)
    d = np.cos(v)
    d *= v
    d += s
    s *= v
    np.exp(s, out=s)
    d *= s
    s += 1
    d /= s
    np.log(s, out=s)
    d *= s
    d *= 2
    return d


def vector(sizes: Sizes) -> Any:
    return np.random.default_rng(2).normal(size=sizes.length)


# Cases.


def cases(sizes: Sizes = FULL, with_rivals: bool = False) -> Iterator[Case]:
    """Both chains."""
    yield case("chain of big products", products, hand_products, matrices(sizes), with_rivals)
    yield case("chain over 10^7 numbers", elementwise, hand_elementwise, (vector(sizes),), with_rivals)


def case(name: str, loss: Any, hand: Any, args: Any, with_rivals: bool) -> Case:
    gradient = bp.grad(partial(loss, np))
    variants = {
        "by hand": by_hand(hand, *args),
        **ours.executors(gradient, *args),
        **(rivals.gradients(loss, *args) if with_rivals else {}),
    }
    targets = (
        ratio("threads / serial", "threads", "serial", 0.58),
        ratio("serial / by hand", "serial", "by hand", None),
        *ours.common_targets(gradient, *args),
    )
    return Case(name, variants, "by hand", targets, 1e-9, partial(peak_memory, "big_ops", name))
