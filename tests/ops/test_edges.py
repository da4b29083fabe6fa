"""Every row of the tables in docs/edges.md, run as it stands, on the tape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

from backprop import ops
from tests.ops.case import flat
from tests.ops.tape import TapeVar, pull_back, value_of

PAGE = Path(__file__).parents[2] / "docs" / "edges.md"


def namespace(**more: Any) -> SimpleNamespace:
    return SimpleNamespace(**{**vars(ops), **more})


PLAIN = {"np": np}
TRACED = {
    "np": namespace(linalg=namespace(), array=np.array, nan=np.nan, inf=np.inf, pi=np.pi),
    "sp": namespace(),
    "bp": SimpleNamespace(ops=namespace()),
}


class Row(NamedTuple):
    """A row of a table."""

    second: bool
    expression: str
    at: str
    derivative: str

    def __str__(self) -> str:
        return f"{'second ' * self.second}{self.expression} at {self.at}"

    @property
    def point(self) -> dict[str, Any]:
        """The variables."""
        given: dict[str, Any] = {}
        exec(self.at, PLAIN.copy(), given)
        return {name: np.asarray(value)[()] for name, value in given.items()}

    @property
    def expected(self) -> list[Any]:
        """A derivative for each variable."""
        value = eval(self.derivative, PLAIN.copy())
        return list(map(np.asarray, value)) if isinstance(value, tuple) else [np.asarray(value)]


def rows(text: str) -> Iterator[Row]:
    second = False
    for line in text.splitlines():
        if line.startswith("| expression"):
            second = "second" in line
        elif found := re.match(r"\| `(.+?)` \| `(.+?)` \| `(.+?)` \|", line):
            yield Row(second, *found.groups())


ROWS = list(rows(PAGE.read_text(encoding="utf-8")))


def derivatives(row: Row) -> list[Any]:
    variables = {name: TapeVar(value) for name, value in row.point.items()}
    wrt = list(variables.values())
    quiet = "where(" not in row.expression and all(np.isfinite(value).all() for value in row.expected)
    with np.errstate(all="ignore"):
        (out,) = flat(eval(row.expression, {**TRACED, **variables}))
    with np.errstate(all="raise" if quiet else "ignore", under="ignore"):
        first = pull_back(out, np.ones(out.shape, out.dtype)[()], wrt)
        return [hessian(first[0], wrt[0])] if row.second else [value_of(g) for g in first]


def hessian(g: Any, x: TapeVar) -> Any:
    if not isinstance(g, TapeVar):
        return np.zeros(x.shape * 2)
    units = np.eye(x.size).reshape(x.size, *x.shape)
    lines = [value_of(pull_back(g, unit if x.shape else np.float64(1), [x])[0]) for unit in units]
    return np.array(lines).reshape(x.shape * 2)


def test_the_page_has_its_tables() -> None:
    assert len(ROWS) > 90


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_edge(row: Row) -> None:
    found = derivatives(row)
    assert len(found) == len(row.expected)
    for a, b in zip(found, row.expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)
        assert np.shape(a) == np.shape(b)
