"""Every op of `backprop.ops`, found by walking through its modules."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from backprop import ops
from backprop.ops.core.op import Op


def ops_below(*rooms: str) -> tuple[Op, ...]:
    """The ops that the modules of some rooms hold, each once; those of all modules where no room is named."""
    wanted = tuple(f"{ops.__name__}.{room}" for room in rooms)
    names = [name for name in modules() if not rooms or any(f"{name}.".startswith(f"{room}.") for room in wanted)]
    return tuple({op: None for name in names for op in held_by(name)})


def modules() -> Iterator[str]:
    """The names of the modules of `backprop.ops`."""
    return (found.name for found in pkgutil.walk_packages(ops.__path__, f"{ops.__name__}."))


def held_by(module: str) -> Iterator[Op]:
    """The ops that are at home in a module."""
    values = vars(importlib.import_module(module)).values()
    return (value for value in values if isinstance(value, Op) and value.home == module)
