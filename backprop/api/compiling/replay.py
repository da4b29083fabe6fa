"""The quick way through a compiled function whose last call had arguments of the same types.

Taking nested arguments apart, comparing their signature and checking each value takes ten times as long as a check that
is written for one signature. So after a call a check is generated as Python code: it returns the leaves where the
arguments have that signature, and None where they do not, or where it cannot tell.

Limits: containers other than tuples (also named), lists and dicts go the long way, and so do subclasses of arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import CodeType, FunctionType
from typing import Any

import numpy as np
from optree import PyTreeKind, PyTreeSpec

from ...graph.graph import Graph, NodeId
from ...graph.ownership import contiguous, separations
from ...graph.tracing.structures.structure import Static, Structure, restore, unflatten
from ...ops.core.types import ArrayType, ScalarType, ValueType
from ...scheduler.executors.base import AbstractExecutor, Replayed

Match = Callable[[tuple[Any, ...], dict[str, Any]], "list[Any] | None"]


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """A call like the last one.

    Arguments:
        match: (args, kwargs) -> values of the leaves, C-contiguous; None for arguments of another signature.
        run: (executor, values) -> results; the executor is one like that of the last call.
        finish: for each result, what makes it the user's; None where it is.
        output: the structure of the result.
    """

    match: Match
    run: Replayed
    finish: tuple[Callable[[Any], Any] | None, ...]
    output: Structure

    def __call__(self, executor: AbstractExecutor, values: Sequence[Any]) -> Any:
        """The result for matched values."""
        results = self.run(executor, values)
        finished = [result if f is None else f(result) for f, result in zip(self.finish, results, strict=True)]
        return unflatten(self.output, finished)


def finishes(graph: Graph) -> tuple[Callable[[Any], Any] | None, ...]:
    """For each result of a graph, what makes it the user's: a copy where memory may be shared, a number of theirs."""
    return tuple([_finish(t, own) for t, own in zip(graph.output_types, separations(graph), strict=True)])


def _finish(t: ValueType[Any], own: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return own if isinstance(t, ArrayType) and t.shape else partial(restore, t)


# The check.


def matcher(structure: Structure, start: Sequence[NodeId], constants: Mapping[NodeId, Any]) -> Match | None:
    """A check for the signature of a call.

    Arguments:
        structure: of (args, kwargs).
        start: which values are wanted, by id: the dynamic leaves in order, then what was captured.
        constants: what was captured, by id.
    Returns:
        the check; None where there is none for such arguments.
    """
    writer, leaves = _Writer(), list(structure.leaves)
    try:
        writer.container("args", structure.spec.child(0), leaves)
        writer.container("kwargs", structure.spec.child(1), leaves)
    except _UnsupportedError:
        return None
    return writer.function(start, {i: contiguous(value) for i, value in constants.items()})


class _UnsupportedError(Exception):
    """There is no quick check for such a value."""


class _Writer:
    """The lines of a check."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.values: dict[str, Any] = {"ndarray": np.ndarray, "contiguous": contiguous}
        self.leaves: list[str] = []
        self.count = 0

    def function(self, start: Sequence[NodeId], constants: Mapping[NodeId, Any]) -> Match:
        """The check as a function that returns the values of some ids."""
        found = [self.leaves[i] if i < len(self.leaves) else self._constant(constants[i]) for i in start]
        text = "\n".join(["def match(args, kwargs):", *self.lines, f"    return [{', '.join(found)}]"])
        module = compile(text, "<backprop signature>", "exec")
        code = next(part for part in module.co_consts if isinstance(part, CodeType))
        return FunctionType(code, self.values)

    def container(self, name: str, spec: PyTreeSpec, leaves: list[ValueType[Any] | Static]) -> None:
        """Check a container, and what is in it."""
        if spec.is_leaf():
            self.leaf(name, leaves.pop(0))
            return
        parts = [self._fresh() for _ in spec.children()]
        if spec.kind == PyTreeKind.NONE:
            self.unless(f"{name} is None")
        elif spec.kind == PyTreeKind.DICT:
            self._keyed(name, spec.entries(), parts)
        elif spec.kind in (PyTreeKind.TUPLE, PyTreeKind.LIST, PyTreeKind.NAMEDTUPLE):
            self.unless(f"type({name}) is {self._constant(spec.type)} and len({name}) == {len(parts)}")
            if parts:
                self.lines.append(f"    [{', '.join(parts)}] = {name}")
        else:
            raise _UnsupportedError
        for part, child in zip(parts, spec.children(), strict=True):
            self.container(part, child, leaves)

    def leaf(self, name: str, leaf: ValueType[Any] | Static) -> None:
        """Check a leaf, and keep it."""
        if isinstance(leaf, Static) and type(leaf.value) in (bool, int, str):
            value = self._constant(leaf.value)
            self.unless(f"type({name}) is {self._constant(type(leaf.value))} and {name} == {value}")
        elif isinstance(leaf, ArrayType):
            shape, dtype = self._constant(leaf.shape), self._constant(leaf.dtype)
            self.unless(f"type({name}) is ndarray and {name}.shape == {shape} and {name}.dtype == {dtype}")
            self.leaves.append(f"{name} if {name}.flags.c_contiguous else contiguous({name})")
        elif isinstance(leaf, ScalarType):
            number = type(leaf.dtype.type(0).item()) if leaf.weak else leaf.dtype.type
            self.unless(f"type({name}) is {self._constant(number)}")
            self.leaves.append(f"{self._constant(leaf.dtype.type)}({name})" if leaf.weak else name)
        else:
            raise _UnsupportedError

    def unless(self, condition: str) -> None:
        self.lines.append(f"    if not ({condition}): return None")

    def _keyed(self, name: str, keys: Sequence[Any], parts: list[str]) -> None:
        wanted = self._constant(dict.fromkeys(keys).keys())
        self.unless(f"type({name}) is {self._constant(dict)} and {name}.keys() == {wanted}")
        self.lines += [f"    {part} = {name}[{self._constant(key)}]" for part, key in zip(parts, keys, strict=True)]

    def _fresh(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def _constant(self, value: Any) -> str:
        name = f"c{len(self.values)}"
        self.values[name] = value
        return name
