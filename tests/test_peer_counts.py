"""The README's counts of functions with derivatives, here and elsewhere: each library is asked for what it has.

Counted are names of NumPy's and SciPy's that are no constants (docs/coverage.md lists these) and may be given something
traced. A name counts here where it has an op or a namesake, or writes into a traced array; in autograd where it is in
its tables of rules, or made of functions that are; in JAX where its module has the name. Of scipy.stats distributions
count, by their log densities.

`python -m tests.test_peer_counts` writes the table; libraries that are not installed keep what the table says of them.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backprop.graph.tracing.memory.targets import WRITERS
from backprop.ops.numpy_names import REFUSALS
from backprop.scipy.plain import PlainOnly
from tests.ops.test_coverage import NAMESPACES, groups, of_these_versions

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- counts: python -m tests.test_peer_counts -->\n", "\n\n"
DISTRIBUTIONS = "scipy.stats"
PLACES = (
    *NAMESPACES,
    *("scipy.linalg", DISTRIBUTIONS, "scipy.signal", "scipy.ndimage", "scipy.interpolate", "scipy.integrate"),
    *("scipy.optimize", "scipy.sparse.linalg"),
)


WITHOUT = ("it reads, writes or prints", "it makes an array of nothing", "it is about integers")
NOTHING_TRACED = {name for refusal in REFUSALS if refusal.why.startswith(WITHOUT) for name in refusal.names.split()}
"""Functions of nothing that could have a derivative."""


def candidates(place: str) -> list[str]:
    """The names in a module of NumPy's or SciPy's that may have a derivative."""
    theirs = importlib.import_module(place)
    if place in NAMESPACES and place != "scipy.special":
        differentiable, _, missing = groups(theirs)
        return [*differentiable, *(name for name in missing if name not in NOTHING_TRACED)]
    names = [name for name in dir(theirs) if name[0] != "_" and callable(getattr(theirs, name))]
    if place == "scipy.special":
        names = [name for name in names if name not in groups(theirs)[1]]
    if place == DISTRIBUTIONS:
        return [name for name in names + dir(theirs) if is_distribution(getattr(theirs, name))]
    return [name for name in names if not is_exception(getattr(theirs, name))]


def is_exception(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, Exception | Warning)


def is_distribution(value: Any) -> bool:
    return hasattr(value, "logpdf") or hasattr(value, "logpmf")


def ours(place: str) -> Callable[[str], bool]:
    if place in NAMESPACES:
        names = [*groups(NAMESPACES[place])[0], *(f.__name__ for f in WRITERS)]
        extra = vars(importlib.import_module("backprop.scipy.special")) if place == "scipy.special" else {}
        return lambda name: name in names or callable(extra.get(name))
    module = importlib.import_module(f"backprop.{place}")
    return lambda name: callable(value := vars(module).get(name)) and not isinstance(value, PlainOnly)


def ours_of_distributions(name: str) -> bool:
    return is_distribution(vars(importlib.import_module("backprop.scipy.stats")).get(name))


def of_autograd(place: str) -> Callable[[str], bool]:
    rules = importlib.import_module("autograd.core").primitive_vjps
    module = importlib.import_module(f"autograd.{place}")

    def has(name: str) -> bool:
        f = getattr(module, name, None)
        own = inspect.isfunction(f) and f.__module__.startswith("autograd.") and "primitive" not in f.__qualname__
        return f in rules or (own and f.__name__ != "<lambda>")

    return has


def of_jax(place: str) -> Callable[[str], bool]:
    module = importlib.import_module(f"jax.{place}")
    return lambda name: callable(getattr(module, name, None))


def of_modules(package: str) -> Callable[[str], bool]:
    """Whether a package has a distribution as a module of its own, as autograd and JAX do."""

    def has(name: str) -> bool:
        try:
            return is_distribution(importlib.import_module(f"{package}.{name}"))
        except ImportError:
            return False

    return has


LIBRARIES: dict[str, tuple[str, Callable[[str], Callable[[str], bool]]]] = {
    "backprop": ("backprop", lambda place: ours_of_distributions if place == DISTRIBUTIONS else ours(place)),
    "autograd": (
        "autograd",
        lambda place: of_modules("autograd.scipy.stats") if place == DISTRIBUTIONS else of_autograd(place),
    ),
    "JAX": ("jax", lambda place: of_modules("jax.scipy.stats") if place == DISTRIBUTIONS else of_jax(place)),
}


def count(title: str, place: str) -> int | None:
    """How many names of a place a library has; None where it is not installed."""
    package, finder = LIBRARIES[title]
    try:
        importlib.import_module(package)
    except ImportError:
        return None
    try:
        has = finder(place)
    except ImportError:  # a library without such a module
        return 0
    return len({name for name in candidates(place) if has(name)})


def written() -> dict[tuple[str, str], int]:
    """The cells of the README's table."""
    text = README.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    rows = [[cell.strip(" `") for cell in line.strip().strip("|").split("|")] for line in text.strip().splitlines()]
    head, _, *body = rows
    return {(place, row[0]): int(cell) for row in body for place, cell in zip(head[1:], row[1:], strict=True)}


def table() -> str:
    """The table, made anew."""
    lines = [f"| | {' | '.join(f'`{place}`' for place in PLACES)} |", f"| --- |{' --- |' * len(PLACES)}"]
    for title in LIBRARIES:
        found = {place: count(title, place) for place in PLACES}
        cells = [str(written()[place, title] if n is None else n) for place, n in found.items()]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


@of_these_versions
@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("place", PLACES)
def test_a_count_promises_no_more_than_the_library_has(place: str, library: str) -> None:
    found = count(library, place)
    if found is None:
        pytest.skip(f"{library} is not installed")
    assert written()[place, library] <= found


def test_what_is_asked_for_a_count() -> None:
    has = LIBRARIES["backprop"][1]
    assert has("numpy")("sin")
    assert has("numpy")("put")
    assert not has("numpy")("arange")
    assert not has("scipy.linalg")("helmert")
    assert has(DISTRIBUTIONS)("norm")
    assert not has(DISTRIBUTIONS)("zipf")
    assert "equal" not in candidates("numpy")
    assert "arange" not in candidates("numpy")


def test_the_table_has_nothing_else() -> None:
    assert set(written()) == {(place, library) for place in PLACES for library in LIBRARIES}


if __name__ == "__main__":
    page = README.read_text(encoding="utf-8")
    README.write_text(
        re.sub(f"{BEGIN}.*?{END}", lambda _: BEGIN + table() + END, page, flags=re.DOTALL), encoding="utf-8"
    )
