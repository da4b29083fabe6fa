"""A rank-one product added to a matrix, in one call of BLAS, where a product, a scaling and a sum would take three.

The calls go to the BLAS that SciPy carries, by the pointers that `scipy.linalg.cython_blas` exports: unlike a function
of `scipy.linalg.blas`, a call through ctypes lets other threads run meanwhile. To BLAS a row-major matrix is its
transpose, so `c + a * x @ y` is computed as `c.T + a * y.T @ x.T`.

Source: ger, C. L. Lawson et al., Basic linear algebra subprograms for Fortran usage, TOMS 5(3), 1979.
Limits: complex matrices take NumPy's way, and so do all where SciPy exports no such routine, or one with longer ints.
For products of higher rank gemm with beta = 1 was no quicker than the product and a sum.
"""

from __future__ import annotations

import ctypes
import importlib
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from ...errors import ShapeError
from ..core.costs import size
from ..core.op import Kind, Op
from ..core.types import ArrayType, ValueType
from .products import matmul

Array = np.ndarray[Any, Any]


Routine = Callable[..., None]

SIGNATURE = re.compile(r"void \(int \*, int \*, (\w+) \*, \1 \*, int \*, \1 \*, int \*, \1 \*, int \*\)")
"""What Cython writes beside a pointer to ger whose sizes are C ints; where they are longer it writes another type."""

LARGEST = 2 ** (8 * ctypes.sizeof(ctypes.c_int) - 1) - 1
"""The longest axis that a C int can tell."""

_name_of = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(("PyCapsule_GetName", ctypes.pythonapi))
_address_of = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)


def exported_routines(module: str = "scipy.linalg.cython_blas") -> Mapping[str, Any]:
    """The capsules of the routines that a module of Cython exports; none where there is no such module."""
    try:
        return dict(getattr(importlib.import_module(module), "__pyx_capi__", {}))
    except ImportError:
        return {}


def routine(name: str, exported: Mapping[str, Any]) -> Routine | None:
    """A routine of BLAS that takes the addresses of nine arguments.

    Arguments:
        name: "dger" or "sger".
        exported: capsules by name.
    Returns:
        the routine; None where it is not exported, or has other arguments than ger with C ints.
    """
    capsule = exported.get(name)
    if capsule is None or not SIGNATURE.fullmatch((_name_of(capsule) or b"").decode()):
        return None
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 9)(_address_of(capsule, _name_of(capsule)))


def routines(exported: Mapping[str, Any]) -> Mapping[np.dtype[Any], tuple[Routine, Any]]:
    """For each dtype whose routine is known, the routine and the C type of its numbers."""
    wanted = {"float64": ("dger", ctypes.c_double), "float32": ("sger", ctypes.c_float)}
    found = {np.dtype(dtype): (routine(name, exported), number) for dtype, (name, number) in wanted.items()}
    return MappingProxyType({dtype: (ger, number) for dtype, (ger, number) in found.items() if ger is not None})


GER = routines(exported_routines())


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
    if c.dtype not in GER or max(c.shape) > LARGEST:
        result += by * (x * y)
    elif c.size:
        _ger(GER[c.dtype], result, np.ascontiguousarray(x), np.ascontiguousarray(y), by)
    return result


def _ger(found: tuple[Routine, Any], c: Array, x: Array, y: Array, by: float) -> None:
    ger, number = found
    m, n, one, factor = ctypes.c_int(c.shape[0]), ctypes.c_int(c.shape[1]), ctypes.c_int(1), number(by)
    rows, columns, step = ctypes.byref(m), ctypes.byref(n), ctypes.byref(one)
    at = [array.ctypes.data for array in (y, x, c)]
    ger(columns, rows, ctypes.byref(factor), at[0], step, at[1], step, at[2], columns)


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
