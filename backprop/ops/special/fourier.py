"""Discrete Fourier transforms: the functions of numpy.fft.

There are three primitives, without a norm: complex transforms over several axes, and the two between real values and
half of a spectrum. Cutting, padding and the factors of `norm` are done outside of them.

The matrix of the transform is symmetric, and cotangents are not conjugated, so that the rule of `fourier` is itself.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any

import numpy as np

from ...errors import ShapeError
from ..arrays.arguments import Axes, along, many_axes, refuse_out
from ..arrays.arrangement import roll
from ..arrays.as_array import asarray
from ..arrays.padding import pad_with
from ..core.batching import ALONG_AXES
from ..core.op import Op
from ..core.types import NumericType, ValueType, array_type, numeric
from ..linear_algebra.products import conjugated

__all__ = [
    "fft",
    "fft2",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftn",
]


def _complex_type(x: ValueType[Any], *, axes: Axes, inverse: bool) -> NumericType[Any]:
    (t,) = numeric("fft", x)
    return array_type(t.shape, complex_dtype(t.dtype))


def complex_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The complex dtype of the precision of a dtype."""
    return np.dtype(np.complex64 if dtype in (np.float32, np.complex64) else np.complex128)


def real_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The real dtype of the precision of a dtype."""
    return np.finfo(complex_dtype(dtype)).dtype


def _flops(x: NumericType[Any], out: NumericType[Any], **params: Any) -> float:
    # 5 n log n operations, at a quarter of the rate of products.
    return 20.0 * x.size * math.log2(max(2, x.size))


fourier: Op = Op(
    "fourier",
    _complex_type,
    lambda x, *, axes, inverse: (np.fft.ifftn if inverse else np.fft.fftn)(x, axes=axes),
    lambda g, out, x, *, axes, inverse: fourier(g, axes=axes, inverse=inverse),
    flops=_flops,
    home=__name__,
    batch=ALONG_AXES,
)


def _half_type(x: ValueType[Any], *, axis: int) -> NumericType[Any]:
    (t,) = numeric("rfft", x)
    return array_type((*t.shape[:axis], t.shape[axis] // 2 + 1, *t.shape[axis + 1 :]), complex_dtype(t.dtype))


def _whole_type(x: ValueType[Any], *, axis: int, n: int) -> NumericType[Any]:
    (t,) = numeric("irfft", x)
    return array_type((*t.shape[:axis], n, *t.shape[axis + 1 :]), real_dtype(t.dtype))


def _multiplicity(y: Any, axis: int, n: int, inner: float) -> Any:
    """1 at frequencies that stand in the half spectrum for themselves, `inner` at those that also stand for another."""
    count = n // 2 + 1
    weights = np.full(count, inner, real_dtype(y.dtype))
    weights[0] = 1
    if n % 2 == 0:
        weights[-1] = 1
    return weights.reshape((count,) + (1,) * (len(y.shape) - axis - 1))


def _half_vjp(g: Any, out: Any, x: Any, *, axis: int) -> Any:
    n = x.shape[axis]
    return real_inverse(conjugated(g) * _multiplicity(g, axis, n, 0.5), axis=axis, n=n) * n


def _whole_vjp(g: Any, out: Any, x: Any, *, axis: int, n: int) -> Any:
    spectrum = conjugated(real_fourier(g, axis=axis))
    return spectrum * _multiplicity(x, axis, n, 2.0) / n


# Real x to the first n // 2 + 1 frequencies, and back.
real_fourier: Op = Op(
    "real_fourier",
    _half_type,
    lambda x, *, axis: np.fft.rfft(x, axis=axis),
    _half_vjp,
    flops=_flops,
    home=__name__,
    batch=ALONG_AXES,
)
real_inverse: Op = Op(
    "real_inverse",
    _whole_type,
    lambda x, *, axis, n: np.fft.irfft(x, n, axis),
    _whole_vjp,
    flops=_flops,
    home=__name__,
    batch=ALONG_AXES,
)


# NumPy's functions.


def _resized(x: Any, axis: int, n: int) -> Any:
    """`x` cut off after n elements of an axis, or with zeros up to there."""
    length = x.shape[axis]
    if n <= length:
        return along(x, axis, slice(0, n))
    return pad_with(x, widths=tuple((0, n - length if i == axis else 0) for i in range(len(x.shape))), value=0)


def _scaled(y: Any, count: int, norm: str | None, inverse: bool) -> Any:
    """The result with the factor of `norm`, where that of "backward" is already in it."""
    power = POWERS[_known(norm)]
    return y if not power else y * float(count) ** (power if inverse else -power)


POWERS = MappingProxyType({None: 0.0, "backward": 0.0, "ortho": 0.5, "forward": 1.0})


def _known(norm: str | None) -> str | None:
    """The norm itself, or a ShapeError, which is NumPy's ValueError, where there is none such."""
    if norm not in POWERS:
        raise ShapeError(f"fft: there is no norm {norm!r}", fix='use "backward", "ortho" or "forward"')
    return norm


def _with_points(x: Any, axes: Axes) -> Any:
    """The array itself, or a ShapeError where it has no elements along the axes."""
    if not math.prod(x.shape[i] for i in axes) and axes:
        raise ShapeError(f"fft: the shape {x.shape} has no elements along the axes {axes}", fix="give at least one")
    return x


def _axes(name: str, x: Any, s: Any, axes: Any) -> Axes:
    if axes is None:
        axes = range(-len(s), 0) if s is not None else range(len(x.shape))
    return many_axes(name, tuple(axes), len(x.shape))


def _sized(x: Any, s: Any, axes: Axes) -> Any:
    for n, axis in zip(s or (), axes, strict=False):
        x = x if n == -1 else _resized(x, axis, n)
    return _with_points(x, axes)


def _transformed(a: Any, s: Any, axes: Any, norm: str | None, inverse: bool) -> Any:
    x = asarray(a)
    axes = _axes("fft", x, s, axes)
    x = _sized(x, s, axes)
    return _scaled(fourier(x, axes=axes, inverse=inverse), math.prod(x.shape[i] for i in axes), norm, inverse)


def fftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None, out: None = None) -> Any:
    """`numpy.fft.fftn`.

    Arguments:
        a: array.
        s: lengths to cut or pad the axes to.
        axes: which axes; all, or the last len(s).
        norm: "backward", "ortho" or "forward".
        out: None.
    Returns:
        the transform, complex; the other functions have the same arguments.
    """
    refuse_out("fftn", out)
    return _transformed(a, s, axes, norm, False)


def ifftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None, out: None = None) -> Any:
    """`numpy.fft.ifftn`: the inverse transform over several axes."""
    refuse_out("ifftn", out)
    return _transformed(a, s, axes, norm, True)


def _length(n: int | None) -> tuple[int, ...] | None:
    if n is not None and n < 1:
        raise ShapeError(f"fft: {n} points are not possible", fix="give a number above zero")
    return None if n is None else (n,)


def fft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: None = None) -> Any:
    """`numpy.fft.fft`: the transform along one axis, cut or padded to length n."""
    return fftn(a, _length(n), (axis,), norm, out)


def ifft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: None = None) -> Any:
    """`numpy.fft.ifft`: the inverse transform along one axis, cut or padded to length n."""
    return ifftn(a, _length(n), (axis,), norm, out)


def fft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None, out: None = None) -> Any:
    """`numpy.fft.fft2`: the transform over two axes."""
    return fftn(a, s, axes, norm, out)


def ifft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None, out: None = None) -> Any:
    """`numpy.fft.ifft2`: the inverse transform over two axes."""
    return ifftn(a, s, axes, norm, out)


def rfftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None, out: None = None) -> Any:
    """`numpy.fft.rfftn`: the transform of real values, of the last of the axes only the first half."""
    refuse_out("rfftn", out)
    x = asarray(a)
    axes = _axes("rfft", x, s, axes)
    x = _sized(x, s, axes)
    y, count = real_fourier(x, axis=axes[-1]), math.prod(x.shape[i] for i in axes)
    y = fourier(y, axes=axes[:-1], inverse=False) if len(axes) > 1 else y
    return _scaled(y, count, norm, False)


def irfftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None, out: None = None) -> Any:
    """`numpy.fft.irfftn`: the inverse of `rfftn`; the length of the last axis is even unless `s` says otherwise."""
    refuse_out("irfftn", out)
    x = asarray(a)
    axes = _axes("irfft", x, s, axes)
    n = 2 * (x.shape[axes[-1]] - 1) if s is None or s[-1] == -1 else s[-1]
    x = _resized(_sized(x, (s or ())[:-1], axes), axes[-1], n // 2 + 1)
    x = fourier(x, axes=axes[:-1], inverse=True) if len(axes) > 1 else x
    return _scaled(real_inverse(x, axis=axes[-1], n=n), n * math.prod(x.shape[i] for i in axes[:-1]), norm, True)


def rfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: None = None) -> Any:
    """`numpy.fft.rfft`: the first half of the transform of real values along one axis."""
    return rfftn(a, _length(n), (axis,), norm, out)


def irfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: None = None) -> Any:
    """`numpy.fft.irfft`: the inverse of `rfft`; n is the length of the result, by default even."""
    return irfftn(a, _length(n), (axis,), norm, out)


def rfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None, out: None = None) -> Any:
    """`numpy.fft.rfft2`: the transform of real values over two axes, of the last one only the first half."""
    return rfftn(a, s, axes, norm, out)


def irfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None, out: None = None) -> Any:
    """`numpy.fft.irfft2`: the inverse of `rfft2`."""
    return irfftn(a, s, axes, norm, out)


OPPOSITE = MappingProxyType({None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"})


def hfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: None = None) -> Any:
    """`numpy.fft.hfft`: the real transform of a signal that is Hermitian in time, given half of it."""
    return irfft(conjugated(asarray(a)), n, axis, OPPOSITE[_known(norm)], out)


def ihfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: None = None) -> Any:
    """`numpy.fft.ihfft`: the inverse of `hfft`."""
    return conjugated(rfft(a, n, axis, OPPOSITE[_known(norm)], out))


def _centred(x: Any, axes: Any, sign: int) -> Any:
    array = asarray(x)
    chosen = many_axes("fftshift", range(len(array.shape)) if axes is None else axes, len(array.shape))
    return roll(array, tuple(sign * (array.shape[i] // 2) for i in chosen), chosen)


def fftshift(x: Any, axes: Any = None) -> Any:
    """`numpy.fft.fftshift`: the frequency 0 moved to the middle of the axes."""
    return _centred(x, axes, 1)


def ifftshift(x: Any, axes: Any = None) -> Any:
    """`numpy.fft.ifftshift`: the inverse of `fftshift`."""
    return _centred(x, axes, -1)
