"""Structure: nested values taken apart into leaves, and put together again.

Tuples, lists, dicts, NamedTuples, dataclasses, attrs classes and sparse arrays are taken apart (by optree), down to
leaves. A leaf that has a type in graphs (an array, a float, a complex number, a value of a registered class) is
dynamic: it becomes an input. Any other leaf (int, bool, str, an enum member, a function) is static: it is part of the
structure, and of every cache key made of it. None is a container of nothing.

A class is made known to optree when it is first met, in a namespace of ours. That table is the one mutable thing here;
optree guards it by a lock, and an entry follows from the class alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
import optree

from ....ops.core.types import NumericType, UserType, ValueType, class_type, scalar_type, type_of
from ....ops.sparse.containers import is_container, put_together, take_apart
from ....ops.sparse.matrix import Sparse
from ....ops.sparse.patterns import is_known
from ...handle import Handle
from ..boundary.elements import gathered, is_of_elements
from ..var import Var
from .content import content_of
from .records import putting_together, take_record_apart

NAMESPACE = "backprop"


@dataclass(frozen=True, slots=True)
class Static:
    """A leaf that is part of the structure."""

    value: Any
    content: Hashable = field(init=False, repr=False)  # when this was made: the value may change

    def __post_init__(self) -> None:
        object.__setattr__(self, "content", content_of(self.value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Static) and self.content == other.content

    def __hash__(self) -> int:
        return hash(self.content)


@dataclass(frozen=True, slots=True)
class Structure:
    """What is left of a nested value when its dynamic leaves are taken out."""

    spec: optree.PyTreeSpec
    leaves: tuple[ValueType[Any] | Static, ...]

    @property
    def types(self) -> tuple[ValueType[Any], ...]:
        """The types of the dynamic leaves, in order."""
        return tuple(leaf for leaf in self.leaves if not isinstance(leaf, Static))

    @property
    def arguments(self) -> tuple[Structure, ...]:
        """Of a structure of (args, kwargs): that of each positional argument."""
        sizes = [child.num_leaves for child in self.spec.child(0).children()]
        ends = [sum(sizes[: k + 1]) for k in range(len(sizes))]
        specs = zip(self.spec.child(0).children(), sizes, ends, strict=True)
        return tuple(Structure(spec, self.leaves[end - size : end]) for spec, size, end in specs)

    def paths(self, root: str) -> list[str]:
        """The path of each leaf, as Python writes it: `root.layers[2].b`."""
        return [accessor.codify(root) for accessor in self.spec.accessors()]

    def __reduce__(self) -> tuple[Any, ...]:
        # As the user's own nesting, of types: who reads it may have to make its classes known first.
        return typed, (optree.tree_unflatten(self.spec, self.leaves),)


def is_dynamic(leaf: Any) -> bool:
    """Whether a leaf becomes an input of a graph."""
    if type(leaf) is np.ndarray:
        return True
    if isinstance(leaf, Var | Handle | np.ndarray | float | complex | np.inexact):
        return type(leaf) is Var or not isinstance(leaf, Enum)
    return isinstance(class_type(leaf), UserType)


def flatten(tree: Any, dynamic: Callable[[Any], bool] = is_dynamic) -> tuple[list[Any], Structure]:
    """A nested value's dynamic leaves, and its structure.

    Arguments:
        tree: any nesting of containers.
        dynamic: which leaves are dynamic.
    Returns:
        the dynamic leaves in order, and what `unflatten` needs to put them, or others, in their places.
    Errors:
        GraphTypeError: an array of a dtype that is not supported.
    """
    return as_structure(*taken_apart(tree), dynamic)


def as_structure(
    leaves: Sequence[Any], spec: optree.PyTreeSpec, dynamic: Callable[[Any], bool] = is_dynamic
) -> tuple[list[Any], Structure]:
    """`flatten` of a value that has been taken apart.

    Arguments:
        leaves, spec: what `taken_apart` found.
        dynamic: which leaves are dynamic.
    Errors:
        GraphTypeError: an array of a dtype that is not supported.
    """
    leaves = [gathered(leaf) if is_of_elements(leaf) else leaf for leaf in leaves]
    values = []
    kinds: list[ValueType[Any] | Static] = []
    for leaf in leaves:
        if dynamic(leaf):
            values.append(leaf)
            kinds.append(leaf.type if isinstance(leaf, Var | Handle) else type_of(leaf))
        else:
            kinds.append(Static(leaf))
    return values, Structure(spec, tuple(kinds))


def typed(tree: Any) -> Structure:
    """The structure of a nesting of types: of ValueTypes, and of Static leaves.

    Arguments:
        tree: any nesting of containers; what is no ValueType is static.
    """
    leaves, spec = taken_apart(tree)
    return Structure(spec, tuple(leaf if isinstance(leaf, ValueType | Static) else Static(leaf) for leaf in leaves))


def structure_of(tree: Any) -> Structure:
    """The structure of a nested value; each of its leaves counts as dynamic, integers and booleans too."""
    leaves, spec = taken_apart(tree)
    return Structure(spec, tuple(leaf.type if isinstance(leaf, Var) else type_of(leaf) for leaf in leaves))


def flatten_up_to(structure: Structure, tree: Any) -> list[Any]:
    """What a nested value has in the places of the dynamic leaves of a structure.

    Errors:
        ValueError: it has another structure.
    """
    parts = parts_up_to(structure, tree)
    return [part for part, leaf in zip(parts, structure.leaves, strict=True) if not isinstance(leaf, Static)]


def parts_up_to(structure: Structure, tree: Any) -> list[Any]:
    """What a nested value has in the places of all leaves of a structure; a sparse matrix may be traced or not.

    Errors:
        ValueError: it has another structure.
    """
    make_known(tree)
    try:
        return structure.spec.flatten_up_to(tree)
    except ValueError:
        for other in (_with_scipys, _with_ours):
            with contextlib.suppress(ValueError):
                return optree.treespec_transform(structure.spec, other).flatten_up_to(tree)
        raise


def _with_ours(node: optree.PyTreeSpec) -> optree.PyTreeSpec:
    """A node of a spec, with what stands in for a sparse matrix in the place of it."""
    if node.type is None or not is_known(node.type):
        return node
    return optree.tree_structure(node.unflatten([Static(0)]), namespace=NAMESPACE)


def _with_scipys(node: optree.PyTreeSpec) -> optree.PyTreeSpec:
    """A node of a spec, with a sparse matrix in the place of what stands in for it."""
    if node.type is not Sparse:
        return node
    ours: Any = node.unflatten([Static(0)])
    pattern = ours.pattern
    return optree.tree_structure(pattern.matrix(np.zeros(pattern.nnz)), namespace=NAMESPACE)


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


def restore(type: ValueType[Any], value: Any) -> Any:
    """A value as a user expects it for a type: a Python number for a Python number, otherwise an array."""
    if not isinstance(type, NumericType) or (type.shape and isinstance(value, np.ndarray)):
        return value
    if type.weak:
        return value.item() if isinstance(value, np.generic | np.ndarray) else value
    if type == scalar_type(type.dtype):
        return value[()] if isinstance(value, np.ndarray) else value
    return np.asarray(value)


def taken_apart(tree: Any) -> tuple[list[Any], optree.PyTreeSpec]:
    """All leaves of a nested value, and its nesting, after its classes were made known."""
    while True:
        leaves, spec = optree.tree_flatten(tree, namespace=NAMESPACE)
        unknown = [found for leaf in {type(leaf): leaf for leaf in leaves}.values() if (found := _container(leaf))]
        if not unknown:
            return leaves, spec
        for container in unknown:
            as_container(*container)


def _container(leaf: Any) -> tuple[type, Callable[[Any], Any], Callable[[Any, Any], Any]] | None:
    """The class of a leaf that is to be taken apart, and how its instances are; None of any other leaf."""
    cls = type(leaf)
    if is_container(cls):
        return cls, take_apart, put_together
    return (cls, take_record_apart, putting_together(cls)) if _is_record(leaf) else None


def _is_record(leaf: Any) -> bool:
    """Whether a leaf is an instance of a dataclass or an attrs class that is to be taken apart."""
    cls = type(leaf)
    if not (hasattr(cls, "__dataclass_fields__") or hasattr(cls, "__attrs_attrs__")):
        return False
    return not isinstance(leaf, Var | Handle | ValueType | Static) and not isinstance(class_type(leaf), UserType)


# Making classes known.


def make_known(tree: Any) -> None:
    """Make the classes in a nested value known to optree."""
    taken_apart(tree)


def as_container(cls: type, take_apart: Callable[[Any], Any], put_together: Callable[[Any, Any], Any]) -> None:
    """Make a class known as a container.

    Arguments:
        cls: the class.
        take_apart: value -> (children, static part), or (children, static part, names of the children).
        put_together: (static part, children) -> value.
    """
    with contextlib.suppress(ValueError):  # another thread was first
        optree.register_pytree_node(
            cls, take_apart, put_together, path_entry_type=optree.GetAttrEntry, namespace=NAMESPACE
        )


def taking_apart(cls: type) -> Callable[[Any], Any] | None:
    """What takes containers of a class apart, value -> (children, static part, ...); None where nothing is known."""
    entry = optree.register_pytree_node.get(cls, namespace=NAMESPACE)
    return None if entry is None else entry.flatten_func


def as_leaf(cls: type) -> None:
    """Make a class a leaf again, if it was met as a container."""
    with contextlib.suppress(ValueError):
        optree.unregister_pytree_node(cls, namespace=NAMESPACE)


as_container(Sparse, take_apart, put_together)  # those of SciPy are made known when they are first met
