"""python -m benchmarks [NAMES] [--quick] [--rivals] [--out DIR]: time the cases, and compare with the targets."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console

from . import (
    adbench,
    big_ops,
    branches,
    checkpoint,
    cluster,
    cold,
    ensemble,
    hierarchical,
    inversion,
    jacobians,
    loops,
    mnist,
    reports,
    rivals,
    rnn,
    scalar_chain,
    scaling,
    service,
    waves,
)
from .harness import Result, measure
from .report import as_json, as_markdown, show, spread

QUESTIONS = {
    module.__name__.rpartition(".")[2]: module
    for module in (
        *(mnist, ensemble, rnn, adbench, inversion, waves, hierarchical, branches, big_ops, scalar_chain),
        *(checkpoint, scaling, jacobians, loops, service, reports, cold, cluster),
    )
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(QUESTIONS)))
@click.option("--quick", is_flag=True, help="A second for each case in place of five.")
@click.option("--rivals", "with_rivals", is_flag=True, help="Time autograd, JAX and PyTorch too, where installed.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Where to write results.json and .md.")
def main(names: Sequence[str], quick: bool, with_rivals: bool, out: Path | None) -> None:
    """Time the cases of the questions NAMES, or of all of them."""
    console = Console()
    for line in rivals.skipped_lines() if with_rivals else ():
        console.print(line)
    results: list[Result] = []
    failures = 0
    for name in names or QUESTIONS:
        for outcome in outcomes(name, 1.0 if quick else 5.0, with_rivals):
            if isinstance(outcome, Result):
                show(outcome, console)
                results.append(outcome)
            else:
                console.print(outcome, style="red", markup=False)
                failures += 1
    console.print(f"spread of the control: {spread(results)}")
    if out is not None:
        write(results, out)
    raise SystemExit(1 if failures else 0)


def outcomes(name: str, seconds: float, with_rivals: bool) -> Iterator[Result | str]:
    """The results of a question; of a case that fails, why it did, so that the others are still measured."""
    for case in QUESTIONS[name].cases(with_rivals=with_rivals):
        try:
            yield measure(case, seconds)
        except Exception:
            yield f"{case.name} FAILED\n{traceback.format_exc()}"


def write(results: Sequence[Result], out: Path) -> None:
    """Write results.json and results.md."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(as_json(results), encoding="utf-8")
    (out / "results.md").write_text(as_markdown(results), encoding="utf-8")


if __name__ == "__main__":
    main()
