"""Static parts of calls are compared by what they are made of, and never by the truth of an array."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.graph.tracing.content import content_of
from backprop.graph.tracing.structure import Static


class Options:
    """An object that can change."""

    def __init__(self, k: Any) -> None:
        self.k = k


class Slotted:
    __slots__ = ("k",)

    def __init__(self, k: Any) -> None:
        self.k = k


class Answering:
    """Its == answers with an array, as tables do."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)

    def __eq__(self, other: object) -> Any:
        return self.values == getattr(other, "values", other)

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize("cls", [Options, Slotted])
@pytest.mark.parametrize(("before", "after"), [(2.0, 5.0), ([1.0], [2.0]), (lambda: 1, lambda: 2)])
def test_an_object_that_has_changed_is_another_one(cls: Any, before: Any, after: Any) -> None:
    o = cls(before)
    one, again = Static(o), Static(o)
    assert one == again
    assert hash(one) == hash(again)
    o.k = after
    assert Static(o) != one
    o.k = before
    assert Static(o) == one


@pytest.mark.parametrize("cls", [Options, Slotted])
def test_a_compiled_call_sees_what_has_changed(cls: Any) -> None:
    compiled, o = bp.compile(bp.grad(lambda x, o: x * o.k)), cls(2.0)
    assert compiled(1.0, o) == 2.0
    o.k = 5.0
    assert compiled(1.0, o) == 5.0
    o.k = 2.0
    assert compiled(1.0, o) == 2.0
    assert compiled.traces == 2


def test_a_changed_part_of_a_part_is_seen_where_the_whole_cannot_be_pickled() -> None:
    inner = Options(2.0)
    o = Options([inner, lambda: 1])
    o.itself = o  # type: ignore[attr-defined]
    compiled = bp.compile(bp.grad(lambda x, o: x * o.k[0].k))
    assert compiled(1.0, o) == 2.0
    inner.k = 5.0
    assert compiled(1.0, o) == 5.0


@pytest.mark.parametrize("value", [3, True, "a", None, Fraction(1, 3), len, np.sin, int, Options, {1, 2}])
def test_what_has_not_changed_is_the_same(value: Any) -> None:
    assert Static(value) == Static(value)
    assert hash(content_of(value)) == hash(content_of(value))


def test_types_are_told_apart() -> None:
    assert Static(1) != Static(True)
    assert Static(1) != Static("1")
    assert Static(Fraction(1)) != Static(1)


def test_equality_that_is_no_truth_value_is_not_asked() -> None:
    compiled = bp.compile(lambda x, table: x * float(table.values[0]))
    table = Answering([2.0, 3.0])
    assert [compiled(1.0, table), compiled(1.0, table)] == [2.0, 2.0]
    assert compiled.traces == 1
    table.values[0] = 7.0
    assert compiled(1.0, table) == 7.0


def test_tables_of_pandas_are_arguments() -> None:
    pandas = pytest.importorskip("pandas")
    compiled = bp.compile(lambda x, t: x * float(t.iloc[0].sum()))
    for table in (pandas.DataFrame({"a": [2.0, 1.0], "b": [1.0, 5.0]}), pandas.Series([3.0, 1.0])):
        assert [compiled(1.0, table), compiled(1.0, table), compiled(1.0, table.copy())] == [3.0] * 3
        table.iloc[0] = 4.0
        assert compiled(1.0, table) == np.sum(table.iloc[0])


def test_arrays_of_xarray_are_arguments() -> None:
    xarray = pytest.importorskip("xarray")
    compiled = bp.compile(lambda x, t: x * float(t[0]))
    table = xarray.DataArray([2.0, 3.0], dims="row")
    assert [compiled(1.0, table), compiled(1.0, table)] == [2.0, 2.0]
    table[0] = 4.0
    assert compiled(1.0, table) == 4.0
