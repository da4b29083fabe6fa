"""Values, dtypes, shapes and classes of exceptions are NumPy's: every covered function, traced and untraced.

Each function of docs/coverage.md is called in several ways on operands of many dtypes and shapes, some of them wrong.
What differs on purpose stands in docs/numpy_differences.md, with its reason: the test reads the table there. `deep`
tries all dtypes, otherwise one of each kind is tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import settings

from backprop.ops.numpy_names import FUNCTIONS, UFUNCS
from tests.ops.values.calls import calls_of
from tests.ops.values.outcome import DTYPES, Outcome, difference, operands, outcome, traced

PAGE = Path(__file__).parents[3] / "docs" / "numpy_differences.md"
FEW = ("bool", "uint8", "int64", "float32", "complex128")


class Row(NamedTuple):
    """A row of the table: which functions, what differs there, and why."""

    functions: frozenset[str]
    pattern: re.Pattern[str]
    why: str

    def holds(self, name: str, what: str) -> bool:
        return (name in self.functions or "any" in self.functions) and bool(self.pattern.search(what))


@lru_cache(maxsize=1)
def table() -> tuple[Row, ...]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return tuple(Row(frozenset(code(names).split()), re.compile(code(what)), why) for names, what, why in cells)


def code(cell: str) -> str:
    """A cell of code as it is meant."""
    return cell.strip("`").replace("\\|", "|")


def dtypes() -> tuple[str, ...]:
    return DTYPES if settings().max_examples >= 1_000 else FEW


def reached_by(function: Any) -> Any:
    """What users call: the function itself, or the namesake of one of SciPy's that does not dispatch."""
    module = getattr(function, "__module__", None) or ""
    return FUNCTIONS[function] if module.startswith("scipy") else function


def differing(function: Any) -> Iterator[tuple[str, str]]:
    """How and where a function differs from NumPy's."""
    reached = reached_by(function)
    for k, call in enumerate(calls_of(function)):

        def run(x: Any, f: Any = function, call: Callable[[Any, Any], Any] = call) -> Any:
            return call(f, x)

        def ours(x: Any, f: Any = reached, call: Callable[[Any, Any], Any] = call) -> Any:
            return call(f, x)

        for dtype in dtypes():
            for form, x in operands(dtype).items():
                numpys, found = outcome(run, x), outcome(traced(ours), x)
                what = difference(numpys, found)
                if what:
                    yield f"call {k} of {dtype} {form}", in_words(function.__name__, call, x, numpys, found) or what


STABLE: dict[str, Callable[..., Any]] = {
    "argsort": lambda a, axis=-1: np.argsort(a, axis, kind="stable"),
    "argpartition": lambda a, kth, axis=-1: np.argsort(a, axis, kind="stable"),
    "partition": lambda a, kth, axis=-1: np.sort(a, axis),
}
"""What some functions of NumPy answer where equal elements keep their order, and all is sorted."""


def in_words(name: str, call: Callable[[Any, Any], Any], x: Any, numpys: Outcome, ours: Outcome) -> str | None:
    """What differs, where that can be told more exactly than by both values."""
    if isinstance(numpys, Exception) or isinstance(ours, Exception):
        return None
    if name in STABLE and difference(outcome(lambda x: call(STABLE[name], x), x), ours) is None:
        return "that of a stable sort"
    if name == "polydiv" and difference(numpys[:1], ours[:1]) is None:
        rests = [rest for _, rest in (numpys, ours)]
        noise = 8 * np.finfo(np.float32).eps * np.max(np.abs(x))
        if all(rest.dtype == "complex64" and np.all(np.abs(rest.value) <= noise) for rest in rests):
            return "a remainder of rounding errors of complex64"
    return None


def named(function: Any) -> str:
    return f"{getattr(function, '__module__', None) or 'ufunc'}.{function.__name__}"


ALL = sorted({*UFUNCS, *FUNCTIONS}, key=lambda f: (named(f), id(f)))


@pytest.mark.parametrize("function", ALL, ids=named)
def test_it_is_as_numpy_says_but_where_the_page_says_so(function: Any) -> None:
    rows = [row for row in table() if row.functions & {function.__name__, "any"}]
    unexpected = [
        f"{where}: {what}"
        for where, what in differing(function)
        if not any(row.holds(function.__name__, what) for row in rows)
    ]
    assert not unexpected, "\n".join(unexpected[:20])


def test_the_page_names_functions_that_exist() -> None:
    known = {f.__name__ for f in ALL} | {"any"}
    assert table()
    for row in table():
        assert row.functions <= known, row.functions - known
        assert row.why
