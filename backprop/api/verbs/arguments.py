"""Which inputs of a graph an argument stands for, and its gradient put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

from typing_extensions import TypeIs

from ...errors import ArgumentError, IntegerInputError, Source
from ...graph.tracing.structures.structure import Static, Structure, unflatten
from ...graph.tracing.trace import parameters

Argnums: TypeAlias = int | str | Sequence[int | str]


class Pick(NamedTuple):
    """An argument to differentiate by."""

    structure: Structure
    ids: tuple[int, ...]  # of the inputs that are its differentiable leaves


class Picks(NamedTuple):
    """The arguments to differentiate by.

    Attributes:
        parts: one for each argument.
        many: whether argnums was a sequence, so that the gradients make a tuple.
    """

    parts: tuple[Pick, ...]
    many: bool

    @property
    def ids(self) -> tuple[int, ...]:
        """The inputs that are their differentiable leaves."""
        return tuple(i for part in self.parts for i in part.ids)

    def assembled(self, values: Sequence[Any]) -> Any:
        """Cotangents in the structures of their arguments, with None for what has no derivative.

        Arguments:
            values: a cotangent for each id.
        Returns:
            a tuple where argnums was a sequence.
        """
        return self.paired(_assembled(self.parts, values))

    def paired(self, results: Sequence[Any]) -> Any:
        """One result for each argument: a tuple where argnums was a sequence, else the only one."""
        return tuple(results) if self.many else results[0]


def pick(f: Callable[..., Any], arguments: Structure, argnums: Argnums, *, lenient: bool = False) -> Picks:
    """The arguments of a call that are to be differentiated by.

    Arguments:
        f: the function that was called.
        arguments: the structure of (args, kwargs).
        argnums: positions or names.
        lenient: whether arguments without a derivative are allowed.
    Errors:
        ArgumentError: there is no such argument.
        IntegerInputError: it has no derivative.
    """
    wanted = tuple(argnums) if is_many(argnums) else (argnums,)
    parts = [_pick_one(f, arguments, _locate(f, arguments, argnum)) for argnum in wanted]
    for part, argnum in zip(parts, wanted, strict=True):
        if not part.ids and not lenient:
            raise not_differentiable(part.structure, _name(f, _locate(f, arguments, argnum)))
    return Picks(tuple(parts), is_many(argnums))


def _locate(f: Callable[..., Any], arguments: Structure, argnum: int | str) -> int | str:
    """Where an argument stands, as a position or a keyword."""
    args, kwargs = arguments.spec.children()
    count, names = args.num_children, kwargs.entries()
    if isinstance(argnum, int) and 0 <= argnum < count:
        return argnum
    known = parameters(f)
    position = known.index(argnum) if argnum in known else argnum
    if isinstance(position, int):
        position = position + count if position < 0 else position
        name = known[position] if 0 <= position < len(known) else f"args[{position}]"
        if 0 <= position < count:
            return position
        if name in names:
            return name
    if argnum in names:
        return argnum
    raise ArgumentError(
        f"there is no argument {argnum!r} to differentiate by: the call has {count} positional arguments"
        f" and the keywords {names}",
        Source.of(f),
        "name a position or a keyword of the call in argnums",
    )


def _name(f: Callable[..., Any], key: int | str) -> str:
    known = parameters(f)
    return key if isinstance(key, str) else known[key] if key < len(known) else f"args[{key}]"


def _pick_one(f: Callable[..., Any], arguments: Structure, key: int | str) -> Pick:
    args, kwargs = arguments.spec.children()
    children = (*args.children(), *kwargs.children())
    place = key if isinstance(key, int) else args.num_children + kwargs.entries().index(key)
    start = sum(child.num_leaves for child in children[:place])
    spec = children[place]
    leaves = arguments.leaves[start : start + spec.num_leaves]
    dynamic = sum(not isinstance(leaf, Static) for leaf in arguments.leaves[:start])
    types = [leaf for leaf in leaves if not isinstance(leaf, Static)]
    ids = tuple(dynamic + k for k, type in enumerate(types) if type.differentiable)
    return Pick(Structure(spec, leaves), ids)


def not_differentiable(structure: Structure, name: str) -> IntegerInputError:
    """The error of an argument without a derivative.

    Arguments:
        structure: of the argument.
        name: its name.
    """
    if not structure.leaves:
        return IntegerInputError("the argument is empty, and has no derivative", name, "choose another with argnums")
    leaf = structure.leaves[0]
    what = f"{leaf.value!r}" if isinstance(leaf, Static) else f"of type {leaf}"
    return IntegerInputError(
        f"the argument is {what}, and has no derivative",
        structure.paths(name)[0],
        "pass a float (3.0 for 3, x.astype(float) for an array), or choose another argument with argnums",
    )


def _assembled(picks: Sequence[Pick], values: Sequence[Any]) -> tuple[Any, ...]:
    rest = iter(values)
    result = []
    for one in picks:
        leaves = [next(rest) if type.differentiable else None for type in one.structure.types]
        result.append(unflatten(one.structure, leaves, lambda value: None))
    return tuple(result)


def is_many(argnums: Argnums) -> TypeIs[Sequence[int | str]]:
    """Whether argnums ask for a tuple of gradients."""
    return isinstance(argnums, Iterable) and not isinstance(argnums, str)
