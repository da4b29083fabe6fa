"""Results as JSON, as Markdown, and on the terminal: each figure beside its target, and what falls short."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import backprop as bp

from .harness import NOISY, Result
from .targets import Figure

TIMES = ("median", "to the reference", "spread", "rounds", "first call")


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "backprop": bp.__version__,
    }


def as_json(results: Sequence[Result]) -> str:
    """All that was measured."""
    cases = [
        {**asdict(result), "noisy": result.noisy, "figures": [figure_row(figure) for figure in result.figures]}
        for result in results
    ]
    return json.dumps({"machine": machine(), "cases": cases}, indent=2) + "\n"


def figure_row(figure: Figure) -> dict[str, Any]:
    return {**asdict(figure), "mark": figure.mark}


def as_markdown(results: Sequence[Result]) -> str:
    """Two tables: the figures beside their targets, and the times they are made from."""
    facts = ", ".join(f"{key} {value}" for key, value in machine().items())
    figures = [(r.case + (" (noisy)" if r.noisy else ""), *cells(f)) for r in results for f in r.figures]
    times = [row for r in results for row in time_rows(r)]
    return "\n".join([
        f"Measured on: {facts}. Spread of the control: {spread(results)}.",
        "",
        *markdown_table(("case", "figure", "target", "measured", ""), figures),
        "",
        *markdown_table(("case", "variant", *TIMES), times),
        "",
    ])  # fmt: skip


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def cells(figure: Figure) -> tuple[str, str, str, str]:
    """Name, target, measured, mark."""
    limit = "" if figure.limit is None else f"<= {number(figure.limit, figure.unit)}"
    return figure.name, limit, "-" if figure.value is None else number(figure.value, figure.unit), figure.mark


def number(value: float, unit: str) -> str:
    return f"{value:.3g} {unit}".strip()


def time_rows(result: Result) -> Iterator[tuple[str, ...]]:
    for name, timing in result.timings.items():
        relative = timing.median / result.timings[result.reference].median
        yield (
            *(result.case, name, duration(timing.median), f"{relative:.2f}"),
            *(f"{timing.spread:.0%}", str(timing.rounds), duration(timing.first)),
        )


def duration(seconds: float) -> str:
    """Seconds in a unit that fits."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def spread(results: Sequence[Result]) -> str:
    """The spread of the control, and whether it makes the run a noisy one."""
    spreads = [result.control.spread for result in results if result.control is not None]
    worst = max(spreads, default=0.0)
    noisy = f", above {NOISY:.0%}: NOISY, measure again on a quiet machine" if worst > NOISY else ""
    return f"{worst:.0%} at worst{noisy}"


def show(result: Result, console: Console) -> None:
    """One case on the terminal: its times, and its figures."""
    table = Table(title=result.case + (" (noisy)" if result.noisy else ""), title_justify="left")
    for head in ("variant", *TIMES):
        table.add_column(head)
    for _, *row in time_rows(result):
        table.add_row(*row)
    if result.timings:
        console.print(table)
    figures = Table("figure" if result.timings else result.case, "target", "measured", "")
    for figure in result.figures:
        style = "bold red" if figure.mark == "SHORT" else ""
        figures.add_row(*cells(figure), style=style)
    if result.figures:
        console.print(figures)
