"""Structure: nested values taken apart into leaves, and put together again.

Tuples, lists, dicts, NamedTuples and dataclasses are taken apart (by optree); what is left are leaves. A leaf that has
a type in graphs (arrays, floats, complex numbers) is dynamic: it becomes an input. Any other leaf (int, bool, str, an
enum member, a function) is static: it is part of the structure, and of every cache key made of it.

A dataclass is rebuilt without calling its constructor, by setting its fields, so that a constructor of a user's own
(`__post_init__`, `InitVar`, `init=False`) is neither needed nor run.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optree

from ..ops.types import NumericType, ValueType, scalar_type, type_of
from .builder import Var

NAMESPACE = "backprop"


@dataclass(frozen=True, slots=True)
class Static:
    """A leaf that is part of the structure."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Static) and type(self.value) is type(other.value) and bool(self.value == other.value)

    def __hash__(self) -> int:
        return hash(self.value) if isinstance(self.value, Hashable) else hash(type(self.value))


@dataclass(frozen=True, slots=True)
class Structure:
    """What is left of a nested value when its dynamic leaves are taken out."""

    spec: optree.PyTreeSpec
    leaves: tuple[ValueType[Any] | Static, ...]

    @property
    def types(self) -> tuple[ValueType[Any], ...]:
        """The types of the dynamic leaves, in order."""
        return tuple(leaf for leaf in self.leaves if not isinstance(leaf, Static))

    def paths(self, root: str) -> list[str]:
        """The path of each leaf, as Python writes it: `root.layers[2].b`."""
        return [accessor.codify(root) for accessor in self.spec.accessors()]


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """A nested value's dynamic leaves, and its structure.

    Arguments:
        tree: any nesting of containers.
    Returns:
        the dynamic leaves in order, and what `unflatten` needs to put them, or others, in their places.
    Errors:
        GraphTypeError: an array of a dtype that is not supported.
    """
    leaves, spec = _flatten(tree)
    values = []
    kinds: list[ValueType[Any] | Static] = []
    for leaf in leaves:
        if is_dynamic(leaf):
            values.append(leaf)
            kinds.append(leaf.type if isinstance(leaf, Var) else type_of(leaf))
        else:
            kinds.append(Static(leaf))
    return values, Structure(spec, tuple(kinds))


def unflatten(structure: Structure, values: Sequence[Any], static: Callable[[Any], Any] = lambda value: value) -> Any:
    """The nested value of a structure.

    Arguments:
        structure: from `flatten`.
        values: the dynamic leaves, in order.
        static: what to put in the place of a static leaf, from its value.
    """
    dynamic = iter(values)
    leaves = [static(leaf.value) if isinstance(leaf, Static) else next(dynamic) for leaf in structure.leaves]
    return optree.tree_unflatten(structure.spec, leaves)


def is_dynamic(leaf: Any) -> bool:
    """Whether a leaf becomes an input of a graph."""
    return isinstance(leaf, np.ndarray | float | complex | np.inexact | Var)


def restore(type: ValueType[Any], value: Any) -> Any:
    """A value as a user expects it for a type: a Python number for a Python number, an array of one's own else."""
    if not isinstance(type, NumericType):
        return value
    if type.weak:
        return value.item() if isinstance(value, np.generic | np.ndarray) else value
    if type == scalar_type(type.dtype):
        return value[()] if isinstance(value, np.ndarray) else value
    return np.asarray(value)


def _flatten(tree: Any) -> tuple[list[Any], optree.PyTreeSpec]:
    while True:
        leaves, spec = optree.tree_flatten(tree, namespace=NAMESPACE)
        unknown = {type(leaf) for leaf in leaves if dataclasses.is_dataclass(leaf) and not isinstance(leaf, type | Var)}
        if not unknown:
            return leaves, spec
        for cls in unknown:
            _register(cls)


def _register(cls: type) -> None:
    names = tuple(field.name for field in dataclasses.fields(cls))

    def take_apart(value: Any) -> tuple[tuple[Any, ...], None, tuple[str, ...]]:
        return tuple(getattr(value, name) for name in names), None, names

    def put_together(_: Any, children: Iterable[Any]) -> Any:
        value: Any = object.__new__(cls)
        for name, child in zip(names, children, strict=True):
            object.__setattr__(value, name, child)
        return value

    with contextlib.suppress(ValueError):  # another thread was first
        optree.register_pytree_node(
            cls, take_apart, put_together, path_entry_type=optree.GetAttrEntry, namespace=NAMESPACE
        )
