"""`backprop doctor`: what this installation runs on, what to set, and the cost model.

With `--calibrate` it measures the rates of the machine, refines them by the times of a training step, and keeps them in
the user's cache folder. Where BLAS has better kernels, a child process measures with those too.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table

import backprop as bp
from backprop.cli.restart import LONG
from backprop.examples_mnist.network import loss, new_network, one_hot
from backprop.scheduler.calibration import calibrate, refined
from backprop.scheduler.events import Recorder
from backprop.scheduler.machine.blas_architecture import CORETYPE, Library, better_architecture, libraries, processor
from backprop.scheduler.machine.cores import usable_cores
from backprop.scheduler.machine.cost import Machine
from backprop.scheduler.machine.profile import Profile, key, load, save, this_file
from backprop.scheduler.planning.partition import partition
from backprop.scheduler.planning.planner import make_plan

PACKAGES = ("numpy", "scipy", "dask", "distributed", "threadpoolctl", "optree")
EVERYWHERE = "Other kernels give other bits: set it for all processes of a run, or for none."
STEPS = 20
"""Steps of the training that the rates are refined by."""

RATES = {
    "blas_per_s": ("products of matrices", 1e9, "Gflop/s"),
    "elements_per_s": ("arithmetic", 1e9, "G operations/s"),
    "functions_per_s": ("functions", 1e9, "G operations/s"),
    "single": ("single over double precision", 1.0, "times"),
    "cache_bytes": ("cache of a core", 1e6, "MB"),
    "bytes_per_s": ("memory beyond the cache", 1e9, "GB/s"),
    "call_s": ("a call of NumPy", 1e-6, "us"),
    "view_s": ("a view", 1e-6, "us"),
    "link_bytes_per_s": ("between processes (not measured)", 1e9, "GB/s"),
    "task_s": ("a task on threads", 1e-6, "us"),
}
"""Each rate of Machine: what to call it, and its unit."""


@dataclass(frozen=True, slots=True)
class Model:
    """A cost model, and the architecture of the BLAS kernels that it is for."""

    architecture: str
    profile: Profile


@click.command(name="doctor")
@click.option(
    "--calibrate", "measure", is_flag=True, help="Measure this machine's rates, and keep them: a few seconds."
)
def command(measure: bool) -> None:
    """Show what backprop runs on here, and what to set."""
    console, found = Console(highlight=False, soft_wrap=True), libraries()
    better = better_name(found)
    if measure:
        with console.status("measuring"):
            measure_all(found, better)
    console.print(software(), hardware(), blas(found), advice(found, better, os.environ.get(CORETYPE, "")), sep="\n")
    console.print(cost_model(models(found, better)))
    console.print(
        f"kept in {this_file()}" if this_file().exists() else "not calibrated: see `backprop doctor --calibrate`"
    )


def better_name(found: Sequence[Library]) -> str:
    """The kernels that BLAS should run, "" where there are no better ones."""
    return next(filter(None, [better_architecture(library, processor()) for library in found]), "")


# What there is.


def software() -> Table:
    """The versions."""
    gil = "with" if getattr(sys, "_is_gil_enabled", lambda: True)() else "without"
    rows = [("Python", f"{platform.python_version()} {platform.python_implementation()}, {gil} the GIL")]
    rows += [("backprop", bp.__version__), *[(name, version(name)) for name in PACKAGES]]
    return _table("Software", ("", ""), rows)


def hardware() -> Table:
    """The processor and its cores."""
    cores = f"{usable_cores()} usable of {os.cpu_count()}"
    return _table("Hardware", ("", ""), [("processor", processor().model), ("cores", cores)])


def blas(found: Sequence[Library]) -> Table:
    """The BLAS libraries; while a plan runs each has one thread, unless an executor says otherwise."""
    rows = [(x.name, x.version, x.architecture, str(x.threads), "/".join(Path(x.path).parts[-2:])) for x in found]
    return _table("BLAS", ("library", "version", "kernels", "threads outside of runs", "file"), rows)


def advice(found: Sequence[Library], better: str, picked: str) -> str:
    """What to set.

    Arguments:
        found: the BLAS libraries.
        better: kernels that they should run, "" for none.
        picked: kernels that the environment asks for, "" for none.
    """
    if not better:
        return "BLAS runs no kernels that are known to be too old for this processor."
    running = ", ".join(sorted({library.architecture for library in found}))
    what = f"BLAS runs kernels for an older processor, {running}; this one can run {better}."
    if picked:
        return f"{what} The environment asks for that: unset {CORETYPE}={picked}, or set it to {better}. {EVERYWHERE}"
    long = f"Long commands ({', '.join(LONG)}) set {CORETYPE}={better} themselves"
    return f"{what} {long}; in programs of your own set it before NumPy is loaded. {EVERYWHERE}"


# The cost model.


def models(found: Sequence[Library], better: str) -> list[Model]:
    """The rates that are known, with the kernels as they are and with better ones."""
    running = ", ".join(sorted({library.architecture for library in found})) or "BLAS"
    choices = [(running, found)]
    if better:
        choices.append((better, [library._replace(architecture=better) for library in found]))
    return [Model(name, load(this_file(), key(choice))) for name, choice in choices]


def cost_model(shown: Sequence[Model]) -> Table:
    """The rates, a column for each choice of kernels."""
    rows = [
        (name, *[f"{getattr(model.profile.machine, rate) / unit:,.4g}" for model in shown], suffix)
        for rate, (name, unit, suffix) in RATES.items()
    ]
    rows.append(("measured", *[model.profile.when or "never: defaults" for model in shown], ""))
    return _table("Cost model (one core)", ("", *[f"kernels {model.architecture}" for model in shown], ""), rows)


def measure_all(found: Sequence[Library], better: str) -> None:
    """Measure and keep the rates; a child process does so with better kernels."""
    measured = by_training(calibrate())
    try:
        save(this_file(), key(found), Profile(measured, datetime.now(UTC).isoformat(timespec="seconds")))
    except OSError as error:
        raise click.ClickException(f"cannot write the rates to {this_file()}: {error.strerror}") from error
    if better and os.environ.get(CORETYPE) != better:
        words = [sys.executable, "-m", "backprop", "doctor", "--calibrate"]
        in_child(words, {**os.environ, CORETYPE: better}, better)


def in_child(words: Sequence[str], environment: Mapping[str, str], better: str) -> None:
    """Measure in a child process.

    Arguments:
        words: the command.
        environment: of the child, which picks the kernels.
        better: the kernels, for errors.
    Errors:
        ClickException: the child fails; it says how, with the last line that the child wrote.
    """
    try:
        subprocess.run(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    except (subprocess.CalledProcessError, OSError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        raise click.ClickException(
            f"the rates with the kernels as they are were measured and kept, but not those with {better}: the child"
            f" process that measures with {CORETYPE}={better} failed ({said[-1]}). Try it by hand:"
            f" {CORETYPE}={better} {' '.join(words[-3:])}"
        ) from error


def by_training(machine: Machine, batch: int = 256) -> Machine:
    """The rates, refined by the times of some steps of the example network.

    Arguments:
        machine: the rates.
        batch: images a step.
    """
    recorder, rng = Recorder(), np.random.default_rng(0)
    images, targets = rng.random((batch, 784), np.float32), one_hot(rng.integers(0, 10, batch))
    step = bp.compile(bp.value_and_grad(loss), executor=bp.Serial(recorder=recorder))
    net = new_network(rng)
    step(net, images, targets)
    recorder.clear()
    for _ in range(STEPS):
        step(net, images, targets)
    graph = step.graph(net, images, targets)
    return refined(machine, make_plan(graph, partition(graph, 1, 0.0, machine), machine), recorder.events)


def _table(title: str, columns: Iterable[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left", show_header=any(columns := tuple(columns)))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
