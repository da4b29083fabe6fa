"""What of a distribution is not differentiated here: samples, moments and fits are SciPy's own, of plain parameters.

A distribution that is called keeps its parameters, as SciPy's do: `norm(loc, scale).logpdf(x)`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
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

    def __call__(self, *args: Any, **named: Any) -> Frozen:
        """The distribution of some parameters."""
        return Frozen(self, args, named)

    def __reduce__(self) -> tuple[Any, ...]:
        return pkgutil.resolve_name, (f"{__package__}:{self.name}",)

    def __getattr__(self, method: str) -> PlainOnly:
        if method.startswith("_"):
            raise AttributeError(method)
        return PlainOnly(getattr(getattr(scipy.stats, self.name), method), f"scipy.stats.{self.name}.{method}", SELDOM)


FUNCTIONS = frozenset(["cdf", "isf", "logcdf", "logpdf", "logpmf", "logsf", "pdf", "pmf", "ppf", "sf"])
"""Methods of distributions that may be differentiated; their first argument is where."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """A distribution with its parameters.

    Arguments:
        distribution: the distribution.
        args, named: the parameters, as its methods take them behind their first argument.
    """

    distribution: Plain
    args: tuple[Any, ...]
    named: Mapping[str, Any]

    def __getattr__(self, method: str) -> Any:
        if method.startswith("_"):
            raise AttributeError(method)
        distribution = self.distribution
        if method in FUNCTIONS and hasattr(type(distribution), method):
            return lambda x: getattr(distribution, method)(x, *self.args, **self.named)
        name = distribution.name
        freeze = PlainOnly(getattr(scipy.stats, name), f"scipy.stats.{name}.{method}", SELDOM)
        return getattr(freeze(*self.args, **self.named), method)
