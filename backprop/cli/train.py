"""`backprop train mnist`: train the network 784-300-100-10 on real images, its gradient in parallel.

The batch is split into shards, whose losses and gradients are independent branches of one graph. What is printed at
the end is measured in the run itself: a step is one gradient with its loss; the speed-up compares the executor with
`Serial` on the same batch, the two taking turns.
"""

from __future__ import annotations

import math
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from numpy.typing import NDArray
from rich.console import Console

import backprop as bp
from backprop.cli.executors import WORDS, check_word, opened
from backprop.examples_mnist.dataset import Dataset
from backprop.examples_mnist.network import accuracy, load, loss, one_hot, save
from backprop.examples_mnist.places import find_dataset
from backprop.examples_mnist.progress import Length, shown
from backprop.examples_mnist.training import Settings, State, Step, median_seconds, start, states, steps_per_epoch

IMAGES = 600_000
"""Images to train on in all, where the user does not say how many epochs."""
MOST_EPOCHS = 30
ROUNDS = 15
"""Steps of each executor that the speed-up is measured by."""
INTERRUPTED = 130
"""The exit status after Ctrl-C, as of a shell."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to do.

    Arguments:
        settings: of the training.
        shards: into how many parts each batch is split.
        executor: its word.
        out: where the parameters go.
    """

    settings: Settings
    shards: int
    executor: str
    out: Path


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a training came to: the last state, the seconds of each gradient, and whether Ctrl-C ended it."""

    state: State
    seconds: tuple[float, ...]
    interrupted: bool


@click.group(name="train")
def group() -> None:
    """Train a model."""


@group.command()
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the four IDX files.")
@click.option("--epochs", type=click.IntRange(1), help=f"Passes over the images; about {IMAGES:,} images if not given.")
@click.option("--batch", type=click.IntRange(1), default=256, show_default=True, help="Images a step.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), default=0.1, show_default=True, help="Step length.")
@click.option("--momentum", type=click.FloatRange(0, 1, max_open=True), default=0.9, show_default=True)
@click.option("--shards", type=click.IntRange(1), default=4, show_default=True, help="Branches a batch is split into.")
@click.option("--executor", default="threads", show_default=True, callback=check_word, metavar="WORD", help=WORDS)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed gives the same bits.")
@click.option("--limit", type=click.IntRange(1), help="Train on the first so many images only.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default="mnist.npz",
    show_default=True,
    help="File for the parameters; it is replaced.",
)
@click.pass_context
def mnist(
    context: click.Context,
    data: Path | None,
    epochs: int | None,
    batch: int,
    rate: float,
    momentum: float,
    shards: int,
    executor: str,
    seed: int,
    limit: int | None,
    out: Path,
) -> None:
    """Train a network of 28 x 28 images: MNIST, Fashion-MNIST, or others in their format."""
    console = Console(highlight=False, soft_wrap=True)
    dataset = find_dataset(data, say=console.print)
    count = min(limit or len(dataset.train_labels), len(dataset.train_labels))
    settings = Settings(epochs or default_epochs(count), min(batch, count), rate, momentum, seed)
    if run(Job(settings, shards, executor, out), dataset, count, console):
        context.exit(INTERRUPTED)


def default_epochs(count: int) -> int:
    """Give the epochs that make about `IMAGES` images, and at most `MOST_EPOCHS`."""
    return max(1, min(MOST_EPOCHS, math.ceil(IMAGES / count)))


def run(job: Job, dataset: Dataset, count: int, console: Console) -> bool:
    """Train on the first `count` images, save the parameters, and say how it went.

    Returns:
        Whether Ctrl-C ended it.
    """
    images, targets = dataset.train_images[:count], one_hot(dataset.train_labels[:count])
    _check_writable(job.out)
    with opened(job.executor) as executor:
        step = gradient_step(job.shards, executor)
        console.print(f"network 784-300-100-10 on {executor}, batches of {job.settings.batch} in {job.shards} shards")
        outcome = fit(images, targets, job.settings, step, console)
        _finish(job, dataset, outcome, console)
        if not outcome.interrupted:
            rows = slice(0, job.settings.batch)
            serial = gradient_step(job.shards, bp.Serial())
            _say_speed(outcome, step, serial, (outcome.state.net, images[rows], targets[rows]), console)
    return outcome.interrupted


def gradient_step(shards: int, executor: bp.AbstractExecutor) -> bp.Compiled:
    """Give what computes the loss of a batch and its gradient, the batch split into shards."""
    return bp.compile(bp.value_and_grad(bp.minibatch(loss, (1, 2), shards=shards)), executor=executor)


def fit(images: NDArray[Any], targets: NDArray[Any], settings: Settings, step: Step, console: Console) -> Outcome:
    """Train to the end, or until Ctrl-C.

    Errors:
        click.ClickException: the loss is not finite any more.
    """
    per_epoch = steps_per_epoch(len(images), settings.batch)
    state, seconds, interrupted = start(settings), list[float](), False
    try:
        with shown(Length(settings.epochs * per_epoch, per_epoch, settings.batch), console) as watch:
            for state in states(images, targets, settings, step):
                seconds.append(state.seconds)
                _check_finite(state)
                watch(state)
    except KeyboardInterrupt:
        interrupted = True
    return Outcome(state, tuple(seconds), interrupted)


def _check_finite(state: State) -> None:
    if not math.isfinite(state.loss):
        raise click.ClickException(f"the loss is {state.loss} at step {state.steps}; choose a smaller --rate")


def _check_writable(path: Path) -> None:
    """Find out before the work, not after it."""
    if path.exists() and not path.is_file():
        raise click.ClickException(f"cannot write the parameters to {path}: it is there, and no file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise click.ClickException(f"cannot write the parameters to {path}: {error.strerror}") from error


def _finish(job: Job, dataset: Dataset, outcome: Outcome, console: Console) -> None:
    steps = outcome.state.steps
    if outcome.interrupted:
        console.print(f"interrupted after {steps:,} steps" + ("" if steps else "; nothing to save"))
    if not steps:
        return
    save(job.out, outcome.state.net)
    share = accuracy(outcome.state.net, dataset.test_images, dataset.test_labels)
    again = accuracy(load(job.out), dataset.test_images, dataset.test_labels)
    console.print(f"test accuracy  {share:.2%} of {len(dataset.test_labels):,} images")
    console.print(f"parameters     saved in {job.out}; loaded from there, {_comparison(share, again)}")


def _comparison(share: float, again: float) -> str:
    return f"the same accuracy, {again:.2%}" if share == again else f"another accuracy, {again:.2%}"


def _say_speed(
    outcome: Outcome, step: bp.Compiled, serial: bp.Compiled, batch: tuple[Any, ...], console: Console
) -> None:
    mine, alone = median_seconds((lambda: step(*batch), lambda: serial(*batch)), ROUNDS)
    plan = step.plan(*batch)
    usual = statistics.median(outcome.seconds)
    console.print(f"time a step    {_ms(usual)} (median of {len(outcome.seconds):,})")
    console.print(f"speed-up       {alone / mine:.2f} over one thread ({_ms(mine)} against {_ms(alone)})")
    console.print(f"plan           {len(plan.tasks)} tasks; predicted work {_ms(plan.work)}, span {_ms(plan.span)}")


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms"
