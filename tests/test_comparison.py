"""The README's table of what works here and elsewhere: each cell is a program that is run.

`python -m tests.test_comparison` writes the table; libraries that are not installed keep what the table says of them.
"""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import backprop as bp

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- comparison: python -m tests.test_comparison -->", "<!-- end -->"


@dataclass(frozen=True, slots=True)
class Library:
    """A library: its module, its NumPy, what makes a gradient, and what compiles one, if anything does."""

    module: str
    numpy: str
    compile: str = ""

    def loaded(self) -> tuple[ModuleType, Any, Callable[..., Any]] | None:
        """The gradient of the module, its NumPy, and what compiles; None where it is not installed."""
        try:
            module = importlib.import_module(self.module)
        except ImportError:
            return None
        keep: Callable[..., Any] = getattr(module, self.compile) if self.compile else lambda f: f
        return module, importlib.import_module(self.numpy), keep


LIBRARIES = {
    "backprop": Library("backprop", "numpy", "compile"),
    "autograd": Library("autograd", "autograd.numpy"),
    "JAX": Library("jax", "jax.numpy", "jit"),
}


@dataclass(frozen=True)
class Pair:
    a: Any
    b: Any


def plain(lib: Any, xnp: Any, keep: Any) -> bool:
    def f(x: Any) -> Any:
        return np.sum(np.where(x > 0, np.concatenate([np.sin(x[:1]), x[1:]]), 2 * x))

    return np.array_equal(lib.grad(f)(np.array([-1.0, 1.0])), [2.0, 1.0])


def in_place(lib: Any, xnp: Any, keep: Any) -> bool:
    def f(x: Any) -> Any:
        out = xnp.zeros(3) if lib is not bp else bp.zeros(3)
        for k in range(3):
            out[k] = x**k
        return xnp.sum(out)

    return float(lib.grad(f)(2.0)) == 5.0


def steered(lib: Any, xnp: Any, keep: Any) -> bool:
    f = keep(lib.grad(lambda x: x * x if x > 1.0 else 3.0 * x))
    return compiled(lib, xnp, keep) and [float(f(0.5)), float(f(2.0))] == [3.0, 4.0]


def dataclasses(lib: Any, xnp: Any, keep: Any) -> bool:
    return float(lib.grad(lambda p: p.a * p.b)(Pair(2.0, 3.0)).a) == 3.0


def doubles(lib: Any, xnp: Any, keep: Any) -> bool:
    return bool(lib.grad(lambda x: xnp.sum(x * x))(np.ones(2)).dtype == np.float64)


def compiled(lib: Any, xnp: Any, keep: Any) -> bool:
    calls = []

    def f(x: Any) -> Any:
        calls.append(1)
        return xnp.sum(x * x)

    step = keep(lib.grad(f))
    return [float(step(np.ones(2))[0]) for _ in range(3)] == [2.0] * 3 and len(calls) == 1


def shared(lib: Any, xnp: Any, keep: Any) -> bool:
    """A gradient on two threads, and on a service or a cluster by the same word."""
    return bool(lib.grad(lambda x: xnp.sum(x * x), executor="threads:2")(np.ones(2))[0] == 2.0)


def chunked(lib: Any, xnp: Any, keep: Any) -> bool:
    dask = importlib.import_module("dask.array")
    rows = dask.from_array(np.ones((4, 2)), chunks=(2, 2))
    return float(lib.grad(lib.minibatch(lambda w, x: xnp.mean(x @ w), 1))(np.zeros(2), rows)[0]) == 1.0


QUESTIONS: dict[str, Callable[[Any, Any, Any], bool]] = {
    "a program that says `import numpy as np`": plain,
    "arrays that are written to: `out[k] = x**k`": in_place,
    "dataclasses as arguments, without registration": dataclasses,
    "64 bits without a setting": doubles,
    "compiled once, replayed": compiled,
    "`if` on a value in a compiled function": steered,
    "independent branches on threads, by one word": shared,
    "the chunks of a dask array, where they lie": chunked,
}


def answer(question: Callable[[Any, Any, Any], bool], library: Library) -> str | None:
    """What a cell says: "yes" or "no"; None where the library is not installed."""
    loaded = library.loaded()
    if loaded is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return "yes" if question(*loaded) else "no"
        except Exception:  # whatever a library raises over a program that it does not take
            return "no"


def written() -> dict[tuple[str, str], str]:
    """The cells of the README's table."""
    text = README.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.strip().splitlines()]
    head, _, *body = rows
    return {(row[0], name): cell for row in body for name, cell in zip(head[1:], row[1:], strict=True)}


def table() -> str:
    """The table, made anew."""
    known = written()
    lines = [f"| | {' | '.join(LIBRARIES)} |", f"| --- |{' --- |' * len(LIBRARIES)}"]
    for name, question in QUESTIONS.items():
        cells = [answer(question, library) or known[name, title] for title, library in LIBRARIES.items()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_cell_of_the_table_says_what_happens(question: str, library: str) -> None:
    found = answer(QUESTIONS[question], LIBRARIES[library])
    if found is None:
        pytest.skip(f"{library} is not installed")
    assert written()[question, library] == found


def test_the_table_has_nothing_else() -> None:
    assert set(written()) == {(question, library) for question in QUESTIONS for library in LIBRARIES}


if __name__ == "__main__":
    page = README.read_text(encoding="utf-8")
    README.write_text(
        re.sub(f"{BEGIN}.*?{END}", f"{BEGIN}\n\n{table()}\n\n{END}", page, flags=re.DOTALL), encoding="utf-8"
    )
