"""Do reports say what is true? What a profile adds to the runs that it times, and whether edits gain what `what_if`
says.

Each edit is made for good: the function is compiled with it, and timed beside the one without. Edits change no result,
so that both can be compared: a solver does its work twice and then once; a line that prepares data is left out, as its
value comes as an argument; a branch whose result does not count is left out.

How well predictions hold, and whether advice is right, is asked of every workload by `ours.common_targets`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import backprop as bp
from backprop.api.watching import timed

from . import ours
from .harness import Case, Variant
from .targets import Medians, Target, ratio


@dataclass(frozen=True, slots=True)
class Sizes:
    """Rows and columns of the arrays; how many branches; steps of a solver."""

    rows: int = 5_000
    columns: int = 20
    branches: int = 8
    steps: int = 12


FULL, TINY = Sizes(), Sizes(50, 3, 2, 2)


def cases(sizes: Sizes = FULL, with_rivals: bool = False) -> Iterator[Case]:
    """Three overheads, and three edits."""
    rng = np.random.default_rng(0)
    w, x = rng.normal(size=sizes.columns), rng.normal(size=(sizes.rows, sizes.columns))
    yield from overheads(w, x, sizes)
    yield solver(w, x, sizes)
    yield prepared(w, x, sizes)
    yield left_out(w, x, sizes)


def edited(name: str, before: Variant, after: Variant, report: Callable[[], Any], line: str, factor: float) -> Case:
    """A case: how far what an edit takes is from what was said of it, in either direction.

    Arguments:
        name: of the case.
        before, after: without and with the edit.
        report: profiles what is without it.
        line: that was edited.
        factor: by which its time is multiplied.
    """

    def apart(medians: Medians) -> float:
        found = report().what_if({line: factor})
        share = found.speed_up / (medians["before"] / medians["after"])
        return max(share, 1 / share)

    target = Target("gain by what_if / gain of the edit, or the reverse", ("before", "after"), apart, 1.1)
    gain = ratio("after / before", "after", "before", None)
    return Case(f"what_if: {name}", {"before": before, "after": after}, "before", (target, gain))


def line_of(f: Callable[..., Any], offset: int) -> str:
    """A line of a function, as `what_if` takes it."""
    code = f.__code__
    return f"{code.co_filename.rpartition('/')[2]}:{code.co_firstlineno + offset}"


def step_of(f: Callable[..., Any], *args: Any, executor: bp.AbstractExecutor = ours.THREADS) -> tuple[Variant, Any]:
    """A compiled gradient as a variant, and what profiles it."""
    step = bp.compile(bp.value_and_grad(f), executor=executor)
    return Variant(lambda: step(*args)), lambda: bp.profile(step, *args, repeat=15)


# The cases.


def branch(w: Any, x: Any, k: int) -> Any:
    """A branch of some milliseconds."""
    return np.mean(np.tanh(np.exp(np.sin(x + k)) @ w) ** 2)


def overheads(w: Any, x: Any, sizes: Sizes) -> Iterator[Case]:
    """What a watch adds to a call that it times: branches on two threads, one task of products, a chain of ops."""
    rng = np.random.default_rng(0)
    square = rng.normal(size=(20 * sizes.columns, 20 * sizes.columns)) / 20

    def branches(w: Any, x: Any) -> Any:
        return sum(branch(w, x, k) for k in range(sizes.branches))

    def products(a: Any) -> Any:
        return np.sum(np.tanh(a @ a))

    def chain(x: Any) -> Any:
        for _ in range(4 * sizes.steps):
            x = np.tanh(x + 0.1)
        return np.sum(x)

    yield overhead(branches, w, x, executor=ours.THREADS)
    yield overhead(products, square, executor=ours.SERIAL)
    yield overhead(chain, x[: len(x) // 10 + 1], executor=ours.SERIAL)


def overhead(f: Callable[..., Any], *args: Any, executor: bp.AbstractExecutor) -> Case:
    """What a watch adds to calls of the gradient of a function."""
    step = bp.compile(bp.value_and_grad(f), executor=executor)
    variants = {"plain": Variant(lambda: step(*args)), "watched": Variant(partial(watched, step, *args))}
    target = ratio("watched / plain", "watched", "plain", 1.02)
    return Case(f"profile: overhead, {f.__name__}", variants, "plain", (target,))


def watched(step: Callable[..., Any], *args: Any) -> Any:
    """The result of a call, watched as `profile` does."""
    results: list[Any] = []
    timed(lambda: results.append(step(*args)))
    return results[0]


def solver(w: Any, x: Any, sizes: Sizes) -> Case:
    """Half the time of an op of the user's own, in all branches, on two threads: half of the steps that it makes.

    Its arrays are small: the memory that a call takes anew for large ones costs the same for half of the steps.
    """
    x = x[: len(x) // 10 + 1]
    simulate = {
        part: bp.op(partial(_solved, steps), partial(_solved_back, steps), like=0)
        for part, steps in ((1, 4 * sizes.steps), (2, 8 * sizes.steps))
    }

    def loss(part: int, w: Any, x: Any) -> Any:
        total = 0.0
        for k in range(sizes.branches):
            total = total + np.sum(np.tanh(simulate[part](w + k, x)))
        return total

    before, report = step_of(partial(loss, 2), w, x)
    after, _ = step_of(partial(loss, 1), w, x)
    return edited("an op at half its time", before, after, report, line_of(loss, 3), 0.5)


def _solved(steps: int, w: Any, x: Any) -> Any:
    y = w
    for step in range(steps):
        y = np.tanh(np.sin(x * y).mean(axis=0) + w) if step % 4 else w  # begun anew, so that all lead to one result
    return y, (w, x)


def _solved_back(steps: int, kept: Any, g: Any) -> Any:
    w, x = kept
    y = g
    for step in range(steps):
        y = g * np.cos(x * w).mean(axis=0) + 0.5 * y if step % 4 else g
    return y, None


def prepared(w: Any, x: Any, sizes: Sizes) -> Case:
    """A line that prepares data left out, in one thread."""

    def loss(w: Any, x: Any) -> Any:
        ready = np.exp(np.sin(x) * 0.5)
        return np.mean(np.tanh(ready * w) ** 2)

    def short(w: Any, ready: Any) -> Any:
        return np.mean(np.tanh(ready * w) ** 2)

    before, report = step_of(loss, w, x, executor=ours.SERIAL)
    after, _ = step_of(short, w, np.exp(np.sin(x) * 0.5), executor=ours.SERIAL)
    return edited("data prepared before", before, after, report, line_of(loss, 1), 0.0)


def left_out(w: Any, x: Any, sizes: Sizes) -> Case:
    """One large branch beside small ones left out, on two threads: its result is multiplied by zero."""
    small = x[: len(x) // 4 + 1]

    def loss(w: Any, x: Any, small: Any) -> Any:
        total = 0.0 * np.sum(np.tanh(np.exp(np.sin(x * w))))
        for k in range(sizes.branches):
            total = total + np.sum(np.tanh(np.exp(np.sin(small * (w + k)))))
        return total

    def short(w: Any, x: Any, small: Any) -> Any:
        total = 0.0
        for k in range(sizes.branches):
            total = total + np.sum(np.tanh(np.exp(np.sin(small * (w + k)))))
        return total

    before, report = step_of(loss, w, x, small)
    after, _ = step_of(short, w, x, small)
    return edited("a branch left out", before, after, report, line_of(loss, 1), 0.0)
