"""Static parts of calls are compared by what they are made of, and never by the truth of an array."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas
import pytest
import xarray

import backprop as bp
from backprop.graph.tracing.structures.content import content_of
from backprop.graph.tracing.structures.structure import Static


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


@dataclass(frozen=True)
class Choice:
    """A record that is a member of a set, and so is not taken apart into leaves."""

    option: Any


class Named:
    """An object that is equal to all others of its name."""

    def __init__(self, name: str, k: float) -> None:
        self.name, self.k = name, k

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Named) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"Named({self.name!r}, {self.k})"

    def times(self, x: Any) -> Any:
        return self.k * x


@dataclass(frozen=True)
class Sorted:
    """A record of which one field says nothing of the order."""

    key: int
    k: float = field(compare=False)


APART = [
    (1, True),
    (0.0, -0.0),
    (0j, complex(0.0, -0.0)),
    (np.int32(1), np.int64(1)),
    (frozenset({1}), frozenset({True})),
    (frozenset({0.0}), frozenset({-0.0})),
    (frozenset({(1, "a")}), frozenset({(1.0, "a")})),
    (frozenset({Choice(1)}), frozenset({Choice(True)})),
    (frozenset({frozenset({1})}), frozenset({frozenset({True})})),
    (range(0), range(1, 1)),
    (Decimal("1.0"), Decimal("1.00")),
    (datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, 13, tzinfo=timezone(timedelta(hours=1)))),
    (Named("a", 2.0), Named("a", 5.0)),
    (Sorted(1, 2.0), Sorted(1, 5.0)),
]


def test_an_object_that_is_known_by_its_name_may_change() -> None:
    compiled, o = bp.compile(bp.grad(lambda x, o: x * o.k)), Named("a", 2.0)
    called = bp.compile(lambda x, f: f(x))
    assert (compiled(1.0, o), called(1.0, o.times)) == (2.0, 2.0)
    o.k = 5.0
    assert (compiled(1.0, o), called(1.0, o.times)) == (5.0, 5.0)
    compiled(1.0, o)
    called(1.0, o.times)
    assert (compiled.traces, called.traces) == (2, 2)


@pytest.mark.parametrize(("one", "other"), APART, ids=repr)
def test_equal_numbers_of_other_types_or_bits_are_told_apart(one: Any, other: Any) -> None:
    assert one == other
    assert Static(one) != Static(other)
    assert Static(one) == Static(copy.deepcopy(one))
    assert hash(Static(one)) == hash(Static(copy.deepcopy(one)))


def test_a_set_of_objects_with_one_content_is_not_the_set_of_one_of_them() -> None:
    one, other = Options(1), Options(1)
    assert content_of(frozenset({one, other})) != content_of(frozenset({one}))


def test_nan_is_the_same_as_itself() -> None:
    assert Static(frozenset({math.nan})) == Static(frozenset({float("nan")}))


def test_equality_that_is_no_truth_value_is_not_asked() -> None:
    compiled = bp.compile(lambda x, table: x * float(table.values[0]))
    table = Answering([2.0, 3.0])
    assert [compiled(1.0, table), compiled(1.0, table)] == [2.0, 2.0]
    assert compiled.traces == 1
    table.values[0] = 7.0
    assert compiled(1.0, table) == 7.0


def test_tables_of_pandas_are_arguments() -> None:
    compiled = bp.compile(lambda x, t: x * float(t.iloc[0].sum()))
    for table in (pandas.DataFrame({"a": [2.0, 1.0], "b": [1.0, 5.0]}), pandas.Series([3.0, 1.0])):
        assert [compiled(1.0, table), compiled(1.0, table), compiled(1.0, table.copy())] == [3.0] * 3
        table.iloc[0] = 4.0
        assert compiled(1.0, table) == np.sum(table.iloc[0])


def test_arrays_of_xarray_are_arguments() -> None:
    compiled = bp.compile(lambda x, t: x * float(t[0]))
    table = xarray.DataArray([2.0, 3.0], dims="row")
    assert [compiled(1.0, table), compiled(1.0, table)] == [2.0, 2.0]
    table[0] = 4.0
    assert compiled(1.0, table) == 4.0
