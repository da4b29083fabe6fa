"""Weak numbers: what a Python number becomes beside arrays, as NumPy decides it."""

from __future__ import annotations

import numpy as np
import pytest

from backprop import ops
from backprop.graph.params import NO_PARAMS
from backprop.graph.weak_numbers import casts_of, follows, signature, strong
from backprop.ops.core.types import ArrayType, OpaqueType, ScalarType

F4 = ArrayType(2, "float32")
WEAK = ScalarType("float64", weak=True)


@pytest.mark.parametrize("number", [True, 2, 2.0, 2j])
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "int64"])
def test_a_weak_operand_takes_the_dtype_that_numpy_gives_it(number: complex, dtype: str) -> None:
    weak = ScalarType(np.dtype(type(number)), weak=True)
    expected = np.result_type(np.dtype(dtype), number)
    assert casts_of([weak, ArrayType(2, dtype)]) == ((0, expected),)


def test_weak_numbers_among_themselves_are_not_cast() -> None:
    assert casts_of([WEAK, WEAK]) == ()


def test_what_is_no_number_is_not_cast() -> None:
    assert casts_of([OpaqueType(str), F4]) == ()


def test_a_signature_has_the_type_of_strong_operands() -> None:
    found = signature(ops.add, (F4, WEAK), NO_PARAMS)
    assert found.type == F4
    assert found.casts == ((1, np.dtype("float32")),)


def test_a_strong_type_is_that_of_numpys_scalar() -> None:
    assert strong(WEAK) == ScalarType("float64")
    assert strong(F4) is F4


def test_a_number_follows_a_scalar_that_can_hold_it() -> None:
    assert follows(WEAK, ScalarType("float32"))
    assert not follows(WEAK, ScalarType("int64"))
    assert not follows(WEAK, F4)
    assert not follows(ScalarType("float64"), ScalarType("float64"))
