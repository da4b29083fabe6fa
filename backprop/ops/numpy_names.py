"""Which function of NumPy and SciPy means which op: the tables behind the two protocols of NumPy.

A Var looks up ufuncs in UFUNCS (`__array_ufunc__`), other functions in FUNCTIONS (`__array_function__`), and methods of
arrays in METHODS. What stands in the tables has NumPy's signature. A function is found by its namesake in `bp.ops`, so
that a new op needs no entry here.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

import numpy as np
import scipy.special

from .. import ops
from ..errors import AssignmentError, GraphTypeError, ShapeError, UnknownFunctionError
from .arrays.as_array import asarray, shape
from .arrays.diagonals import diagonal, trace
from .arrays.views import ravel, reshape, transpose
from .core.exports import exported_below
from .elementwise.conversion import python_number
from .elementwise.rounding import around
from .elementwise.selection import clip
from .linear_algebra.products import outer
from .special.integrals import hurwitz_zeta, lambert_w, riemann_zeta

Function = Callable[..., Any]

NAMES = exported_below(ops.__name__)
"""The names of `bp.ops`."""


def _namesakes(module: ModuleType) -> dict[Any, Function]:
    held = vars(module)
    return {held[name]: getattr(ops, name) for name in NAMES if callable(held.get(name))}


# The functions of numpy.linalg that differ from those of numpy.


def _linalg_diagonal(x: Any, /, *, offset: int = 0) -> Any:
    return diagonal(x, offset, -2, -1)


def _linalg_trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    return trace(x, offset, -2, -1, dtype)


def _linalg_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return ops.cross(x1, x2, axis=axis)


def _linalg_outer(x1: Any, x2: Any, /) -> Any:
    if len(shape(x1)) != 1 or len(shape(x2)) != 1:
        raise ShapeError(f"outer takes vectors, not the shapes {shape(x1)} and {shape(x2)}", fix="use numpy.outer")
    return outer(x1, x2)


def where(condition: Any, /, *choices: Any) -> Any:
    """`numpy.where`, of a condition alone too."""
    if len(choices) == 1:
        raise GraphTypeError("where takes 3 operands, or a condition alone", fix="give both choices")
    return ops.where(condition, *choices) if choices else ops.nonzero(condition)


def i0(x: Any) -> Any:
    """`numpy.i0`, which computes integers in float64; SciPy's namesake computes short ones in float32 since 1.18."""
    x = asarray(x)
    return ops.i0(asarray(x, np.float64) if x.dtype.kind in "biu" else x)


_MEANINGS: dict[Any, Function] = {
    **_namesakes(scipy.special),
    **_namesakes(np.fft),
    **_namesakes(np.lib.stride_tricks),
    **_namesakes(np.linalg),
    **_namesakes(np),
    scipy.special._ufuncs._riemann_zeta: riemann_zeta,
    scipy.special._ufuncs._zeta: hurwitz_zeta,
    scipy.special._ufuncs._lambertw: lambert_w,
    np.shape: shape,
    np.i0: i0,
    np.where: where,
    np.linalg.diagonal: _linalg_diagonal,
    np.linalg.trace: _linalg_trace,
    np.linalg.cross: _linalg_cross,
    np.linalg.outer: _linalg_outer,
}

UFUNCS: Mapping[np.ufunc, Function] = MappingProxyType(
    {f: op for f, op in _MEANINGS.items() if isinstance(f, np.ufunc)}
)
UNARY: Mapping[str, Function] = MappingProxyType({f.__name__: op for f, op in UFUNCS.items() if f.nin == 1})
"""The ufuncs of one operand by their names, which NumPy calls as methods of the elements of arrays of objects."""
FUNCTIONS: Mapping[Function, Function] = MappingProxyType(
    {f: op for f, op in _MEANINGS.items() if not isinstance(f, np.ufunc)}
)


# Methods of arrays.


def _reshape(self: Any, *shape: Any, order: str = "C") -> Any:
    return reshape(self, shape[0] if len(shape) == 1 else shape, order)


def _transpose(self: Any, *axes: Any) -> Any:
    return transpose(self, axes[0] if len(axes) == 1 else axes or None)


def _clip(self: Any, min: Any = None, max: Any = None, out: None = None) -> Any:
    return clip(self, min, max, out)


def _view(self: Any, dtype: Any = None, type: Any = None) -> Any:
    if dtype not in (None, self.dtype) or type not in (None, np.ndarray):
        raise GraphTypeError("a traced array cannot be viewed as another dtype or class", fix="convert it by astype")
    return reshape(self, self.shape)


def _conj(self: Any) -> Any:
    return ops.conj(self) if self.dtype.kind == "c" else self


def _copy(self: Any, order: str = "C") -> Any:
    return ops.copy(self)


def _flatten(self: Any, order: str = "C") -> Any:
    return ops.copy(ravel(self, order))


def _item(self: Any, *args: Any) -> Any:
    if not args and self.size != 1:
        raise ShapeError("item() of an array of more elements than one", fix="name the element, as item(0)")
    return python_number(ravel(self)[args[0] if args else 0] if len(args) < 2 else self[args])


def _tolist(self: Any) -> Any:
    return [_tolist(part) for part in self] if self.shape else python_number(self)


def _in_place(name: str, instead: str) -> Function:
    def refuse(self: Any, *args: Any, **params: Any) -> Any:
        raise AssignmentError(f"a traced array cannot be changed, as its method {name} would", fix=f"use {instead}")

    return refuse


_LIKE_FUNCTIONS = """
all any argmax argmin argsort argpartition astype cumprod cumsum diagonal dot max mean min nonzero prod ptp
ravel repeat round searchsorted squeeze std sum swapaxes take trace var
"""
METHODS: Mapping[str, Function] = MappingProxyType(
    {
        **{name: getattr(ops, name) for name in _LIKE_FUNCTIONS.split()},
        "choose": lambda self, choices, out=None, mode="raise": ops.choose(self, choices, out, mode),
        "compress": lambda self, condition, axis=None, out=None: ops.compress(condition, self, axis, out),
        "clip": _clip,
        "conj": _conj,
        "conjugate": _conj,
        "copy": _copy,
        "flatten": _flatten,
        "item": _item,
        "tolist": _tolist,
        "reshape": _reshape,
        "round": around,
        "transpose": _transpose,
        "view": _view,
        "fill": _in_place("fill", "numpy.full_like(x, value)"),
        "partition": _in_place("partition", "numpy.sort(x)"),
        "put": _in_place("put", "backprop.ops.at_set(x, key, value)"),
        "resize": _in_place("resize", "numpy.resize(x, shape)"),
        "sort": _in_place("sort", "numpy.sort(x)"),
    }
)

# What has no op, why, and what to do instead.


class Refusal(NamedTuple):
    """Why functions have no op."""

    why: str
    instead: str
    names: str


REFUSALS = (
    Refusal(
        "it writes into an array, which needs no op: on an array that is traced it takes effect",
        "make the array by numpy.zeros_like or backprop.zeros",
        "copyto fill_diagonal place put put_along_axis putmask",
    ),
    Refusal(
        "the shape or dtype of its result depends on values",
        "call it outside of the traced function",
        "trim_zeros unique_all unique_counts unique_inverse unique_values",
    ),
    Refusal(
        "which bin an element falls into depends on values",
        "find the bins of plain data with numpy.digitize, and sum up weights with numpy.bincount(bins, weights)",
        "histogram_bin_edges",
    ),
    Refusal(
        "it reads, writes or prints arrays",
        "call it on plain arrays",
        """array2string array_repr array_str fromfile fromstring genfromtxt loadtxt save savetxt savez
        savez_compressed""",
    ),
    Refusal(
        "it makes an array of nothing traced",
        "call it without like=, or backprop.ops.asarray",
        """arange asanyarray ascontiguousarray asfortranarray empty eye frombuffer fromfunction fromiter identity ones
        require tri zeros""",
    ),
    Refusal(
        "it is about integers, bits, dates or memory",
        "call it on plain arrays",
        """bitwise_count busday_count busday_offset datetime_as_string einsum_path gcd is_busday isnat lcm lexsort
        may_share_memory min_scalar_type nextafter packbits ravel_multi_index shares_memory spacing unpackbits
        unravel_index""",
    ),
    Refusal(
        "its derivatives are those of its parts",
        "use scipy.special.airy times the exponential, or ber, bei, ker and kei",
        "airye kelvin",
    ),
    Refusal(
        "its derivatives have no closed form",
        "make an op of your own with backprop.op, from a derivative that you know",
        """besselpoly chndtridf kolmogi kolmogorov mathieu_a mathieu_b mathieu_cem mathieu_modcem1 mathieu_modcem2
        mathieu_modsem1 mathieu_modsem2 mathieu_sem ncfdtr ncfdtri ncfdtridfd ncfdtridfn ncfdtrinc nctdtr nctdtridf
        nctdtrinc nctdtrit obl_ang1 obl_ang1_cv obl_cv obl_rad1 obl_rad1_cv obl_rad2 obl_rad2_cv pro_ang1 pro_ang1_cv
        pro_cv pro_rad1 pro_rad1_cv pro_rad2 pro_rad2_cv smirnov smirnovi""",
    ),
    Refusal("it is seldom differentiated", "write it with other functions", "frexp sort_complex"),
)
UNSUPPORTED: Mapping[str, Refusal] = MappingProxyType(
    {name: refusal for refusal in REFUSALS for name in refusal.names.split()}
)


def lookup_function(func: Function) -> Function:
    """The op, or function made of ops, that a function of NumPy or SciPy means.

    Arguments:
        func: a function or ufunc.
    Returns:
        its namesake, with the same signature.
    Errors:
        UnknownFunctionError: a function without one; it says why, or names similar ones.
    """
    found = UFUNCS.get(func) if isinstance(func, np.ufunc) else FUNCTIONS.get(func)
    if found is None:
        raise unknown_function(func)
    return found


def unknown_function(func: Function) -> UnknownFunctionError:
    """The error that a function of NumPy or SciPy has no op, with what to write instead."""
    name = getattr(func, "__name__", repr(func))
    what = f"{_module_of(func, name)}.{name} has no op"
    if name in NAMES:
        return UnknownFunctionError(what, fix=f"its namesake is backprop.ops.{name}")
    if name in UNSUPPORTED:
        return UnknownFunctionError(f"{what}: {UNSUPPORTED[name].why}", fix=UNSUPPORTED[name].instead)
    similar = [f"backprop.ops.{other}" for other in difflib.get_close_matches(name, NAMES, 3, 0.7)]
    hint = f"similar names are {', '.join(similar)}; " if similar else ""
    return UnknownFunctionError(what, fix=f"{hint}backprop.op makes an op of your own")


def _module_of(func: Function, name: str) -> str:
    if isinstance(func, np.ufunc):
        return "numpy" if getattr(np, name, None) is func else "scipy.special"
    return str(getattr(func, "__module__", "numpy"))
