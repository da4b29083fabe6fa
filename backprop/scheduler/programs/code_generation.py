"""Steps -> straight-line Python: one line for each step, over the arrays of a workspace.

Source: the names of values are those that steps.py gives; functions and parameters are the globals of the code.
"""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from ...graph.graph import NodeId
from .memory.workspace import Pool
from .steps import Step, Steps

INFIX = {operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/"}


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """What runs a graph, without the graph: shared between equal graphs.

    Arguments:
        run: (values) -> results.
        ids: for each line of generated code from the second on, or for each turn of the loop, the node; -1 for none.
        text: the generated code, empty for a loop.
    """

    run: Callable[..., tuple[Any, ...]]
    ids: tuple[NodeId, ...]
    text: str = ""

    def held(self) -> tuple[int, tuple[Any, ...]]:
        """For the cache: text and code, and the names that it refers to, among them the memory that it works in."""
        names = getattr(self.run, "__globals__", None) if self.text else None
        return 3 * len(self.text), (self.run, names, self.ids)


class Functions:
    """The names of the functions and parameters that lines refer to.

    Arguments:
        constants: names that are given already.
    """

    def __init__(self, constants: dict[str, Any]) -> None:
        self.values = dict(constants)
        self._names: dict[Any, str] = {}

    def name(self, function: Callable[..., Any]) -> str:
        """The name of a function."""
        name = self._names.setdefault(function, f"f{len(self._names)}")
        self.values[name] = function
        return name

    def parameter(self, step: Step, key: str) -> str:
        """The name of a parameter of a step."""
        name = f"k{step.id}_{key}"
        self.values[name] = step.params[key]
        return name


def line_of(step: Step, functions: Functions) -> str:
    """The line of a step, indented once.

    Arguments:
        step: the step.
        functions: where the names that it refers to are noted.
    """
    value = _call(step, functions)
    if step.wrap is not None:
        value = f"{functions.name(step.wrap)}({value})"
    kept = f"{step.target} = {value}" if step.target else value
    return "    " + "; ".join([kept, *[f"{name} = None" for name in step.drops]])


def _call(step: Step, functions: Functions) -> str:
    if step.function in INFIX:
        return f" {INFIX[step.function]} ".join(step.operands)
    if step.function is operator.neg:
        return f"-{step.operands[0]}"
    args = list(step.operands)
    if step.out and by_position(step.function):
        args.append(step.out)
    args += [f"{key}={functions.parameter(step, key)}" for key in step.params]
    if step.out and not by_position(step.function):
        args.append(f"out={step.out}")
    return f"{functions.name(step.function)}({', '.join(args)})"


def by_position(function: Callable[..., Any]) -> bool:
    """Whether a function takes `out` behind its operands, which is quicker than by name."""
    deprecated = function is np.maximum or function is np.minimum
    return function is np.dot or (isinstance(function, np.ufunc) and not deprecated)


def generate(steps: Steps) -> Code:
    """The code of a program as straight-line Python."""
    functions = Functions(steps.constants)
    before, after = _around(steps, functions)
    lines = [f"def program({', '.join(steps.inputs)}):", *before, *[line_of(step, functions) for step in steps.steps]]
    results = [f"{functions.name(wrap)}({name})" if wrap else name for name, wrap in steps.outputs]
    lines += [*after, f"    return ({', '.join(results)}{',' if results else ''})"]
    text = "\n".join(lines)
    ids = (*[-1] * len(before), *[step.id for step in steps.steps])
    return Code(defined(text, functions.values), ids, text)


def _around(steps: Steps, functions: Functions) -> tuple[list[str], list[str]]:
    """The lines before the steps, which fetch the arrays, and those behind, which give them back."""
    if not steps.arrays:
        return [], []
    pool = Pool(steps.layout)
    before = [
        f"    workspace = {functions.name(pool.enter)}()",
        f"    [{', '.join(steps.arrays)}] = workspace.arrays()",
    ]
    return before, [f"    {functions.name(pool.leave)}(workspace)"]


def defined(text: str, names: dict[str, Any], file: str = "<backprop program>") -> Callable[..., Any]:
    """The function of a text.

    Arguments:
        text: its definition.
        names: its globals; what Python needs to import the module `warnings` in it is added.
        file: what stands in the place of its file.
    """
    module = compile(text, file, "exec")
    code = next(part for part in module.co_consts if isinstance(part, CodeType))
    return FunctionType(code, {**names, "__builtins__": builtins})
