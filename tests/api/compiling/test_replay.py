from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

import attrs
import numpy as np
import pytest
from scipy import sparse

import backprop as bp
from backprop.api.compiling import compiled
from backprop.api.compiling.replay import matcher
from backprop.graph.tracing.structures.structure import flatten
from backprop.scheduler.events import Recorder

Pair = namedtuple("Pair", "a b")
X = np.arange(6.0).reshape(2, 3)


def matched(args: tuple[Any, ...], other: tuple[Any, ...], kwargs: Any = None, others: Any = None) -> Any:
    """What a check made for some arguments says of others."""
    values, structure = flatten((args, kwargs or {}))
    match = matcher(structure, range(len(values)), {}, (args, kwargs or {}))
    assert match is not None
    return match(other, others or {})


ALIKE = [
    ((X,), (X + 1,)),
    ((X, 2.0), (X, 3.0)),
    (([X, (X, None)],), ([X * 2, (X, None)],)),
    (({"a": X, "b": [X]},), ({"b": [X], "a": X},)),
    ((Pair(X, 1),), (Pair(X, 1),)),
    ((np.float32(1), 1j, "mode", True), (np.float32(2), 2j, "mode", True)),
]


@pytest.mark.parametrize(("args", "other"), ALIKE)
def test_arguments_of_the_same_signature_match(args: Any, other: Any) -> None:
    got = matched(args, other)
    expected, _ = flatten(other)
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, b)


UNLIKE = [
    ((X,), (X.astype("float32"),)),
    ((X,), (X[:1],)),
    ((X,), (X, X)),
    ((X,), ([X],)),
    ((X,), (2.0,)),
    ((X,), (np.ma.masked_array(X),)),
    ((2.0,), (2,)),
    ((2.0,), (np.float64(2),)),
    (([X],), ((X,),)),
    (([X],), ([X, X],)),
    (({"a": X},), ({"b": X},)),
    (({"a": X},), ({"a": X, "b": X},)),
    ((Pair(X, 1),), ((X, 1),)),
    ((X, 1), (X, 2)),
    ((X, 1), (X, True)),
    ((X, None), (X, X)),
    ((X, "a"), (X, "b")),
]


@pytest.mark.parametrize(("args", "other"), UNLIKE)
def test_arguments_of_another_signature_do_not(args: Any, other: Any) -> None:
    assert matched(args, other) is None


def test_keywords_are_a_part_of_the_signature() -> None:
    assert matched((X,), (X,), {"k": 1.0}, {"k": 2.0}) is not None
    assert matched((X,), (X,), {"k": 1.0}, {"j": 2.0}) is None
    assert matched((X,), (X,), {}, {"k": 2.0}) is None


def test_strided_arrays_are_made_contiguous() -> None:
    (got,) = matched((X,), (np.arange(6.0).reshape(3, 2).T,))
    assert got.flags.c_contiguous


@dataclass
class Record:
    x: Any
    more: Any = None


@dataclass(slots=True)
class Slotted:
    x: Any
    k: Any = 1


class WithSlot:
    __slots__ = ("x",)


@dataclass
class Mixed(WithSlot):
    x: Any
    y: Any


@attrs.define
class OfAttrs:
    x: Any


@dataclass
class Lazy:
    x: Any

    @cached_property
    def total(self) -> Any:
        return self.x.sum()


class Kind(Enum):
    ONE = 1
    TWO = 2


class Table:
    """A container that is registered, with a static part."""

    def __init__(self, columns: list[Any], unit: str) -> None:
        self.columns, self.unit = columns, unit


bp.register(Table, flatten=lambda t: (t.columns, t.unit), unflatten=lambda unit, columns: Table(list(columns), unit))


class Money:
    """A leaf that is registered."""

    def __init__(self, amount: float) -> None:
        self.amount = amount


bp.register(Money, zeros_like=lambda m: Money(0.0), add=lambda a, b: Money(a.amount + b.amount))


class Euro(Money):
    pass


def with_attribute(record: Any, name: str, value: Any) -> Any:
    setattr(record, name, value)
    return record


def without(record: Any, name: str) -> Any:
    delattr(record, name)
    return record


RECORDS_ALIKE = [
    (Record(X), Record(X + 1)),
    (Record([Record(X), Slotted(X)]), Record([Record(2 * X), Slotted(X)])),
    (with_attribute(Record(X), "extra", 1.0), with_attribute(Record(X), "extra", 2.0)),
    (Slotted(X, 2), Slotted(X + 1, 2)),
    (Mixed(X, 1.0), Mixed(2 * X, 3.0)),
    (OfAttrs(X), OfAttrs(-X)),
    (Lazy(X), Lazy(-X)),
    (Record(X, Kind.ONE), Record(X + 1, Kind.ONE)),
    (Record(X, np.float64), Record(X, np.float64)),
    (Record(X, np.int64(3)), Record(X, np.int64(3))),
    (Table([X, 1.0], "m"), Table([X + 1, 2.0], "m")),
    (sparse.csr_array(X), sparse.csr_array(2 * X)),
    (defaultdict(list, b=X, a=1.0), defaultdict(list, a=2.0, b=-X)),
    (OrderedDict(b=X, a=1.0), OrderedDict(b=-X, a=2.0)),
    (deque([X, 1.0], 3), deque([-X, 2.0], 3)),
]


@pytest.mark.parametrize(("value", "other"), RECORDS_ALIKE)
def test_records_and_registered_containers_match_by_their_parts(value: Any, other: Any) -> None:
    got, (expected, structure) = matched((value,), (other,)), flatten((other,))
    assert flatten((value,))[1] == structure
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, b)


RECORDS_UNLIKE = [
    (Record(X), Record(2.0)),
    (Record(X), Slotted(X)),
    (Record(X), with_attribute(Record(X), "extra", 1.0)),
    (with_attribute(Record(X), "extra", 1.0), Record(X)),
    (with_attribute(Record(X), "extra", 1.0), with_attribute(Record(X), "other", 1.0)),
    (Record(X, 1), Record(X, 2)),
    (Record(X, 1), without(Record(X, 1), "x")),
    (Slotted(X), Slotted(X, 2)),
    (Slotted(X), without(Slotted(X), "k")),
    (Mixed(X, 1.0), with_attribute(Mixed(X, 1.0), "z", 1.0)),
    (OfAttrs(X), OfAttrs(X[0])),
    (Record(X, Kind.ONE), Record(X, Kind.TWO)),
    (Record(X, np.float64), Record(X, np.float32)),
    (Record(X, np.int64(3)), Record(X, np.int64(4))),
    (Record(X, np.int64(3)), Record(X, 3)),
    (Table([X], "m"), Table([X], "km")),
    (Table([X], "m"), Table([X, X], "m")),
    (sparse.csr_array(X), sparse.csr_array(X[:, ::-1])),
    (Money(1.0), Euro(1.0)),
    (defaultdict(list, x=X), defaultdict(int, x=X)),
    (OrderedDict(b=X, a=X), OrderedDict(a=X, b=X)),
    (deque([X], 3), deque([X], 4)),
]


@pytest.mark.parametrize(("value", "other"), RECORDS_UNLIKE)
def test_records_and_registered_containers_of_another_signature_do_not(value: Any, other: Any) -> None:
    assert matched((value,), (other,)) is None


def test_registered_leaves_match_by_their_class() -> None:
    coin = Money(2.0)
    assert matched((Money(1.0),), (coin,)) == [coin]


@dataclass(init=False)
class Computed:
    x: Any

    def __init__(self, x: Any) -> None:
        self.x = x

    @property  # type: ignore[no-redef]
    def x(self) -> Any:
        return self._x

    @x.setter
    def x(self, x: Any) -> None:
        self._x = x


LONG_WAY = [
    Computed(X),
    without(Slotted(X), "k"),
    with_attribute(Record(X), "no name", 1.0),
    with_attribute(Record(X), "class", 1.0),
    Record(X, len),
]


@pytest.mark.parametrize("value", LONG_WAY)
def test_what_cannot_be_told_quickly_goes_the_long_way(value: Any) -> None:
    values, structure = flatten(((value,), {}))
    assert matcher(structure, range(len(values)), {}, ((value,), {})) is None


def test_a_record_whose_cached_property_was_computed_goes_the_long_way_and_is_not_traced_again() -> None:
    f = bp.compile(lambda r: np.sum(r.x**2))
    record = Lazy(X)
    first = f(record)
    assert record.total == X.sum()
    assert f(record) == first
    assert f.traces == 1


def test_a_record_is_replayed_without_being_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    f = bp.compile(bp.grad(lambda r: np.sum(r.x**2)))
    first = f(Record(X))
    monkeypatch.setattr(compiled, "requested", None)  # a call of the long way would fail
    np.testing.assert_array_equal(f(Record(X)).x, first.x)
    np.testing.assert_array_equal(f(Record(-X)).x, -first.x)


@pytest.mark.parametrize("executor", [bp.Serial(), bp.Threads(2), bp.Auto()])
def test_a_replay_gives_what_the_first_call_gave(executor: Any) -> None:
    captured = np.ones(3)

    def f(params: Any, k: float) -> Any:
        return np.sum(np.tanh(params["w"] @ (params["b"] + captured)) * k)

    g = bp.compile(bp.value_and_grad(f), executor)
    args = {"w": X, "b": np.ones(3)}, 0.5
    first, second = g(*args), g(*args)
    assert g.traces == 1
    assert type(first[0]) is type(second[0])
    np.testing.assert_array_equal(first[0], second[0])
    for key in ("w", "b"):
        np.testing.assert_array_equal(first[1][key], second[1][key])
    other = {"w": X[:, ::-1] / 10, "b": np.arange(3.0)}, 0.25
    np.testing.assert_array_equal(g(*other)[1]["w"], bp.grad(f)(*other)["w"])


def test_results_of_a_replay_share_no_memory() -> None:
    f = bp.compile(lambda x, y: (x, x.T, y * 1, x, np.ones(3), (x + y)[0]))
    f(X, X)
    results = f(X, X)
    for k, a in enumerate(results):
        assert a.flags.writeable
        assert a.base is None
        assert not np.shares_memory(a, X)
        assert not any(np.shares_memory(a, b) for b in results[k + 1 :])


def test_results_that_are_kept_stay_as_they_are() -> None:
    f = bp.compile(bp.grad(lambda x: np.sum(x**3)))
    large = np.ones((100, 100))
    kept = [f(large * k) for k in range(4)]
    for k, value in enumerate(kept):
        np.testing.assert_array_equal(value, 3.0 * k**2 * large)


def test_values_that_steer_are_asked_at_every_call() -> None:
    f = bp.compile(lambda x: x * 2 if x.sum() > 0 else x * 3)
    for sign in (1, -1, 1, -1):
        np.testing.assert_array_equal(f(sign * np.ones(3)), sign * np.ones(3) * (2 if sign > 0 else 3))


def test_another_executor_is_used_where_one_is_chosen() -> None:
    f = bp.compile(lambda x: x * 2)
    f(X)
    recorder = Recorder()
    with bp.use(bp.Serial(recorder=recorder)):
        f(X)
        f(X)
    assert len(recorder.events) == 4
