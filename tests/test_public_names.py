"""The names that users may rely on: a change here is a change of the interface."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special

import backprop as bp

NAMES = [
    "AbstractExecutor",
    "ArrayType",
    "Auto",
    "Cluster",
    "Compiled",
    "Connection",
    "Graph",
    "GraphBuilder",
    "Op",
    "OpaqueType",
    "Plan",
    "ScalarType",
    "Serial",
    "Threads",
    "Var",
    "checkpoint",
    "clear_caches",
    "compile",
    "compose",
    "connect",
    "debug",
    "elementwise_grad",
    "empty",
    "errors",
    "evaluate",
    "explain",
    "fori_loop",
    "full",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "lazy",
    "match",
    "measured_costs",
    "minibatch",
    "odeint",
    "ones",
    "op",
    "ops",
    "profile",
    "ravel",
    "register",
    "root",
    "scan",
    "stop_gradient",
    "switch",
    "testing",
    "tree_map",
    "use",
    "value_and_grad",
    "vjp",
    "vmap",
    "zeros",
]


def test_the_public_names_are_these() -> None:
    assert sorted(bp.__all__) == NAMES


def test_each_is_there() -> None:
    assert all(hasattr(bp, name) for name in NAMES)


def test_each_says_what_it_is() -> None:
    assert [name for name in NAMES if not (getattr(bp, name).__doc__ or "").strip()] == []


# What their docstrings have: a caller of several arguments finds what they are, what comes back, what can go wrong.

NAMESAKES = "Source of names and defaults: the NumPy 2"
"""A module that says this has NumPy's and SciPy's functions, whose reference has the rest."""
THEIRS = (np, np.linalg, np.fft, np.ndarray, np.lib.stride_tricks, scipy.linalg, scipy.special)
MANY = 3


def public_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """The functions, and methods of the classes, that users reach by a public name."""
    for home in (bp, bp.ops, bp.testing):
        for name in home.__all__:
            value = getattr(home, name)
            if isinstance(value, FunctionType):
                yield name, value
            elif isinstance(value, type):
                yield from ((f"{name}.{key}", f) for key, f in methods(value))


def methods(cls: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, value in vars(cls).items():
        f = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        if isinstance(f, FunctionType) and not name.startswith("_"):
            yield name, f


def is_namesake(f: Callable[..., Any]) -> bool:
    return NAMESAKES in (sys.modules[f.__module__].__doc__ or "") and any(hasattr(m, f.__name__) for m in THEIRS)


def lacking(f: Callable[..., Any]) -> list[str]:
    """The sections that a function's docstring should have and has not."""
    signature = inspect.signature(f)
    if len(signature.parameters.keys() - {"self", "cls"}) < MANY or is_namesake(f):
        return []
    returns = () if signature.return_annotation in (None, "None") else ("Returns:",)
    return [section for section in ("Arguments:", *returns, "Errors:") if section not in (f.__doc__ or "")]


def test_functions_of_several_parameters_say_what_goes_in_what_comes_out_and_what_can_go_wrong() -> None:
    found = {f"{f.__module__}.{name}": lacks for name, f in public_functions() if (lacks := lacking(f))}
    assert not found


def test_what_is_lacking_is_found() -> None:
    def f(a: int, b: int, c: int) -> int:
        """Arguments: numbers."""
        return a + b + c

    def g(a: int, b: int, c: int) -> None:
        """Arguments: numbers."""

    assert lacking(f) == ["Returns:", "Errors:"]
    assert lacking(g) == ["Errors:"]
    assert lacking(methods) == []
    assert lacking(bp.ops.moveaxis) == []


def test_methods_and_functions_are_among_them() -> None:
    assert {"grad", "switch", "moveaxis", "check_op", "GraphBuilder.apply"} <= {name for name, _ in public_functions()}
