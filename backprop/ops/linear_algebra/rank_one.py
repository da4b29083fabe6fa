"""A rank-one product added to a matrix, in one call of BLAS, where a product, a scaling and a sum would take three.

The calls go to the BLAS that SciPy carries, by the pointers that `scipy.linalg.cython_blas` exports: unlike a function
of `scipy.linalg.blas`, a call through ctypes lets other threads run meanwhile. To BLAS a row-major matrix is its
transpose, so `c + a * x @ y` is computed as `c.T + a * y.T @ x.T`.

Source: ger, C. L. Lawson et al., Basic linear algebra subprograms for Fortran usage, TOMS 5(3), 1979.
Limits: complex matrices take NumPy's way. For products of higher rank gemm with beta = 1 was no quicker than the
product and a sum.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np

from ...errors import ShapeError
from ..core.costs import size
from ..core.op import Kind, Op
from ..core.types import ArrayType, ValueType
from .products import matmul

Array = np.ndarray[Any, Any]


def _routine(name: str) -> Callable[..., None]:
    """A routine of BLAS that takes the addresses of nine arguments."""
    api = ctypes.PyDLL(None)
    api.PyCapsule_GetName.restype, api.PyCapsule_GetName.argtypes = ctypes.c_char_p, [ctypes.py_object]
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    exported: Any = importlib.import_module("scipy.linalg.cython_blas")  # which type checkers do not know
    capsule = exported.__pyx_capi__[name]
    address = api.PyCapsule_GetPointer(capsule, api.PyCapsule_GetName(capsule))
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 9)(address)


GER = MappingProxyType(
    {
        np.dtype("float64"): (_routine("dger"), ctypes.c_double),
        np.dtype("float32"): (_routine("sger"), ctypes.c_float),
    }
)
"""For each dtype the routine, and the C type of its numbers."""


def _rank_one_type(c: ValueType[Any], x: ValueType[Any], y: ValueType[Any], *, by: float) -> ValueType[Any]:
    fits = c == matmul.infer(x, y) and isinstance(c, ArrayType) and c.ndim == 2
    if not fits or not isinstance(x, ArrayType) or x.shape[1:] != (1,):
        raise ShapeError(
            f"rank_one_added: {c} + {x} @ {y} is no sum of a matrix and a rank-one product",
            fix="take a matrix, a column and a row of one dtype",
        )
    return c


def _rank_one(c: Array, x: Array, y: Array, out: Array | None = None, *, by: float) -> Array:
    result = np.empty(c.shape, c.dtype) if out is None else out
    np.copyto(result, c)
    if c.dtype not in GER:
        result += by * (x * y)
    elif c.size:
        _ger(result, np.ascontiguousarray(x), np.ascontiguousarray(y), by)
    return result


def _ger(c: Array, x: Array, y: Array, by: float) -> None:
    routine, number = GER[c.dtype]
    m, n, one, factor = ctypes.c_int(c.shape[0]), ctypes.c_int(c.shape[1]), ctypes.c_int(1), number(by)
    rows, columns, step = ctypes.byref(m), ctypes.byref(n), ctypes.byref(one)
    at = [array.ctypes.data for array in (y, x, c)]
    routine(columns, rows, ctypes.byref(factor), at[0], step, at[1], step, at[2], columns)


def _rank_one_vjp(g: Any, out: Any, c: Any, x: Any, y: Any, *, by: float) -> tuple[Any, Any, Any]:
    return g, by * matmul(g, y.T), by * matmul(x.T, g)


# c + by * x @ y for a column x and a row y.
rank_one_added: Op = Op(
    "rank_one_added",
    _rank_one_type,
    _rank_one,
    _rank_one_vjp,
    Kind.INTO,
    flops=lambda c, x, y, out, *, by: 2.0 * size(out),
    home=__name__,
)
