"""The laws of value types hold for sound classes, and each broken law is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import ArgumentError
from backprop.testing import check_value_laws


@dataclass
class Matrix:
    """A class of several parts."""

    rows: Any
    parts: list[Any] = field(default_factory=list)
    name: str = "m"


class Slots:
    __slots__ = ("value",)

    def __init__(self, value: float) -> None:
        self.value = value


class Tally:
    """A number; the classes of the tests are made from it, as a class is registered for good."""

    def __init__(self, value: float) -> None:
        self.value = np.array([value])


class Forgetful(Tally):
    def __reduce__(self) -> Any:
        return type(self), (0.0,)


def zeros(m: Matrix) -> Matrix:
    return Matrix(np.zeros_like(m.rows), [np.zeros_like(p) for p in m.parts], m.name)


def plus(a: Matrix, b: Matrix) -> Matrix:
    return Matrix(a.rows + b.rows, [p + q for p, q in zip(a.parts, b.parts, strict=True)], a.name)


def check(zero: Callable[[Any], Any], add: Callable[[Any, Any], Any], base: type = Tally) -> None:
    """Check a new class whose zero and sum are functions of the numbers."""
    cls = type("Fresh", (base,), {})
    bp.register(cls, zeros_like=lambda x: cls(zero(x.value[0])), add=lambda x, y: cls(add(x.value[0], y.value[0])))
    check_value_laws(cls, cls(0.5), cls(-1.5), cls(2.0))


def test_a_class_of_several_parts() -> None:
    rng = np.random.default_rng(3)
    bp.register(Matrix, zeros_like=zeros, add=plus)
    check_value_laws(Matrix, *[Matrix(rng.normal(size=(2, 2)), [rng.normal(size=3)]) for _ in range(3)])


def test_slots_and_numbers() -> None:
    bp.register(Slots, zeros_like=lambda s: Slots(0.0), add=lambda a, b: Slots(a.value + b.value))
    check_value_laws(Slots, Slots(0.1), Slots(0.2), Slots(0.3))
    check_value_laws(np.ndarray, np.arange(3.0), np.ones(3))
    check_value_laws(float, 0.1, 0.2, 0.3)


def test_a_sound_class() -> None:
    check(lambda v: 0.0, lambda v, w: v + w)


@pytest.mark.parametrize(
    ("zero", "add", "law"),
    [
        (lambda v: 1.0, lambda v, w: v + w, r"zeros_like\(x\) \+ x is x"),
        (lambda v: 0.0, lambda v, w: v * w, r"zeros_like\(x\) \+ x is x"),
        (lambda v: 0.0, lambda v, w: w, r"x \+ zeros_like\(x\) is x"),
        (lambda v: 0.0, lambda v, w: v + w + v * v * w, "add commutes"),
        (lambda v: 0.0, lambda v, w: v + w + v * v * w * w, "add associates"),
    ],
)
def test_a_broken_law_is_found(zero: Any, add: Any, law: str) -> None:
    with pytest.raises(AssertionError, match=f"Fresh: {law}"):
        check(zero, add)


def test_what_does_not_survive_the_way_to_a_worker_is_found() -> None:
    with pytest.raises(AssertionError, match="survives the way to a worker"):
        check(lambda v: 0.0, lambda v, w: v + w, Forgetful)


def test_a_sum_that_writes_into_its_arguments_is_found() -> None:
    def add(x: Tally, y: Tally) -> Tally:
        x.value += y.value
        return x

    cls = type("Fresh", (Tally,), {})
    bp.register(cls, zeros_like=lambda x: cls(0.0), add=add)
    with pytest.raises(AssertionError, match="add leaves its arguments alone"):
        check_value_laws(cls, cls(1.0))


def test_a_result_of_another_class_is_found() -> None:
    cls = type("Fresh", (Tally,), {})
    bp.register(cls, zeros_like=lambda x: 0.0, add=lambda x, y: y)
    with pytest.raises(AssertionError, match="returns float, not Fresh"):
        check_value_laws(cls, cls(1.0))


def test_a_comparison_of_ones_own() -> None:
    cls = type("Fresh", (Tally,), {})
    bp.register(cls, zeros_like=lambda x: cls(0.0), add=lambda x, y: cls(np.float32(x.value[0] + y.value[0])))
    with pytest.raises(AssertionError):
        check_value_laws(cls, cls(0.1))
    check_value_laws(cls, cls(0.1), same=lambda x, y: abs(x.value[0] - y.value[0]) < 1e-6)


def test_mistakes() -> None:
    with pytest.raises(ArgumentError, match="no example"):
        check_value_laws(Matrix)
    with pytest.raises(ArgumentError, match="is not registered"):
        check_value_laws(object, object())
