"""Random programs as JAX runs them: an oracle that shares no code with the package; skipped where JAX is missing."""

from __future__ import annotations

import importlib
import types
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from tests.singular_programs import BINARY, UNARY, Program


def is_installed() -> bool:
    """Whether JAX can be asked."""
    return importlib.util.find_spec("jax") is not None


@cache
def _namesake(f: Any) -> Callable[..., Any]:
    """A step with JAX's functions in the place of NumPy's."""
    import jax.numpy as jnp

    if f is np.hypot:  # JAX's has a second derivative of its own where both operands are of one size
        return lambda x, y: jnp.sqrt(x * x + y * y)
    if isinstance(f, types.FunctionType) and f.__globals__.get("np") is np:
        return types.FunctionType(f.__code__, {**f.__globals__, "np": jnp}, f.__name__, f.__defaults__, f.__closure__)
    found: Callable[..., Any] = getattr(jnp, f.__name__)
    return found


def _value(program: Program, x: Any) -> Any:
    values = [x]
    for name, operands in program.steps:
        f: Any = UNARY.get(name) or BINARY[name]
        values.append(_namesake(f)(*(values[i] for i in operands)))
    return (values[-1] * np.array([1.0, 0.7, -0.4])).sum()


def _gradient(program: Program) -> Callable[[Any], Any]:
    import jax

    jax.config.update("jax_enable_x64", True)
    found: Callable[[Any], Any] = jax.grad(lambda x: _value(program, jax.numpy.asarray(x)))
    return found


def gradient(program: Program, x: Any) -> Any:
    """The gradient of a program, in float64."""
    return np.asarray(_gradient(program)(x))


def hessian(program: Program, x: Any) -> Any:
    """Its matrix of second derivatives."""
    import jax

    return np.asarray(jax.jacfwd(_gradient(program))(x))
