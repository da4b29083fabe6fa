"""A sum with a rank-one product, where BLAS can be called and where it cannot."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest

from backprop.ops.linear_algebra import rank_one
from backprop.ops.linear_algebra.rank_one import exported_routines, rank_one_added, routine, routines

C, X, Y = np.arange(12.0).reshape(3, 4), np.arange(3.0)[:, None], np.arange(4.0)[None]
EXPECTED = C - 0.5 * X * Y

_new_capsule = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)(
    ("PyCapsule_New", ctypes.pythonapi)
)
SHORT = b"void (int *, int *, d *, d *, int *, d *, int *, d *, int *)"
LONG = SHORT.replace(b"int", b"int64_t")


def test_scipy_exports_both_routines() -> None:
    assert set(routines(exported_routines())) == {np.dtype("float64"), np.dtype("float32")}


def test_a_module_that_is_missing_or_exports_nothing_has_no_routines() -> None:
    assert not routines(exported_routines("scipy.linalg.no_such_module"))
    assert not routines(exported_routines("math"))


@pytest.mark.parametrize("name", [LONG, b"void (int *)", None])
def test_a_routine_with_other_arguments_is_not_called(name: bytes | None) -> None:
    assert routine("dger", {"dger": _new_capsule(1, SHORT, None)}) is not None
    assert routine("dger", {"dger": _new_capsule(1, name, None)}) is None


@pytest.mark.parametrize("dtype", ["float64", "float32", "complex128"])
@pytest.mark.parametrize(("known", "largest"), [(True, rank_one.LARGEST), (True, 3), (False, rank_one.LARGEST)])
def test_the_sum_with_blas_and_without(dtype: str, known: bool, largest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rank_one, "GER", routines(exported_routines() if known else {}))
    monkeypatch.setattr(rank_one, "LARGEST", largest)
    operands: list[Any] = [array.astype(dtype) for array in (C, X, Y)]
    out = np.empty_like(operands[0])
    assert rank_one_added.compute(*operands, out=out, by=-0.5) is out
    np.testing.assert_array_equal(out, EXPECTED)
    np.testing.assert_array_equal(rank_one_added(*operands, by=-0.5), EXPECTED)
