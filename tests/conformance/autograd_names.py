"""The names of autograd, by which its own tests call this package: `import autograd.numpy as np` gives NumPy itself.

It is a plugin of pytest (`-p tests.conformance.autograd_names`) for a process of its own; AUTOGRAD_SOURCE names the
unpacked source distribution. Names are adapted and nothing else: what checks derivatives (`autograd.test_util`) and
what picks arguments (`autograd.wrap_util`) are autograd's own files, read from there. Only the vector spaces, with
which they make directions and compare, stand here, as autograd's are made of its own tracer.
"""

from __future__ import annotations

import builtins
import importlib
import os
import sys
from collections.abc import Callable, Iterable
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np
import optree
import pytest
import scipy.special

import backprop as bp
import backprop.scipy

SOURCE = os.environ.get("AUTOGRAD_SOURCE", "")
COMBINATIONS = int(os.environ.get("AUTOGRAD_COMBINATIONS", "0"))
"""How many combinations of arguments, and of options, `combo_check` tries; 0 for all."""


def spread(*columns: Iterable[Any]) -> list[tuple[Any, ...]]:
    """`itertools.product`, of which no more than COMBINATIONS are kept, spread evenly from the first to the last."""
    every = list(product(*columns))
    if not COMBINATIONS or len(every) <= COMBINATIONS:
        return every
    return [every[round(k * (len(every) - 1) / (COMBINATIONS - 1))] for k in range(COMBINATIONS)]


class VectorSpace:
    """The shapes, dtypes and structure of a value, and what can be done with values of these."""

    iscomplex = False

    def __init__(self, value: Any) -> None:
        leaves, self.structure = optree.tree_flatten(value)
        for leaf in leaves:
            if not isinstance(leaf, float | complex | np.inexact | np.ndarray | bp.Var):
                raise TypeError(f"{leaf!r} is of no vector space")
        self.types = [(np.shape(leaf), np.result_type(leaf)) for leaf in leaves]
        self.iscomplex = any(dtype.kind == "c" for _, dtype in self.types)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VectorSpace) and (self.structure, self.types) == (other.structure, other.types)

    def __repr__(self) -> str:
        return f"{self.structure} of {self.types}"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.types[0][0]

    @property
    def size(self) -> int:
        return sum(int(np.prod(shape)) * (2 if dtype.kind == "c" else 1) for shape, dtype in self.types)

    def _made(self, make: Callable[[tuple[int, ...]], Any]) -> Any:
        leaves = []
        for shape, dtype in self.types:
            real, imag = np.asarray(make(shape)), np.asarray(make(shape)) if dtype.kind == "c" else 0
            leaves.append(np.asarray(real + 1j * imag if dtype.kind == "c" else real, dtype=dtype)[()])
        return optree.tree_unflatten(self.structure, leaves)

    def zeros(self) -> Any:
        return self._made(np.zeros)

    def ones(self) -> Any:
        return self._made(np.ones)

    def randn(self) -> Any:
        return self._made(lambda shape: np.random.randn(*shape))

    def add(self, x: Any, y: Any) -> Any:
        return optree.tree_map(lambda a, b: a + b, x, y)

    def scalar_mul(self, x: Any, a: Any) -> Any:
        return optree.tree_map(lambda part: part * a, x)

    def covector(self, x: Any) -> Any:
        return optree.tree_map(np.conj, x)

    def inner_prod(self, x: Any, y: Any) -> Any:
        pairs = zip(optree.tree_leaves(x), optree.tree_leaves(y), strict=True)
        return sum(np.real(np.sum(np.conj(a) * b)) for a, b in pairs)


def make_vjp(f: Callable[[Any], Any], x: Any) -> tuple[Callable[[Any], Any], Any]:
    value, pullback = bp.vjp(f, x)
    return lambda g: pullback(g)[0], value


def make_jvp(f: Callable[[Any], Any], x: Any) -> Callable[[Any], Any]:
    return lambda v: bp.jvp(f, (x,), (v,))


def module(name: str, **names: Any) -> ModuleType:
    """A module of names, known to `import`; what it has not raises an error when it is called, and not before."""
    made = sys.modules[name] = ModuleType(name)

    def absent(other: str) -> Any:
        if other.startswith("__"):
            raise AttributeError(other)

        def refuse(*args: Any, **params: Any) -> Any:
            raise NotImplementedError(f"{name}.{other} has no counterpart")

        return refuse

    vars(made).update({"__getattr__": absent, **names})
    return made


def adapt() -> None:
    """Make `import autograd` find this package."""
    package = module("autograd", __path__=[os.path.join(SOURCE, "autograd")], numpy=np, scipy=namesakes())
    for name, theirs in {"": np, ".random": np.random, ".linalg": np.linalg, ".fft": np.fft}.items():
        sys.modules[f"autograd.numpy{name}"] = theirs
    np.linalg._dot, np.linalg.T = np.dot, np.matrix_transpose  # type: ignore[attr-defined] # which one test calls
    builtin = {name: getattr(builtins, name) for name in ("isinstance", "type", "tuple", "list", "dict")}
    module("autograd.core", make_vjp=make_vjp, make_jvp=make_jvp, vspace=VectorSpace)
    module("autograd.extend", vspace=VectorSpace)
    module("autograd.builtins", **builtin)
    module("autograd.tracer", isbox=lambda value: isinstance(value, bp.Var))
    module("autograd.misc", flatten=bp.ravel)
    vars(package).update(builtin, checkpoint=bp.checkpoint, hessian_tensor_product=hessian_product)
    vars(package).update(make_ggnvp=gauss_newton, tensor_jacobian_product=jacobian_product)
    unary_to_nary = importlib.import_module("autograd.wrap_util").unary_to_nary
    vars(package).update({name: unary_to_nary(renamed(name, verb)) for name, verb in VERBS.items()})
    importlib.import_module("autograd.test_util").product = spread  # type: ignore[attr-defined]


def namesakes() -> ModuleType:
    """`autograd.scipy`: our namesakes of SciPy's modules, and SciPy's own functions where they take traced values."""
    made = module("autograd.scipy")
    for name in ("integrate", "linalg", "signal", "special", "stats"):
        own = getattr(backprop.scipy, name, None)
        names = {} if own is None else {key: value for key, value in vars(own).items() if key[0] != "_"}
        theirs = vars(scipy.special) if name == "special" else {}
        public = {key: value for key, value in theirs.items() if key[0] != "_"}
        setattr(made, name, module(f"autograd.scipy.{name}", **(public | names)))
    sys.modules["autograd.scipy.stats.multivariate_normal"] = backprop.scipy.stats.multivariate_normal  # type: ignore[assignment]
    return made


def renamed(name: str, verb: Callable[..., Any]) -> Callable[..., Any]:
    """A verb as autograd's functions of an only argument are: (function, its argument, ...)."""

    def unary(f: Callable[[Any], Any], x: Any) -> Any:
        return verb(f, x)

    unary.__name__ = name
    return unary


VERBS: dict[str, Callable[..., Any]] = {
    "grad": lambda f, x: bp.grad(f)(x),
    "value_and_grad": lambda f, x: bp.value_and_grad(f)(x),
    "elementwise_grad": lambda f, x: bp.elementwise_grad(f)(x),
    "jacobian": lambda f, x: bp.jacobian(f)(x),
    "hessian": lambda f, x: bp.hessian(f)(x),
    "holomorphic_grad": lambda f, x: bp.grad(lambda z: np.real(f(z)))(x),
    "deriv": lambda f, x: bp.jvp(f, (x,), (VectorSpace(x).ones(),))[1],
    "grad_and_aux": lambda f, x: bp.grad(f, has_aux=True)(x),
    "make_vjp": make_vjp,
    "make_jvp": make_jvp,
    "make_hvp": lambda f, x: make_vjp(bp.grad(f), x),
}


def hessian_product(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, v: bp.hvp(f, (x,), v)


def jacobian_product(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, v: np.tensordot(v, bp.jacobian(f)(x), np.ndim(v))


def half_square(y: Any) -> Any:
    return 0.5 * np.dot(y, y)


def gauss_newton(f: Callable[[Any], Any], g: Callable[[Any], Any] = half_square) -> Callable[[Any], Any]:
    def at(x: Any) -> Callable[[Any], Any]:
        def product(v: Any) -> Any:
            value, tangent = bp.jvp(f, (x,), (v,))
            return bp.vjp(f, x)[1](bp.hvp(g, (value,), tangent))[0]

        return product

    return at


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests of other processes to them: AUTOGRAD_PART="1/2" means every second one, from the second on."""
    part, parts = map(int, os.environ.get("AUTOGRAD_PART", "0/1").split("/"))
    items[:] = items[part::parts]


if SOURCE:
    adapt()
