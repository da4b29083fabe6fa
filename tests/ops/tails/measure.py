"""How far values and derivatives are from the truth, in units in the last place.

The truth is computed by mpmath, which takes minutes, and kept in `truth.npz`: `python -m tests.ops.tails.measure`
writes it anew, or with names as arguments, a part of it. A unit is that of the true number, and below the smallest
normal one of that; where the truth overflows, infinity is right.
"""

from __future__ import annotations

import sys
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np

import backprop as bp
from tests.ops.tails.functions import TAILS, Tail

FILE = Path(__file__).with_name("truth.npz")
SMALLEST = np.finfo(float).smallest_normal
LARGEST = mp.mpf(float(np.finfo(float).max))


class Errors(NamedTuple):
    """The largest error of a value, a first and a second derivative."""

    value: float
    first: float
    second: float


def truth(tail: Tail, x: float) -> tuple[float, float, float]:
    """The value of a function and of its derivatives at a point, rounded to float64."""
    at = mp.mpf(x)
    if tail.derivatives:
        with mp.workdps(tail.digits):
            return tuple(map(rounded, (tail.true(at), *(f(at) for f in tail.derivatives))))  # type: ignore[return-value]
    with mp.workdps(tail.digits + 120 + int(3.3 * abs(mp.log10(abs(at))))):
        step = min(abs(at), mp.mpf(1)) * mp.mpf(10) ** -20
        if x in (1.0, -1.0) or 0 < abs(abs(x) - 1) < 1e-3:  # a pole may be near
            step *= min(abs(abs(at) - 1) or 1, 1)
        low, here, high = tail.true(at - step), tail.true(at), tail.true(at + step)
        return rounded(here), rounded((high - low) / (2 * step)), rounded((high - 2 * here + low) / step**2)


def rounded(number: Any) -> float:
    number = mp.re(number)
    return float(number) if abs(number) <= LARGEST else float(mp.sign(number)) * np.inf


def units(found: Any, true: Any) -> float:
    """The largest error among some numbers."""
    with np.errstate(all="ignore"):
        distance = np.abs(found - true) / np.spacing(np.maximum(np.abs(true), SMALLEST))
    beyond = np.isinf(true) & ((found == true) | (np.abs(found) > 1.7e308))
    edge = np.isinf(found) & (np.abs(true) > 1.79e308)
    return float(np.max(np.where(beyond | edge, 0.0, np.where(np.isnan(distance), np.inf, distance)), initial=0.0))


def errors(tail: Tail) -> Errors:
    """The largest errors of a function and its derivatives on its grid."""
    first = bp.elementwise_grad(tail.f)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = tail.f(tail.grid), first(tail.grid), bp.elementwise_grad(first)(tail.grid)
    return Errors(*(units(a, b) for a, b in zip(found, stored()[tail.name], strict=True)))


def shown(error: float) -> str:
    """An error with two digits, rounded up."""
    if not np.isfinite(error) or error < 10:
        return f"{np.ceil(error):.0f}"
    size = 10.0 ** (np.floor(np.log10(error)) - 1)
    rounded_up = np.ceil(error / size) * size
    return f"{rounded_up:.0f}" if rounded_up < 1e5 else f"{rounded_up:.1e}"


@lru_cache(maxsize=1)
def stored() -> dict[str, Any]:
    with np.load(FILE) as file:
        return {name: file[name] for name in file.files}


def computed(tail: Tail) -> Any:
    """The truth on a grid: rows for the value and both derivatives."""
    return np.array([truth(tail, float(x)) for x in tail.grid]).T


if __name__ == "__main__":
    wanted = [tail for tail in TAILS if tail.name in sys.argv[1:] or len(sys.argv) == 1]
    known = {**stored()} if FILE.exists() else {}
    known.update({tail.name: computed(tail) for tail in wanted})
    np.savez_compressed(FILE, **{tail.name: known[tail.name] for tail in TAILS if tail.name in known})
