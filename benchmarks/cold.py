"""What does the first call cost? Graphs that are new, and first calls in processes of their own.

A user meets first calls first: a loop whose length differs at each call never gets a plan, and a script calls most
functions once. So here nothing is warm: each variant of the loops runs with a length that no call before had, and the
other figures are seconds and bytes of a child that does nothing else (`python -m benchmarks.cold NAME VARIANT`).
"""

from __future__ import annotations

import itertools
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import backprop as bp

from . import ensemble, rivals
from .harness import Case, Variant
from .memory import child
from .scalar_chain import chain
from .targets import Figure, ratio


@dataclass(frozen=True, slots=True)
class Sizes:
    """Elements of the loops' arrays and their steps; whether children measure first calls, at full size."""

    small: int = 10
    large: int = 10_000
    steps: int = 60
    children: bool = True


FULL, TINY = Sizes(), Sizes(3, 5, 2, False)
MEGABYTE = 1 << 20


def cases(sizes: Sizes = FULL, with_rivals: bool = False) -> Iterator[Case]:
    """Loops of ever new lengths, then first calls."""
    for count in (sizes.small, sizes.large):
        yield new_loops(count, sizes.steps, with_rivals)
    if sizes.children:
        yield Case("first calls", {}, measures=partial(first_calls, with_rivals))


# Loops that are new at each call.


def loop(steps: int, xp: Any, x: Any) -> Any:
    """Some 260 ops at 65 steps."""
    for _ in range(steps):
        x = xp.sin(x) * 1.01 + 0.1 * x
    return xp.sum(x)


def hand_loop_gradient(steps: int, x: Any) -> Any:
    """The gradient of the loop, in one walk."""
    slope = np.ones_like(x)
    for _ in range(steps):
        slope = slope * (np.cos(x) * 1.01 + 0.1)
        x = np.sin(x) * 1.01 + 0.1 * x
    return slope


def new_loops(count: int, steps: int, with_rivals: bool) -> Case:
    x = np.linspace(0.1, 0.9, count)
    grads = {"backprop": lambda f: bp.grad(partial(f, np))}
    if with_rivals and rivals.module("autograd") is not None:
        module, names = rivals.module("autograd"), rivals.module("autograd.numpy")
        grads["autograd"] = lambda f: module.grad(partial(f, names))
    variants = {
        "by hand": Variant(lambda: hand_loop_gradient(steps, x), blas=1),
        **{name: Variant(ever_new(grad, steps, x)) for name, grad in grads.items()},
    }
    targets = (ratio("a loop that is new / autograd", "backprop", "autograd", 1.0),)
    return Case(f"loops of ever new lengths, {count} numbers", variants, "by hand", targets, 1e-9)


def ever_new(grad: Callable[[Any], Callable[[Any], Any]], steps: int, x: Any) -> Callable[[], Any]:
    """Calls a gradient of a loop that no call before had: of a constant that differs in its last digits."""
    fresh = itertools.count(1)

    def call() -> Any:
        scale = 1.0 + 1e-15 * next(fresh)
        return grad(lambda xp, x: loop(steps, xp, x * scale))(x)

    return call


# First calls, in processes of their own.


def trajectory(xp: Any, rates: Any, start: Any, steps: int, h: float = 0.01) -> Any:
    """Predator and prey by RK4, a step at a time, as in a loop of NumPy."""
    a, b, c, d = rates
    x, y = start
    for _ in range(steps):
        k = [(0.0, 0.0)]
        for share in (0.0, 0.5, 0.5, 1.0):
            u, v = x + share * h * k[-1][0], y + share * h * k[-1][1]
            k.append((a * u - b * u * v, c * u * v - d * v))
        x = x + h / 6 * (k[1][0] + 2 * k[2][0] + 2 * k[3][0] + k[4][0])
        y = y + h / 6 * (k[1][1] + 2 * k[2][1] + 2 * k[3][1] + k[4][1])
    return (x - 1.0) ** 2 + (y - 1.0) ** 2


def experiments(xp: Any, rates: Any, steps: int = 1000, count: int = 16) -> Any:
    return sum(trajectory(xp, rates, (1.0 + 0.1 * k, 2.0), steps) for k in range(count))


def chain_loss(xp: Any, x: Any) -> Any:
    return chain(200_000, xp, x)


RATES = tuple(map(np.float64, (1.1, 0.4, 0.1, 0.4)))


def first_calls(with_rivals: bool) -> Sequence[Figure]:
    """Seconds and bytes of first calls beside what they should be."""
    ours_chain, chain_bytes = first_call("chain", "backprop")
    rk4_s, rk4_bytes = first_call("rk4", "backprop")
    nets_s, _ = first_call("ensemble", "backprop")
    hand_s, _ = first_call("ensemble", "by hand")
    torch = with_rivals and rivals.module("torch") is not None
    beside = ours_chain / first_call("chain", "torch")[0] if torch else None
    return (
        Figure("2 * 10^5 scalar ops: first call", ours_chain, 2.0, "s"),
        Figure("2 * 10^5 scalar ops: first call / PyTorch", beside, 1.0),
        Figure("2 * 10^5 scalar ops: memory", chain_bytes / MEGABYTE, 200.0, "MB"),
        Figure("RK4, 16 experiments: first call", rk4_s, 10.0, "s"),
        Figure("RK4, 16 experiments: memory", rk4_bytes / MEGABYTE, 300.0, "MB"),
        Figure("ensemble: first call / by hand", nets_s / hand_s, 2.0),
        Figure("import backprop; backprop.grad / numpy and scipy.special", imported(), 1.2),
    )


def imported(rounds: int = 5) -> float:
    """The seconds of importing what a gradient needs by those of NumPy and scipy.special; the least of each."""
    with TemporaryDirectory() as folder:  # for byte-code, which the environment may forbid to keep: it is no part of it
        known = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        known.pop("PYTHONDONTWRITEBYTECODE", None)
        least = {text: min([_import_s(text, known) for _ in range(1 + rounds)]) for text in (THEIRS, THEIRS + OURS)}
    return least[THEIRS + OURS] / least[THEIRS]


THEIRS, OURS = "import numpy, scipy.special\n", "import backprop; backprop.grad\n"


def _import_s(text: str, environment: Mapping[str, str]) -> float:
    """The processor seconds that a process of its own takes for some imports."""
    script = f"import time; start = time.process_time()\n{text}print(time.process_time() - start)"
    words = [sys.executable, "-c", script]
    return float(subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout)


def first_call(name: str, variant: str) -> tuple[float, int]:
    """The seconds of a first call in a process of its own, and the bytes by which it grew."""
    seconds, grown = child("benchmarks.cold", name, variant).split()
    return float(seconds), int(grown)


def prepared(name: str, variant: str) -> Callable[[], Any]:
    """What a child calls, once."""
    if name == "ensemble":
        nets, series = ensemble.data(ensemble.FULL)
        if variant == "by hand":
            return lambda: ensemble.hand_gradient(nets, series)
        return lambda: bp.grad(partial(ensemble.loss, np))(nets, series)
    loss, argument = {"chain": (chain_loss, np.float64(0.7)), "rk4": (experiments, RATES)}[name]
    if variant == "backprop":
        return lambda: bp.grad(partial(loss, np))(argument)
    return rivals.gradients(loss, argument)[variant].run


def main(name: str, variant: str) -> None:
    """Print the seconds and the bytes of the first call."""
    call = prepared(name, variant)
    before = peak_bytes()
    start = time.perf_counter()
    call()
    seconds = time.perf_counter() - start
    print(seconds, peak_bytes() - before)


def peak_bytes(status: Path = Path("/proc/self/status")) -> int:
    """The most bytes that this process has had in memory; `ru_maxrss` has those of the parent before `exec`, too."""
    if status.exists():
        return 1024 * int(re.findall(r"VmHWM:\s*(\d+)", status.read_text(encoding="ascii"))[0])
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
