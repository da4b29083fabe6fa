"""Heterogeneous, typed, parallel automatic differentiation of NumPy code, on threads and Dask clusters.

Names are loaded when they are first used; `__init__.pyi` lists them with the modules in which they stand.
"""

from __future__ import annotations

import gc
import os
from types import MappingProxyType

import lazy_loader

__version__ = "0.1.0"
_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

_ELSEWHERE = MappingProxyType(
    {
        "jit": "backprop.compile(f)",
        "jacfwd": 'backprop.jacobian(f, mode="forward")',
        "jacrev": 'backprop.jacobian(f, mode="reverse")',
        "linearize": "backprop.jvp(f, primals, tangents), compiled",
        "make_vjp": "backprop.vjp(f, *args)",
        "make_jvp": "backprop.jvp(f, primals, tangents)",
        "make_hvp": "backprop.hvp(f, args, v)",
        "hessian_vector_product": "backprop.hvp(f, args, v)",
        "holomorphic_grad": "backprop.grad(lambda z: numpy.real(f(z)))",
        "grad_and_aux": "backprop.grad(f, has_aux=True)",
        "pmap": "backprop.minibatch(loss, batch_argnums)",
        "cond": "backprop.switch(index, branches, *operands), or plain if",
        "while_loop": "plain while, or backprop.fori_loop(start, stop, body, init)",
        "custom_vjp": "backprop.op(f)",
        "primitive": "backprop.op(f)",
        "numpy": "numpy itself",
        "flatten": "backprop.ravel(value)",
        "ravel_pytree": "backprop.ravel(value)",
    }
)
"""What others call something that has another name here."""


def __getattr__(name: str) -> object:
    """A public name, loaded when it is first used; the error of another's name says what it is called here."""
    if name in _ELSEWHERE:
        raise AttributeError(f"module 'backprop' has no attribute {name!r}: write {_ELSEWHERE[name]}", name=name)
    collects = gc.isenabled()
    gc.disable()  # code and classes stay: the collector would visit them ten times while they are loaded
    try:
        return _load(name)
    finally:
        if collects:
            gc.enable()


if os.environ.get("BACKPROP_CACHE_LIMIT"):
    from .api import caches as caches  # which reads the variable
