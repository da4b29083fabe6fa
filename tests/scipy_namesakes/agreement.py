"""How a namesake is held against SciPy's function, finite differences and JAX.

A namesake called on plain values is SciPy's function itself, so that a function of namesakes gives what SciPy gives
when it is called, and what the package gives when it is evaluated.
"""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

import backprop as bp
from backprop.errors import BackpropError

needs_jax = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")


class Case(NamedTuple):
    """A function of namesakes, and operands inside its domain, away from kinks.

    Arguments:
        f: the function.
        operands: arrays and numbers.
        jax: the same function of JAX's, where it has one.
        order: up to which derivative it is checked.
    """

    f: Callable[..., Any]
    operands: tuple[Any, ...]
    jax: Callable[..., Any] | None = None
    order: int = 2


def parts(value: Any) -> list[Any]:
    """The arrays of a result."""
    return [np.asarray(part) for part in (value if isinstance(value, tuple) else (value,))]


def agrees(f: Callable[..., Any], *operands: Any, rtol: float = 1e-9, atol: float = 1e-11) -> None:
    """Fail where the evaluated function has not the values, shapes and dtypes of SciPy's, or not its refusals."""
    try:
        expected = f(*operands)
    except (ValueError, TypeError, RuntimeError, IndexError):
        with pytest.raises(BackpropError):
            bp.evaluate(f)(*operands)
        return
    for found, wanted in zip(parts(bp.evaluate(f)(*operands)), parts(expected), strict=True):
        assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
        np.testing.assert_allclose(found, wanted, rtol=rtol, atol=atol)


def is_differentiable(case: Case) -> None:
    """Fail where a derivative is not that of finite differences, in either order."""
    bp.testing.check_op(case.f, case.operands, order=case.order, dtypes=("float64",))


def weighted(value: Any) -> Any:
    """A number of a result, in which each element counts by its own weight."""
    total: Any = 0.0
    for part in value if isinstance(value, tuple) else (value,):
        weights = np.cos(np.arange(np.prod(part.shape, dtype=int)).reshape(part.shape))
        total = total + (part.real * weights).sum() + (part.imag * weights[..., ::-1]).sum()
    return total


def agrees_with_jax(case: Case) -> None:
    """Fail where the gradient is not that of JAX, in float64."""
    import jax

    jax.config.update("jax_enable_x64", True)
    theirs, places = case.jax, tuple(range(len(case.operands)))
    assert theirs is not None
    expected = jax.grad(lambda *xs: weighted(theirs(*xs)), places)(*case.operands)
    found = bp.grad(lambda *xs: weighted(case.f(*xs)), places)(*case.operands)
    for ours, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, wanted, rtol=1e-9, atol=1e-10)


def wrong_arguments(ours: ModuleType, theirs: ModuleType) -> Iterator[str]:
    """The namesakes whose arguments are at another place, or are called otherwise, than those of SciPy's."""
    for name, f in vars(ours).items():
        if not inspect.isfunction(f) or not hasattr(theirs, name) or f is getattr(theirs, name):
            continue
        wanted = [p for p in inspect.signature(getattr(theirs, name)).parameters.values() if not p.name.startswith("_")]
        known = inspect.signature(f).parameters
        places = [p.name for p in known.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
        for place, p in enumerate(wanted):
            at_place = p.kind is p.POSITIONAL_OR_KEYWORD and (place >= len(places) or places[place] != p.name)
            if p.name not in known or at_place or (p.default is not p.empty) != (known[p.name].default is not p.empty):
                yield f"{name}: {p}"
