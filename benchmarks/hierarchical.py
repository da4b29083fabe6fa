"""Does a hierarchical model run its sites in parallel, when they are unlike in size?

Sixty-four sites, each with a logistic regression of its own whose coefficients vary around common ones. Site sizes
follow a power law: the largest has a hundred times the rows of the smallest, so that equal shares of sites would be
unequal shares of work.
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
    """How many sites, the coefficients of each, the rows of the largest, and the power by which sizes fall."""

    sites: int = 64
    coefficients: int = 20
    rows: int = 250_000
    power: float = 1.1


FULL, TINY = Sizes(), Sizes(5, 3, 12)
NAME = "hierarchical model, unlike sites"


def loss(xp: Any, params: Any, sites: Any) -> Any:
    """The negative log posterior."""
    mean, log_spread, offsets = params
    spread = xp.exp(log_spread)
    total = 0.5 * (mean @ mean) + 0.5 * xp.sum(log_spread**2) + 0.5 * xp.sum(offsets**2)
    for k, rows in enumerate(sites):  # signs are multiplied into the rows
        total = total + xp.sum(xp.log1p(xp.exp(-(rows @ (mean + spread * offsets[k])))))
    return total


def hand_gradient(params: Any, sites: Any) -> Any:
    mean, log_spread, offsets = params
    spread = np.exp(log_spread)
    d_mean, d_spread, d_offsets = mean.copy(), np.zeros_like(mean), offsets.copy()
    for k, rows in enumerate(sites):
        margin = rows @ (mean + spread * offsets[k])
        np.exp(margin, out=margin)
        margin += 1
        np.divide(-1, margin, out=margin)
        d = margin @ rows
        d_mean += d
        d_spread += d * offsets[k]
        d_offsets[k] += d * spread
    return d_mean, log_spread + d_spread * spread, d_offsets


def data(sizes: Sizes) -> tuple[Any, Any]:
    """Parameters, and the rows of each site."""
    rng = np.random.default_rng(8)
    n = sizes.coefficients
    rows = [max(2, int(sizes.rows / (k + 1) ** sizes.power)) for k in rng.permutation(sizes.sites)]
    params = rng.normal(size=n), rng.normal(size=n) - 1, rng.normal(size=(sizes.sites, n))
    return params, tuple(rng.normal(size=(count, n)) / 2 for count in rows)


def cases(sizes: Sizes = FULL, with_rivals: bool = False) -> Iterator[Case]:
    """The gradient of the log posterior."""
    params, sites = data(sizes)
    gradient = bp.grad(partial(loss, np))
    variants = {
        "by hand": by_hand(hand_gradient, params, sites),
        **ours.executors(gradient, params, sites),
        **(rival_variants(params, sites) if with_rivals else {}),
    }
    targets = (
        ratio("threads / serial", "threads", "serial", None),
        ratio("serial / by hand", "serial", "by hand", None),
        *ours.common_targets(gradient, params, sites),
    )
    yield Case(NAME, variants, "by hand", targets, 1e-9, partial(peak_memory, "hierarchical", NAME))


def rival_variants(params: Any, sites: Any) -> dict[str, Any]:
    """The sites one by one, so that they become tensors like any other argument."""
    return rivals.gradients(lambda xp, inner, *given: loss(xp, inner, given), params, *sites)
