"""Figures, and what they should be: plain data, made from the medians of a case.

A figure whose variants were not run (a rival that is not installed) has no value, and is neither good nor short.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Medians: TypeAlias = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number beside what it should be at most.

    Arguments:
        name: what it says.
        value: the number; None where it was not measured.
        limit: at most; None where it is shown only.
        unit: of both; "" for a ratio.
    """

    name: str
    value: float | None
    limit: float | None = None
    unit: str = ""

    @property
    def mark(self) -> str:
        """SHORT or ok; - where there is nothing to compare."""
        if self.value is None or self.limit is None:
            return "-"
        return "ok" if self.value <= self.limit else "SHORT"


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure of a case should be.

    Arguments:
        name: of the figure.
        needs: the variants that it is made from.
        value: the figure from their medians; None where it does not apply.
        limit: of the figure; None where it is shown only.
        unit: of the figure.
    """

    name: str
    needs: tuple[str, ...]
    value: Callable[[Medians], float | None]
    limit: float | None
    unit: str = ""

    def figure(self, medians: Medians) -> Figure:
        """The figure that medians give."""
        known = all(name in medians for name in self.needs)
        return Figure(self.name, self.value(medians) if known else None, self.limit, self.unit)


def ratio(name: str, numerator: str, denominator: str, limit: float | None) -> Target:
    """The time of one variant by that of another."""
    return Target(name, (numerator, denominator), lambda m: m[numerator] / m[denominator], limit)


def ratio_to_best(
    name: str, numerator: str, others: tuple[str, ...], limit: float | None, some: bool = False
) -> Target:
    """The time of one variant by the least of others.

    Arguments:
        name: of the figure.
        numerator: the variant.
        others: those to compare with.
        limit: of the figure.
        some: whether it is enough that one of the others was run.
    """

    def value(medians: Medians) -> float | None:
        known = [medians[other] for other in others if other in medians]
        return medians[numerator] / min(known) if known else None

    return Target(name, (numerator,) if some else (numerator, *others), value, limit)


def seconds(name: str, variant: str, limit: float) -> Target:
    """The time of one variant itself."""
    return Target(name, (variant,), lambda m: m[variant], limit, "s")


def each(name: str, variant: str, kernel: str, count: int, limit: float) -> Target:
    """What one of `count` steps costs beyond the kernel, in microseconds."""
    return Target(name, (variant, kernel), lambda m: (m[variant] - m[kernel]) / count * 1e6, limit, "us")


def to_bound(name: str, threads: str, serial: str, workers: int, share: Callable[[], float], limit: float) -> Target:
    """The time on threads by max(T1 / P, Tinf), for work of 20 ms and more.

    Arguments:
        name: of the figure.
        threads: the variant on P threads.
        serial: the same on one, T1.
        workers: P.
        share: what gives span / work of the plan, by which T1 becomes Tinf.
        limit: of the figure.
    """

    def value(medians: Medians) -> float | None:
        one = medians[serial]
        return medians[threads] / max(one / workers, one * share()) if one >= LONG_S else None

    return Target(name, (threads, serial), value, limit)


LONG_S = 0.02
"""Seconds of serial work below which nothing is asked of threads."""
