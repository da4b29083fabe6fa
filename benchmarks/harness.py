"""Cases, and how they are timed: every variant in turn, round after round, medians at the end.

A round times each variant once, and a fixed kernel of NumPy beside them, in an order drawn anew. What disturbs the
machine for a while then disturbs all variants alike, and shows in the kernel: where its times spread by more than a
tenth, the case is noisy. A quick variant is called several times in a row, behind one call that does not count: neither
the clock nor what the variant before left in the caches is part of the figure. Threads that go on spinning for a while
when their work is done (those of OpenMP, OpenBLAS, JAX) are waited for. Before a case is timed, all its variants must
agree with the reference.

Source: A. Georges, D. Buytaert, L. Eeckhout, Statistically rigorous Java performance evaluation, OOPSLA 2007.
Limits: a median of few rounds says little about differences below a tenth.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import optree

from backprop.scheduler.machine.blas import blas_threads

from .targets import Figure, Target

SAMPLE_S = 1e-3
"""Seconds that a sample takes at least."""

ROUNDS = 3
"""Rounds of a case at least, however long they take."""

NOISY = 0.1
"""The spread of the control above which a run is noisy."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to compute what a case asks for.

    Arguments:
        run: computes it.
        blas: the threads of BLAS meanwhile; None leaves them to whoever runs.
        settle: seconds to wait when it is done, while threads of its own come to rest.
    """

    run: Callable[[], Any]
    blas: int | None = None
    settle: float = 0.0


def by_hand(run: Callable[..., Any], *args: Any) -> Variant:
    """Plain NumPy on one BLAS thread."""
    return Variant(lambda: run(*args), blas=1)


@dataclass(frozen=True, slots=True)
class Case:
    """One question: ways to compute the same thing.

    Arguments:
        name: of the case.
        variants: the ways, by name.
        reference: the name of the one that all others are compared with.
        targets: what the figures should be.
        tolerance: how far a result may be from the reference's, relative to its largest number.
        measures: figures that are no times of variants, such as memory.
    """

    name: str
    variants: Mapping[str, Variant]
    reference: str = ""
    targets: tuple[Target, ...] = ()
    tolerance: float = 1e-8
    measures: Callable[[], Sequence[Figure]] = tuple


@dataclass(frozen=True, slots=True)
class Timing:
    """The seconds of a call.

    Arguments:
        median: of the rounds.
        spread: between the quartiles, relative to the median.
        rounds: how many.
        first: of the very first call, with all that is traced, planned and compiled for it.
    """

    median: float
    spread: float
    rounds: int
    first: float = 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """What a case gave.

    Arguments:
        case: its name.
        reference: the name of the variant to compare with.
        timings: of the variants.
        control: of the fixed kernel.
        figures: beside their targets.
    """

    case: str
    reference: str
    timings: Mapping[str, Timing]
    control: Timing | None
    figures: tuple[Figure, ...]

    @property
    def noisy(self) -> bool:
        """Whether the machine was disturbed."""
        return self.control is not None and self.control.spread > NOISY


def measure(case: Case, seconds: float) -> Result:
    """Check a case, time it, and compare with its targets.

    Arguments:
        case: the case.
        seconds: for all its rounds; there are three at least.
    Errors:
        AssertionError: two variants do not agree.
    """
    gc.collect()
    firsts = check(case)
    timings = time_all(case.variants, seconds) if case.variants else {}
    control = timings.pop(CONTROL, None)
    timings = {name: replace(timings[name], first=first) for name, first in firsts.items()}
    medians = {name: timing.median for name, timing in timings.items()}
    figures = (*(target.figure(medians) for target in case.targets), *case.measures())
    return Result(case.name, case.reference, timings, control, figures)


# Agreement.


def check(case: Case) -> dict[str, float]:
    """Run every variant once, and compare with the reference.

    Arguments:
        case: the case.
    Returns:
        the seconds of each variant's first call.
    Errors:
        AssertionError: a variant that gives something else.
    """
    firsts: dict[str, float] = {}
    expected = None
    for name in sorted(case.variants, key=lambda name: name != case.reference):
        result, firsts[name] = run(case.variants[name])
        expected = leaves(result) if expected is None else expected
        assert_close(f"{case.name}: {name}", leaves(result), expected, case.tolerance)
    return firsts


def run(variant: Variant) -> tuple[Any, float]:
    """The result of a variant, and the seconds that it took."""
    with blas_threads(variant.blas):
        start = time.perf_counter()
        return variant.run(), time.perf_counter() - start


def leaves(result: Any) -> list[Any]:
    """The arrays of a result, whatever their containers."""
    return [np.asarray(leaf) for leaf in optree.tree_leaves(result)]


def assert_close(name: str, got: Sequence[Any], expected: Sequence[Any], tolerance: float) -> None:
    """Compare arrays.

    Arguments:
        name: for the error.
        got, expected: what is compared.
        tolerance: relative to the largest number of an array.
    Errors:
        AssertionError: another number of arrays, another shape, or a difference beyond the tolerance.
    """
    assert len(got) == len(expected), f"{name} gives {len(got)} arrays, not {len(expected)}"
    for k, (a, b) in enumerate(zip(got, expected, strict=True)):
        assert a.shape == b.shape, f"{name}: array {k} has shape {a.shape}, not {b.shape}"
        assert a.dtype == b.dtype, f"{name}: array {k} is {a.dtype}, not {b.dtype}"
        worst = np.max(np.abs(a - b), initial=0.0)
        allowed = tolerance * np.max(np.abs(b), initial=1e-30)
        assert worst <= allowed, f"{name}: array {k} is off by {worst:.2g}, allowed is {allowed:.2g}"


# Time.

SETTLING = 5
"""Calls after which a plan is cut as it was measured."""

CONTROL = "control"
"""The name under which the fixed kernel is timed."""


def time_all(variants: Mapping[str, Variant], seconds: float) -> dict[str, Timing]:
    """The timing of each variant and of the control, in interleaved rounds.

    Arguments:
        variants: by name; each has run once.
        seconds: for all rounds together.
    """
    everything = {**variants, CONTROL: control()}
    counts = {name: calls(variant) for name, variant in everything.items()}
    samples: dict[str, list[float]] = {name: [] for name in everything}
    end = time.perf_counter() + seconds
    for names in rounds(list(everything)):
        for name in names:
            samples[name].append(sample(everything[name], counts[name]))
        if time.perf_counter() > end and len(samples[CONTROL]) >= ROUNDS:
            return {name: timing(values) for name, values in samples.items()}
    raise AssertionError("rounds never end")


def rounds(names: list[str]) -> Iterator[list[str]]:
    """The names again and again, each time in another order: no variant always runs behind the same one."""
    rng = random.Random(0)
    while True:
        yield rng.sample(names, len(names))


def calls(variant: Variant) -> int:
    """How many calls make a sample; by the quickest of several, as the first ones may be measured and planned anew."""
    once = min(sample(variant, 1) for _ in range(SETTLING))
    return max(1, min(10_000, round(SAMPLE_S / max(once, 1e-9))))


def sample(variant: Variant, count: int) -> float:
    """Seconds of one call, from `count` in a row."""
    call = variant.run
    with blas_threads(variant.blas):
        if count > 1:
            call()
        start = time.perf_counter()
        for _ in range(count):
            call()
        spent = time.perf_counter() - start
    time.sleep(variant.settle)
    return spent / count


def timing(samples: Sequence[float]) -> Timing:
    """The median of samples, and how far apart the quartiles are."""
    median = statistics.median(samples)
    low, _, high = statistics.quantiles(samples, n=4, method="inclusive")
    return Timing(median, (high - low) / median, len(samples))


def control() -> Variant:
    """A kernel that never changes: one product and one elementwise function, some milliseconds."""
    a = np.linspace(0.0, 1.0, 300 * 300).reshape(300, 300)
    return Variant(lambda: np.tanh(a @ a).sum(), blas=1)
