"""autograd, JAX and PyTorch: the gradient of the same loss, on the same cores, where they are installed.

A loss takes the namespace of array functions first, so that one text serves NumPy and all rivals. JAX is compiled and
warm, in double precision where the data are; PyTorch runs eagerly. Both use as many threads as this project does, or
their own number where they cannot be told.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import optree

from .harness import Variant
from .ours import WORKERS

NAMES = ("autograd", "jax", "torch")

SETTLE_S = 0.05
"""Seconds until the threads of a rival are at rest."""


@cache
def module(name: str) -> Any:
    """A module, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def missing() -> tuple[str, ...]:
    """The rivals that are not installed."""
    return tuple(name for name in NAMES if module(name) is None)


def gradients(loss: Callable[..., Any], params: Any, *rest: Any, skip: tuple[str, ...] = ()) -> dict[str, Variant]:
    """The gradient by every rival that is installed.

    Arguments:
        loss: (namespace, params, *rest) -> a scalar.
        params: containers of arrays, to differentiate by.
        rest: further arguments.
        skip: rivals that are left out.
    """
    makers = {"autograd": by_autograd, "jax": by_jax, "torch": by_torch}
    chosen = [name for name in NAMES if name not in skip and module(name) is not None]
    return {name: Variant(makers[name](loss, params, *rest), settle=SETTLE_S) for name in chosen}


def by_autograd(loss: Callable[..., Any], params: Any, *rest: Any) -> Callable[[], Any]:
    """The gradient by autograd, traced at every call."""
    gradient = module("autograd").grad(partial(loss, module("autograd.numpy")))
    return lambda: gradient(params, *rest)


def by_jax(loss: Callable[..., Any], params: Any, *rest: Any) -> Callable[[], Any]:
    """The gradient by JAX, compiled."""
    jax = module("jax")
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")
    gradient = jax.jit(jax.grad(partial(loss, module("jax.numpy"))))
    given = jax.device_put((params, *rest))
    return lambda: jax.block_until_ready(gradient(*given))


def by_torch(loss: Callable[..., Any], params: Any, *rest: Any) -> Callable[[], Any]:
    """The gradient by PyTorch, eagerly."""
    torch = module("torch")
    torch.set_num_threads(WORKERS)
    tensors = optree.tree_map(lambda a: torch.tensor(a, requires_grad=True), params)
    given = [torch.tensor(a) if hasattr(a, "dtype") else a for a in rest]
    wanted = optree.tree_leaves(tensors)
    return lambda: torch.autograd.grad(loss(torch, tensors, *given), wanted)


def skipped_lines() -> Iterator[str]:
    """What to tell of rivals that are not there."""
    for name in missing():
        yield f"{name} is not installed: skipped (make bench-rivals installs it)"
