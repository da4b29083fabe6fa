"""The quick way through a compiled function whose last call had arguments of the same types.

Taking nested arguments apart, comparing their signature and checking each value takes ten times as long as a check that
is written for one signature. So after a call a check is generated as Python code: it returns the leaves where the
arguments have that signature, and None where they do not, or where it cannot tell.

A record (a dataclass or an attrs class) is looked at by its attributes; any other container but tuples, lists and
dicts is taken apart by the function that it was registered with.

Limits: subclasses of arrays and of registered leaves go the long way; so do records of which a field is not set, or
whose attributes are found by properties.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from keyword import iskeyword
from types import MemberDescriptorType
from typing import Any

import numpy as np
from optree import PyTreeKind, PyTreeSpec

from ...graph.graph import Graph, NodeId
from ...graph.ownership import contiguous, separations
from ...graph.tracing.structures.records import fields_of, take_record_apart
from ...graph.tracing.structures.structure import Static, Structure, restore, taking_apart, unflatten
from ...ops.core.types import ArrayType, ScalarType, UserType, ValueType
from ...scheduler.executors.base import AbstractExecutor, Replayed
from ...scheduler.executors.telling import Way, told_if_long
from ...scheduler.learning.course import Course, bound
from ...scheduler.programs.code_generation import defined
from ..watching import Observer

Match = Callable[[tuple[Any, ...], dict[str, Any]], "list[Any] | None"]

_TOLD: Way = partial(told_if_long, bound)
"""How a plan is run that somebody watches."""


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """A call like the last one.

    Arguments:
        match: (args, kwargs) -> values of the leaves, C-contiguous; None for arguments of another signature.
        graph: what runs.
        course: of the graph on the executor of the last call.
        run: (executor, values) -> results; the executor is one like that of the last call.
        finish: for each result, what makes it the user's; None where it is.
        output: the structure of the result.
    """

    match: Match
    graph: Graph
    course: Course
    run: Replayed
    finish: tuple[Callable[[Any], Any] | None, ...]
    output: Structure

    def __call__(self, executor: AbstractExecutor, values: Sequence[Any]) -> Any:
        """The result for matched values."""
        return self.finished(self.run(executor, values))

    def told(self, observer: Observer, executor: AbstractExecutor, values: Sequence[Any]) -> Any:
        """The result for matched values, of whose plan an observer is told.

        Arguments:
            observer: who is told.
            executor: one like that of the last call.
            values: what was matched.
        """
        plan = executor.fitted(self.course.plan, values)
        return self.finished(observer.run(_TOLD, self.graph, plan, values, executor))

    def finished(self, results: Sequence[Any]) -> Any:
        """The result of the call, from those of the graph."""
        finished = [result if f is None else f(result) for f, result in zip(self.finish, results, strict=True)]
        return unflatten(self.output, finished)


def finishes(graph: Graph) -> tuple[Callable[[Any], Any] | None, ...]:
    """For each result of a graph, what makes it the user's: a copy where memory may be shared, a number of theirs."""
    return tuple([_finish(t, own) for t, own in zip(graph.output_types, separations(graph), strict=True)])


def _finish(t: ValueType[Any], own: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return own if isinstance(t, ArrayType) and t.shape else partial(restore, t)


# The check.


def matcher(
    structure: Structure, start: Sequence[NodeId], constants: Mapping[NodeId, Any], example: tuple[Any, Any]
) -> Match | None:
    """A check for the signature of a call.

    Arguments:
        structure: of (args, kwargs).
        start: which values are wanted, by id: the dynamic leaves in order, then what was captured.
        constants: what was captured, by id.
        example: (args, kwargs) of that structure.
    Returns:
        the check; None where there is none for such arguments.
    """
    writer, leaves = _Writer(), list(structure.leaves)
    try:
        for name, spec, value in zip(("args", "kwargs"), structure.spec.children(), example, strict=True):
            writer.container(name, spec, leaves, value)
    except _UnsupportedError:
        return None
    return writer.function(start, {i: contiguous(value) for i, value in constants.items()})


class _UnsupportedError(Exception):
    """There is no quick check for such a value."""


class _Writer:
    """The lines of a check."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.values: dict[str, Any] = {"ndarray": np.ndarray, "contiguous": contiguous, "type": type, "len": len}
        self.leaves: list[str] = []
        self.count = 0

    def function(self, start: Sequence[NodeId], constants: Mapping[NodeId, Any]) -> Match:
        """The check as a function that returns the values of some ids.

        Arguments:
            start: the ids: of dynamic leaves, and behind them of what was captured.
            constants: what was captured, by id.
        """
        found = [self.leaves[i] if i < len(self.leaves) else self._constant(constants[i]) for i in start]
        text = "\n".join(["def match(args, kwargs):", *self.lines, f"    return [{', '.join(found)}]"])
        return defined(text, self.values, "<backprop signature>")

    def container(self, name: str, spec: PyTreeSpec, leaves: list[ValueType[Any] | Static], value: Any) -> None:
        """Check a container, and what is in it.

        Arguments:
            name: what it is called in the check.
            spec: of it.
            leaves: of it, and of what comes after it; its own are taken away.
            value: an example of it.
        """
        if spec.is_leaf():
            self.leaf(name, leaves.pop(0))
            return
        parts = [self._fresh() for _ in spec.children()]
        for part, child, inner in zip(parts, spec.children(), self._opened(name, spec, parts, value), strict=True):
            self.container(part, child, leaves, inner)

    def _opened(self, name: str, spec: PyTreeSpec, parts: list[str], value: Any) -> Iterable[Any]:
        """Check a container itself, and give its children names; those of the example."""
        cls = self._constant(type(value))
        if spec.kind == PyTreeKind.NONE:
            self.unless(f"{name} is None")
            return ()
        if spec.kind == PyTreeKind.DICT:
            keys = spec.entries()
            self.unless(f"type({name}) is {cls} and {name}.keys() == {self._constant(dict.fromkeys(keys).keys())}")
            self.lines += [f"    {part} = {name}[{self._constant(key)}]" for part, key in zip(parts, keys, strict=True)]
            return [value[key] for key in keys]
        if spec.kind in (PyTreeKind.TUPLE, PyTreeKind.LIST, PyTreeKind.NAMEDTUPLE):
            self.unless(f"type({name}) is {cls} and len({name}) == {len(parts)}")
            self._unpacked(parts, name)
            return value  # type: ignore[no-any-return]
        take_apart = taking_apart(type(value))
        if take_apart is None:
            raise _UnsupportedError
        self.unless(f"type({name}) is {cls}")
        if take_apart is take_record_apart:
            return self._attributes(name, list(spec.entries()), parts, value)
        return self._registered(name, parts, take_apart, value)

    def _registered(self, name: str, parts: list[str], take_apart: Callable[[Any], Any], value: Any) -> Iterable[Any]:
        """Take a container apart by the function that it was registered with, and compare its static part."""
        children, static = take_apart(value)[:2]
        found = self._fresh()
        self.lines.append(f"    {found} = {self._constant(take_apart)}({name})")
        self.unless(f"{found}[1] == {self._constant(static)} and len({found}[0]) == {len(parts)}")
        self._unpacked(parts, f"{found}[0]")
        return children  # type: ignore[no-any-return]

    def _attributes(self, name: str, names: list[str], parts: list[str], value: Any) -> Iterable[Any]:
        """Check which attributes a record has, and read them; their names are those of the example."""
        cls = type(value)
        unset = set(fields_of(cls)) - set(names)
        odd = [key for key in names if not key.isidentifier() or iskeyword(key)]
        found = [getattr(cls, key, None) for key in names]
        slots = [isinstance(x, MemberDescriptorType) for x in found]
        computed = [hasattr(type(x), "__set__") and not is_slot for x, is_slot in zip(found, slots, strict=True)]
        if unset or odd or any(computed):
            raise _UnsupportedError
        if hasattr(value, "__dict__"):
            own = [key for key, is_slot in zip(names, slots, strict=True) if not is_slot]
            self.unless(f"{name}.__dict__.keys() == {self._constant(dict.fromkeys(own).keys())}")
        if parts:
            reads = [f"{part} = {name}.{key}" for part, key in zip(parts, names, strict=True)]
            self.lines += ["    try:", f"        {'; '.join(reads)}", "    except AttributeError: return None"]
        return [getattr(value, key) for key in names]

    def _unpacked(self, parts: list[str], name: str) -> None:
        if parts:
            self.lines.append(f"    [{', '.join(parts)}] = {name}")

    def leaf(self, name: str, leaf: ValueType[Any] | Static) -> None:
        """Check a leaf, and keep it where it is dynamic."""
        if isinstance(leaf, Static):
            self._static(name, leaf.value)
        elif isinstance(leaf, ArrayType):
            shape, dtype = self._constant(leaf.shape), self._constant(leaf.dtype)
            self.unless(f"type({name}) is ndarray and {name}.shape == {shape} and {name}.dtype == {dtype}")
            self.leaves.append(f"{name} if {name}.flags.c_contiguous else contiguous({name})")
        elif isinstance(leaf, ScalarType):
            number = type(leaf.dtype.type(0).item()) if leaf.weak else leaf.dtype.type
            self.unless(f"type({name}) is {self._constant(number)}")
            self.leaves.append(f"{self._constant(leaf.dtype.type)}({name})" if leaf.weak else name)
        elif isinstance(leaf, UserType):
            self.unless(f"type({name}) is {self._constant(leaf.cls)}")
            self.leaves.append(name)
        else:
            raise _UnsupportedError

    def _static(self, name: str, value: Any) -> None:
        constant = self._constant(value)
        if isinstance(value, Enum | type | np.dtype):
            self.unless(f"{name} is {constant}")
        elif type(value) in (bool, int, str) or isinstance(value, np.integer | np.bool_):
            self.unless(f"type({name}) is {self._constant(type(value))} and {name} == {constant}")
        else:
            raise _UnsupportedError

    def unless(self, condition: str) -> None:
        self.lines.append(f"    if not ({condition}): return None")

    def _fresh(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def _constant(self, value: Any) -> str:
        name = f"c{len(self.values)}"
        self.values[name] = value
        return name
