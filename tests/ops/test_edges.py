"""Every row of the tables in docs/edges.md, run as it stands, in every mode, dtype and shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.special

import backprop as bp

PAGE = Path(__file__).parents[2] / "docs" / "edges.md"
NAMES = {"np": np, "sp": scipy.special, "bp": bp}

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


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
        """The variables, as float64 or complex128."""
        given: dict[str, Any] = {}
        exec(self.at, NAMES.copy(), given)
        return {name: np.asarray(value, np.result_type(np.asarray(value), 0.0)) for name, value in given.items()}

    @property
    def expected(self) -> list[Any]:
        """A derivative for each variable."""
        value = eval(self.derivative, NAMES.copy())
        return list(map(np.asarray, value)) if isinstance(value, tuple) else [np.asarray(value)]

    @property
    def code(self) -> Any:
        """The expression, compiled."""
        return compile(self.expression, "<row>", "eval")


def rows(text: str) -> Iterator[Row]:
    second = False
    for line in text.splitlines():
        if line.startswith("| expression"):
            second = "second" in line
        elif found := re.match(r"\| `(.+?)` \| `(.+?)` \| `(.+?)` \|", line):
            yield Row(second, *found.groups())


ROWS = list(rows(PAGE.read_text(encoding="utf-8")))
SHAPES = {
    "number": lambda value: value.item(),
    "0-d": lambda value: value,
    "n-d": lambda value: np.broadcast_to(value, (2, 1)).copy(),
}


def total(row: Row) -> Callable[..., Any]:
    code, names = row.code, tuple(row.point)
    return lambda *values: np.sum(eval(code, {**NAMES, **dict(zip(names, values, strict=True))}))


def units(value: Any) -> list[Any]:
    """The directions along each element, of the value's dtype and shape."""
    shape, dtype = np.shape(value), np.asarray(value).dtype
    made = [unit.reshape(shape).astype(dtype) for unit in np.eye(np.size(value))]
    return made if isinstance(value, np.ndarray) else [unit.item() for unit in made]


def forward(f: Any, values: tuple[Any, ...], k: int) -> Any:
    """The derivative by argument k, made of directional derivatives."""

    def along(direction: Any) -> Any:
        tangents = tuple(direction if j == k else np.zeros_like(v)[()] for j, v in enumerate(values))
        return bp.jvp(f, values, tangents)[1]

    parts = [along(unit) for unit in units(values[k])]
    if np.iscomplexobj(values[k]):
        parts = [part - 1j * along(1j * unit) for part, unit in zip(parts, units(values[k]), strict=True)]
    return np.reshape(parts, np.shape(values[k]))


def first_derivatives(row: Row, values: tuple[Any, ...]) -> Iterator[tuple[str, list[Any]]]:
    f, every = total(row), tuple(range(len(values)))
    yield "reverse", list(bp.grad(f, every)(*values))
    compiled = bp.compile(bp.grad(f, every))
    yield "compiled", list(compiled(*values))
    yield "compiled, again", list(compiled(*values))
    yield "pullback", list(bp.vjp(f, *values)[1](1.0))
    yield "forward", [forward(f, values, k) for k in every]
    yield "forward, compiled", [forward(bp.compile(f), values, k) for k in every]


def second_derivatives(row: Row, values: tuple[Any, ...], k: int) -> Iterator[tuple[str, Any]]:
    whole = total(row)

    def f(x: Any) -> Any:
        return whole(*values[:k], x, *values[k + 1 :])

    x, shape = values[k], np.shape(values[k]) * 2
    along = units(x)
    yield "hessian", bp.hessian(f)(x)
    yield "hessian, compiled", bp.compile(bp.hessian(f))(x)
    yield "hvp", np.reshape([bp.hvp(f, (x,), v) for v in along], shape)
    compiled = bp.compile(lambda x, v: bp.hvp(f, (x,), v))
    yield "hvp, compiled", np.reshape([compiled(x, v) for v in along], shape)
    lines = [bp.grad(lambda x, k=k: np.reshape(bp.grad(f)(x), -1)[k])(x) for k in range(np.size(x))]
    yield "grad of grad", np.reshape(lines, shape)


def versions(row: Row) -> Iterator[tuple[str, tuple[Any, ...], float]]:
    """The point in each dtype and shape, with a tolerance."""
    point = tuple(row.point.values())
    if any(value.dtype.kind == "c" for value in point):
        yield from (("number", tuple(v.item() for v in point), 1e-12), ("0-d", point, 1e-12))
        return
    shapes = SHAPES if all(value.shape == () for value in point) else {"n-d": lambda value: value}
    for name, shaped in shapes.items():
        yield name, tuple(map(shaped, point)), 1e-12
        if name != "number":
            yield f"{name} float32", tuple(shaped(value.astype(np.float32)) for value in point), 3e-5


def is_near(found: Any, expected: Any, tolerance: float) -> None:
    np.testing.assert_allclose(found, np.broadcast_to(expected, np.shape(found)), tolerance, tolerance / 100)


def test_the_page_has_its_tables() -> None:
    assert len(ROWS) > 90


@pytest.mark.parametrize("row", [row for row in ROWS if not row.second], ids=str)
def test_edge(row: Row) -> None:
    for version, values, tolerance in versions(row):
        for mode, found in first_derivatives(row, values):
            assert len(found) == len(row.expected)
            for value, a, b in zip(values, found, row.expected, strict=True):
                assert np.shape(a) == np.shape(value), (version, mode)
                try:
                    is_near(a, b, tolerance)
                except AssertionError as error:
                    raise AssertionError(f"{version}, {mode}: {a}, not {b}") from error


@pytest.mark.parametrize("row", [row for row in ROWS if row.second], ids=str)
def test_second_edge(row: Row) -> None:
    for version, values, tolerance in versions(row):
        size, shape = np.size(values[0]), np.shape(values[0]) * 2
        (expected,) = row.expected
        if expected.shape != shape:
            expected = np.reshape(np.where(np.eye(size), expected, 0), shape)
        for mode, found in second_derivatives(row, values, 0):
            try:
                is_near(shown(found), expected, tolerance)
            except AssertionError as error:
                raise AssertionError(f"{version}, {mode}: {found}, not {expected}") from error


def quiet(row: Row) -> bool:
    return not row.second and "where(" not in row.expression and all(np.isfinite(v).all() for v in row.expected)


@pytest.mark.parametrize("row", [row for row in ROWS if quiet(row)], ids=str)
def test_no_warning_where_no_mask_is_involved_and_the_answer_is_finite(row: Row) -> None:
    values = tuple(row.point.values())
    with bp.use(bp.Serial()):
        _, pullback = bp.vjp(total(row), *values)
        with np.errstate(all="raise", under="ignore"):
            pullback(1.0)


# At second order a row may have no answer, but never two.


def shown(value: Any) -> Any:
    """A derivative with NaN for all that is not finite: at second order there is no telling inf from NaN."""
    return np.where(np.isfinite(value), value, np.nan)


@pytest.mark.parametrize("row", [row for row in ROWS if not row.second and "z" not in row.point], ids=str)
def test_second_order_has_one_answer(row: Row) -> None:
    for version, values, tolerance in versions(row):
        for k in range(len(values)):
            try:
                (_, first), *rest = second_derivatives(row, values, k)
            except np.linalg.LinAlgError:  # an error is an answer, too
                continue
            for mode, found in rest:
                try:
                    is_near(shown(found), shown(first), 10 * tolerance)
                except AssertionError as error:
                    raise AssertionError(f"{version}, {mode}: {found}, not {first}") from error
