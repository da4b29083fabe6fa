"""Defects that the Haskell original had, beyond those of the reverse pass (these stand in graph/test_differentiate)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import ShapeError
from backprop.ops.arrays.accumulate import accumulate
from backprop.ops.core.types import ArrayType

X = np.array([0.5, -1.5, 2.0])


@dataclass(frozen=True)
class Pair:
    a: Any
    b: Any

    @property
    def tripled(self) -> Any:
        return 3 * self.a


def test_cotangents_of_unequal_lengths_do_not_add_up() -> None:
    with pytest.raises(ShapeError):
        accumulate.infer(ArrayType(1), ArrayType(3))


def test_a_short_operand_gets_the_whole_sum() -> None:
    short, long = bp.grad(lambda a, b: np.sum(a * b), argnums=(0, 1))(np.array([2.0]), X)
    np.testing.assert_array_equal(short, [X.sum()])
    np.testing.assert_array_equal(long, [2.0, 2.0, 2.0])


def test_lists_of_unequal_lengths_keep_theirs() -> None:
    short, long = bp.grad(lambda a, b: a[0] * (b[0] + b[2]), argnums=(0, 1))([1.0], [10.0, 20.0, 30.0])
    assert short == [40.0]
    assert long == [1.0, 0.0, 1.0]


def test_the_seed_of_a_record_is_a_record_of_ones() -> None:
    value, pullback = bp.vjp(lambda x: Pair(x * 2, Pair(x * 3, np.sum(x))), X)
    ones = Pair(np.ones(3), Pair(np.ones(3), 1.0))
    assert value.b.b == X.sum()
    np.testing.assert_array_equal(pullback(ones)[0], [6.0, 6.0, 6.0])


def test_a_reciprocal_is_no_negation() -> None:
    assert bp.grad(np.reciprocal)(2.0) == -0.25
    assert bp.grad(lambda x: 1 / x)(2.0) == -0.25
    assert bp.grad(lambda x: -x)(2.0) == -1.0


def test_a_value_that_is_computed_from_a_field_is_no_field() -> None:
    gradient = bp.grad(lambda pair: pair.tripled * pair.b)(Pair(2.0, 5.0))
    assert gradient == Pair(15.0, 6.0)


def test_a_record_that_is_built_from_others_is_differentiated_through() -> None:
    def f(x: Any) -> Any:
        pair = Pair(2 * x, x * x)
        return Pair(pair.b, pair.tripled).a + pair.tripled

    assert bp.grad(f)(3.0) == 12.0


def test_a_sum_is_not_a_sum_of_exponentials() -> None:
    s = bp.ops.softmax(X)
    np.testing.assert_allclose(s, np.exp(X) / np.exp(X).sum(), rtol=1e-14)
