"""Linear filters, by `scipy.signal`'s names: differentiable by their coefficients, signals and initial states.

Source of names and defaults: the SciPy reference.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np
import scipy.signal

from ...errors import ShapeError
from ...ops.arrays.arguments import along, answer, is_traced, one_axis
from ...ops.arrays.as_array import asarray, stack
from ...ops.arrays.axes import atleast_1d
from ...ops.arrays.joins import concatenate
from ...ops.arrays.padding import pad_with
from ...ops.arrays.views import broadcast_to, reshape
from ...ops.reductions import cumsum, sum
from ...ops.signals.convolutions import convolution_along
from ...ops.signals.filters import backwards, recursive_filter
from ..namesake import inexact, namesake, one_of, refuse_unless

__all__ = ["filtfilt", "lfilter", "lfilter_zi", "sosfilt", "sosfilt_zi", "sosfiltfilt"]


def _coefficients(b: Any, a: Any) -> tuple[Any, Any]:
    """Numerator and denominator, of one length, divided by the first coefficient of the denominator."""
    numerator, denominator = atleast_1d(asarray(b)), atleast_1d(asarray(a))
    if len(numerator.shape) != 1 or len(denominator.shape) != 1 or not denominator.shape[0] or not numerator.shape[0]:
        raise ShapeError("lfilter: coefficients are vectors with elements", fix="ravel them")
    dtype = inexact(numerator, denominator)
    numerator, denominator = asarray(numerator, dtype), asarray(denominator, dtype)
    if is_traced(denominator) or denominator[0] != 1:
        numerator, denominator = numerator / denominator[0], denominator / denominator[0]
    length = max(numerator.shape[0], denominator.shape[0])
    return _longer(numerator, 0, length), _longer(denominator, 0, length)


def _longer(x: Any, axis: int, length: int) -> Any:
    """An array with zeros up to a length of one axis."""
    missing = length - x.shape[axis]
    return pad_with(x, widths=tuple((0, missing * (i == axis)) for i in range(len(x.shape))), value=0) if missing else x


def _along(coefficients: Any, axis: int, count: int) -> Any:
    """A vector along one of `count` axes."""
    return reshape(coefficients, tuple(-1 if i == axis else 1 for i in range(count)))


@namesake(scipy.signal.lfilter)
def lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """`scipy.signal.lfilter`: a signal filtered by a rational transfer function.

    Arguments:
        b: the coefficients of the numerator, a vector.
        a: those of the denominator; all are divided by the first.
        x: signals along an axis.
        axis: the axis.
        zi: the state at the start, of the length max(len(a), len(b)) - 1 along the axis; None means rest.
    Returns:
        the filtered signals; with `zi` a pair of them and the state at the end.
    Errors:
        ShapeError: coefficients that are no vectors; a state of another shape.
    """
    numerator, denominator = _coefficients(b, a)
    signals = asarray(x)
    signals = asarray(signals, inexact(numerator, signals))
    axis = one_axis("lfilter", axis, len(signals.shape))
    count, n, states = len(signals.shape), signals.shape[axis], numerator.shape[0] - 1
    driven = convolution_along(
        signals, _along(numerator, axis, count), axes=(axis,), whole=False, fast=False
    )  # of n elements and those that the state at the end consists of
    if zi is not None:
        driven = driven + _longer(_state(zi, signals, axis, states), axis, n + states)[_cut(driven, axis)]
    found = recursive_filter(denominator[1:], along(driven, axis, slice(0, n)), axis=axis)
    if zi is None:
        return found
    fed_back = convolution_along(found, _along(denominator, axis, count), axes=(axis,), whole=False, fast=False)
    return found, along(driven - fed_back, axis, slice(n, n + states))


def _cut(x: Any, axis: int) -> tuple[slice, ...]:
    return tuple(slice(0, n) if i == axis else slice(None) for i, n in enumerate(x.shape))


def _state(zi: Any, signals: Any, axis: int, states: int) -> Any:
    given = asarray(zi)
    wanted = (*signals.shape[:axis], states, *signals.shape[axis + 1 :])
    fits = len(given.shape) == len(wanted) and all(
        n == m or (n == 1 and i != axis) for i, (n, m) in enumerate(zip(given.shape, wanted, strict=True))
    )
    if not fits:
        raise ShapeError(f"lfilter: the state zi has the shape {given.shape}, not {wanted}", fix="see lfilter_zi")
    return broadcast_to(given, wanted)


@namesake(scipy.signal.lfilter_zi)
def lfilter_zi(b: Any, a: Any) -> Any:
    """`scipy.signal.lfilter_zi`: the state of a filter whose input has always been 1."""
    numerator, denominator = _coefficients(b, a)
    driven = numerator[1:] - denominator[1:] * numerator[0]
    first = sum(driven) / sum(denominator)
    before = concatenate([np.zeros(1, driven.dtype), cumsum(driven)[:-1]])
    return cumsum(denominator)[:-1] * first - before


# Sections of second order.


def _sections(sos: Any) -> Any:
    sections = asarray(sos)
    if len(sections.shape) != 2 or sections.shape[1] != 6:
        raise ShapeError(f"sosfilt: the sections have the shape {sections.shape}, not (n, 6)", fix="see scipy.signal")
    if not answer(lambda x: bool(np.all(np.asarray(x)[:, 3] == 1)), sections):
        raise ShapeError("sosfilt: sos[:, 3] is not 1 everywhere", fix="divide each section by its element 3")
    return sections


@namesake(scipy.signal.sosfilt)
def sosfilt(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """`scipy.signal.sosfilt`: a signal filtered by sections of second order, one after the other.

    Arguments:
        sos: (n, 6), a section a row: three coefficients of the numerator, three of the denominator.
        x: signals along an axis.
        axis: the axis.
        zi: the states of the sections at the start (n, ..., 2, ...), 2 along the axis; None means rest.
    Returns:
        the filtered signals; with `zi` a pair of them and the states at the end.
    """
    sections, found = _sections(sos), asarray(x)
    states = None if zi is None else asarray(zi)
    ends = []
    for k in range(sections.shape[0]):
        row = sections[k]
        if states is None:
            found = lfilter(row[:3], row[3:], found, axis)
        else:
            found, end = lfilter(row[:3], row[3:], found, axis, states[k])
            ends.append(end)
    return found if states is None else (found, stack(ends))


@namesake(scipy.signal.sosfilt_zi)
def sosfilt_zi(sos: Any) -> Any:
    """`scipy.signal.sosfilt_zi`: the states (n, 2) of sections whose first input has always been 1."""
    sections = _sections(sos)
    scale: Any = 1.0
    states = []
    for k in range(sections.shape[0]):
        b, a = sections[k, :3], sections[k, 3:]
        states.append(lfilter_zi(b, a) * scale)
        scale = scale * sum(b) / sum(a)
    return stack(states)


# Forwards and backwards.


def odd_ext(x: Any, n: int, axis: int) -> Any:
    """A signal continued by `n` elements at both ends, turned about its first and its last one."""
    first, last = along(x, axis, slice(0, 1)), along(x, axis, slice(-1, None))
    left, right = _mirrored(x, n, axis)
    return concatenate([2 * first - left, x, 2 * last - right], axis)


def even_ext(x: Any, n: int, axis: int) -> Any:
    """A signal continued by `n` elements at both ends, mirrored at its first and its last one."""
    left, right = _mirrored(x, n, axis)
    return concatenate([left, x, right], axis)


def const_ext(x: Any, n: int, axis: int) -> Any:
    """A signal whose first and last elements are repeated `n` times."""
    lengths = tuple(n if i == axis else length for i, length in enumerate(x.shape))
    ends = [broadcast_to(along(x, axis, slice(*end)), lengths) for end in ((0, 1), (-1, None))]
    return concatenate([ends[0], x, ends[1]], axis)


def zero_ext(x: Any, n: int, axis: int) -> Any:
    """A signal with `n` zeros at both ends."""
    return pad_with(x, widths=tuple((n * (i == axis),) * 2 for i in range(len(x.shape))), value=0)


def _mirrored(x: Any, n: int, axis: int) -> tuple[Any, Any]:
    m = x.shape[axis]
    if n >= m:
        raise ShapeError(f"a signal of {m} elements cannot be continued by {n}", fix=f"continue it by {m - 1} at most")
    return along(x, axis, slice(n, 0, -1)), along(x, axis, slice(m - 2, m - 2 - n if m - 2 - n >= 0 else None, -1))


EXTENSIONS: MappingProxyType[Any, Callable[[Any, int, int], Any]] = MappingProxyType(
    {"odd": odd_ext, "even": even_ext, "constant": const_ext, "zeros": zero_ext, None: lambda x, n, axis: x}
)
"""How a signal is continued, by SciPy's names."""


def _extended(name: str, x: Any, axis: int, padtype: Any, padlen: int | None, taps: int) -> tuple[Any, int]:
    """A signal that is continued at both ends, and by how many elements."""
    one_of(name, "padtype", padtype, ("even", "odd", "constant", None))
    edge = 0 if padtype is None else taps * 3 if padlen is None else padlen
    if x.shape[axis] <= edge:
        raise ShapeError(f"{name}: the signal needs more than padlen = {edge} elements", fix="give a smaller padlen")
    return (EXTENSIONS[padtype](x, edge, axis) if edge else x), edge


@namesake(scipy.signal.filtfilt)
def filtfilt(
    b: Any,
    a: Any,
    x: Any,
    axis: int = -1,
    padtype: str | None = "odd",
    padlen: int | None = None,
    method: str = "pad",
    irlen: int | None = None,
) -> Any:
    """`scipy.signal.filtfilt`: a signal filtered forwards and then backwards.

    Arguments:
        b, a, x, axis: as in `lfilter`.
        padtype: how the signal is continued at its ends: "odd", "even", "constant" or None.
        padlen: by how many elements; three times the number of coefficients by default.
        method: "pad".
        irlen: of another method.
    Returns:
        the filtered signals.
    Errors:
        GraphTypeError: the method "gust".
        ShapeError: a signal that is too short.
    """
    refuse_unless(method != "gust", 'filtfilt: there is no method "gust" here', 'use method="pad"')
    one_of("filtfilt", "method", method, ("pad",))
    numerator, denominator = _coefficients(b, a)
    signals = asarray(x)
    axis, count = one_axis("filtfilt", axis, len(signals.shape)), len(signals.shape)
    extended, edge = _extended("filtfilt", signals, axis, padtype, padlen, numerator.shape[0])
    zi = _along(lfilter_zi(numerator, denominator), axis, count)

    def forwards(y: Any) -> Any:
        return lfilter(numerator, denominator, y, axis, zi * along(y, axis, slice(0, 1)))[0]

    return _there_and_back(forwards, extended, edge, axis)


def _there_and_back(forwards: Callable[[Any], Any], x: Any, edge: int, axis: int) -> Any:
    found = backwards(forwards(backwards(forwards(x), axis)), axis)
    return along(found, axis, slice(edge, found.shape[axis] - edge))


@namesake(scipy.signal.sosfiltfilt)
def sosfiltfilt(sos: Any, x: Any, axis: int = -1, padtype: str | None = "odd", padlen: int | None = None) -> Any:
    """`scipy.signal.sosfiltfilt`: a signal filtered by `sosfilt` forwards and then backwards; see `filtfilt`."""
    sections, signals = _sections(sos), asarray(x)
    axis, count = one_axis("sosfiltfilt", axis, len(signals.shape)), len(signals.shape)
    zeros = answer(lambda s: int(min((np.asarray(s)[:, 2] == 0).sum(), (np.asarray(s)[:, 5] == 0).sum())), sections)
    taps = 2 * sections.shape[0] + 1 - zeros
    extended, edge = _extended("sosfiltfilt", signals, axis, padtype, padlen, taps)
    zi = reshape(sosfilt_zi(sections), (-1, *(2 if i == axis else 1 for i in range(count))))

    def forwards(y: Any) -> Any:
        start = zi * along(y, axis, slice(0, 1))
        return sosfilt(sections, y, axis, start)[0]

    return _there_and_back(forwards, extended, edge, axis)
