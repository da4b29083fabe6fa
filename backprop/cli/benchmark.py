"""`backprop bench`: the benchmarks of the checkout that this package was installed from, or a small one of its own.

The benchmarks stand beside the package in the repository and are not installed with it. Without them, the gradient of
the network of `backprop train mnist` is timed: on one thread, on two, and beside the loss in plain NumPy.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table

import backprop as bp
from backprop.examples_mnist.network import loss, new_network

ROOT = Path(__file__).parents[2]
"""Where `benchmarks/` lies in a checkout."""

ROUNDS, IMAGES = 20, 1024


@click.command("bench", context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def bench(context: click.Context, words: tuple[str, ...]) -> None:
    """Time gradients beside their targets; WORDS as of `python -m benchmarks`, such as `mnist --quick`."""
    if (ROOT / "benchmarks" / "__main__.py").is_file():
        context.exit(subprocess.run([sys.executable, "-m", "benchmarks", *words], cwd=ROOT).returncode)
    if words:
        raise click.ClickException(
            "the benchmarks are not installed with the package: clone the repository, and run `make bench` there"
        )
    Console(highlight=False).print(small(ROUNDS, IMAGES))


def small(rounds: int, images: int) -> Table:
    """A table of what the gradient of the network of `backprop train mnist` takes.

    Arguments:
        rounds: how often each case is timed, in turn with the others.
        images: of a batch.
    """
    rng = np.random.default_rng(0)
    given = new_network(rng), rng.uniform(size=(images, 784)), np.eye(10)[rng.integers(10, size=images)]
    gradient = bp.value_and_grad(bp.minibatch(loss, (1, 2), shards=2))
    cases: dict[str, Callable[..., Any]] = {
        "the loss in NumPy": loss,
        "with its gradient, one thread": bp.compile(gradient, executor="serial"),
        "with its gradient, two threads": bp.compile(gradient, executor="threads:2"),
    }
    taken = timed(list(cases.values()), given, rounds)
    table = Table("", "ms", "the loss = 1", title=f"784-300-100-10, {images} images")
    for name, seconds in zip(cases, taken, strict=True):
        table.add_row(name, f"{1e3 * seconds:.2f}", f"{seconds / taken[0]:.2f}")
    return table


def timed(functions: Sequence[Callable[..., Any]], given: Sequence[Any], rounds: int) -> list[float]:
    """Median seconds of functions that are called in turn, after two calls each that do not count."""
    rows = []
    for k in range(rounds + 2):
        row = []
        for function in functions:
            start = time.perf_counter()
            function(*given)
            row.append(time.perf_counter() - start)
        rows += [row] if k > 1 else []
    return [statistics.median(column) for column in zip(*rows, strict=True)]
