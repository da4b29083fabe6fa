"""What of a distribution is not differentiated here: samples, moments and fits are SciPy's own, of plain parameters."""

from __future__ import annotations

from typing import Any

import scipy  # which imports its stats when they are first asked for

from ...ops.arrays.as_array import asarray
from ..plain import SELDOM, PlainOnly


def array(value: Any) -> Any:
    """A list as an array, whatever it holds; all else as it is, as a number of Python's own has no dtype to hand on."""
    return asarray(value) if isinstance(value, list | tuple) else value


class Plain:
    """A distribution that has SciPy's methods besides its own, for plain parameters.

    Arguments:
        name: SciPy's.
    """

    __slots__ = ()

    name: str

    def __getattr__(self, method: str) -> PlainOnly:
        if method.startswith("_"):
            raise AttributeError(method)
        return PlainOnly(getattr(getattr(scipy.stats, self.name), method), f"scipy.stats.{self.name}.{method}", SELDOM)
