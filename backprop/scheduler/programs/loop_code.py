"""A loop over the steps of a body -> one function: the arrays of a workspace are fetched once, not once a step.

    for each step: rows of the operands, and of the arrays that collect results, come from iterating over these;
    a result that is collected is written to its row by the op that makes it, where the op can.

The lines are those of the body as a program (code_generation.py), so that the bits are the same.

Limits: a result that an op hands out in memory of its own is copied to its row.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...graph.autodiff.loop import Loop
from ...graph.graph import Graph, NodeId
from ...ops.core.op import Kind
from ...ops.core.stopping import check_stop
from ...ops.core.types import ArrayType
from .code_generation import Code, Functions, defined, line_of
from .kernels import is_buffered, takes_out
from .memory.workspace import Pool
from .steps import Step, Steps

BETWEEN = 64
"""Steps after which a loop looks whether it is to stop."""


def generate_loop(body: Graph, steps: Steps, loop: Loop) -> Code:
    """The code of a loop.

    Arguments:
        body: the graph of a step.
        steps: the same as steps over named values.
        loop: which inputs and results are what.
    Returns:
        its Code: (*carries, *rows, *constants, *collecting arrays) -> last carries. Arrays of rows and those that
        collect are given in the order of the steps.
    """
    return _LoopWriter(body, steps, loop).code()


class _LoopWriter:
    """The lines of a loop in the making."""

    def __init__(self, body: Graph, steps: Steps, loop: Loop) -> None:
        self.body = body
        self.steps = steps
        self.loop = loop
        self.functions = Functions(steps.constants)
        self.carries, self.rows, self.constants = loop.parts(steps.inputs)
        results = len(body.outputs) - loop.carries
        types = [body.type_of(i) for i in body.outputs[loop.carries :]] + [body.inputs[k] for k in loop.kept]
        self.is_array = [isinstance(t, ArrayType) and bool(t.shape) for t in types]
        self.collected = results
        self.in_place = self._in_place()

    def _in_place(self) -> dict[str, int]:
        """The names of results that their ops write to the row that collects them, and which that is."""
        found: dict[str, int] = {}
        by_id = {step.id: step for step in self.steps.steps}
        names = self.steps.outputs[self.loop.carries :]
        for k, ((name, wrap), i) in enumerate(zip(names, self.body.outputs[self.loop.carries :], strict=True)):
            step = by_id.get(i)
            if wrap is None and name not in found and step is not None and self._takes_row(i, step, name):
                found[name] = k
        return found

    def _takes_row(self, i: NodeId, step: Step, name: str) -> bool:
        """Whether a step makes a value in a register that it could make in a row."""
        node = self.body.node(i)
        into = node.op.kind in (Kind.ELEMENTWISE, Kind.INTO) and takes_out(step.function)
        return into and step.target == name and step.wrap is None and is_buffered(node, step.function)

    def code(self) -> Code:
        """The whole function."""
        text = [*self._head(), *self._body(), *self._tail()]
        lines = [line for line, _ in text]
        return Code(defined("\n".join(lines), self.functions.values), tuple([i for _, i in text[1:]]), "\n".join(lines))

    # Lines, each with the node that it belongs to.

    def _head(self) -> list[tuple[str, NodeId]]:
        rows = [f"x{k}" for k in range(len(self.rows))]
        stacks = [f"s{k}" for k in range(len(self.is_array))]
        kept = [f"k{name}" for name in self.constants]
        lines = [f"def program({', '.join([*self.carries, *rows, *kept, *stacks, 'count'])}):"]
        if self.steps.arrays:
            self.pool = Pool(self.steps.layout)
            lines.append(f"    workspace = {self.functions.name(self.pool.enter)}()")
            if not self.steps.layout.results:
                lines.append(f"    [{', '.join(self.steps.arrays)}] = workspace.arrays()")
        lines += [f"    {name} = k{name}" for name in self.constants]
        arrays = [k for k, is_array in enumerate(self.is_array) if is_array]
        given = ["t", *self.rows, *[f"d{k}" for k in arrays]]
        iterated = ["range(count)", *rows, *[f"s{k}" for k in arrays]]
        lines.append(f"    for {', '.join(given)}, in zip({', '.join(iterated)}):")
        return [(line, -1) for line in lines]

    def _body(self) -> list[tuple[str, NodeId]]:
        loop, outputs = self.loop, self.steps.outputs
        results = [f"{self.functions.name(wrap)}({name})" if wrap else name for name, wrap in outputs]
        carried = [self.carries[k] for k in loop.kept]
        before = [f"if not t % {BETWEEN}: {self.functions.name(check_stop)}()"]
        if self.steps.layout.results:
            before.append(f"[{', '.join(self.steps.arrays)}] = workspace.arrays()")
        before += [f"{name} = k{name}" for name in self.constants if name in self._overwritten()]
        before += [self._collect(k, name) for k, name in enumerate(carried, self.collected)]
        stacked = enumerate(results[loop.carries :])
        behind = [self._collect(k, name) for k, name in stacked if self.in_place.get(name) != k]
        if self.carries:
            behind.append(f"{', '.join(self.carries)}, = {', '.join(results[: loop.carries])},")
        behind += [f"{name} = None" for name in self.steps.arrays if name[0] in "op"]  # so that they can be used again
        steps = [("    " + line_of(self._placed(step), self.functions), step.id) for step in self.steps.steps]
        return [*[(f"        {line}", -1) for line in before], *steps, *[(f"        {line}", -1) for line in behind]]

    def _tail(self) -> list[tuple[str, NodeId]]:
        left = [f"    {self.functions.name(self.pool.leave)}(workspace)"] if self.steps.arrays else []
        return [(line, -1) for line in [*left, f"    return ({', '.join(self.carries)}{',' if self.carries else ''})"]]

    def _collect(self, k: int, value: str) -> str:
        return f"d{k}[...] = {value}" if self.is_array[k] else f"s{k}[t] = {value}"

    def _placed(self, step: Step) -> Any:
        k = self.in_place.get(step.target)
        is_made = k is not None and step.id == self.body.outputs[self.loop.carries + k]
        return replace(step, out=f"d{k}") if is_made else step

    def _overwritten(self) -> set[str]:
        """Names that are assigned to in a step, or let go."""
        return {name for step in self.steps.steps for name in (step.target, *step.drops)}
