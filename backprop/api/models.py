"""Models: functions that a service's operator offers by name, as `backprop serve --models module:name` takes them.

A model is traced at each call, on its values, as it may ask for them; the plan and its program come from the caches.
Where forward mode needs a second derivative that an opaque op has not, a product with the Jacobian takes its rows, each
by a reverse pass, side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .. import ops
from ..errors import ArgumentError, NotDifferentiableError
from ..ops.core.types import NumericType
from ..scheduler.entry import entered
from ..scheduler.executors.base import AbstractExecutor
from ..scheduler.planning.plan import Plan
from ..service.protocol.calls import Call
from .preparing.courses import plan_of
from .verbs.call import called
from .verbs.forward import jvp
from .verbs.gradients import value_and_grad, vjp

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class FunctionModel:
    """A function as a model.

    Arguments:
        function: of arrays and numbers; of vectors alone, where UM-Bridge is to reach it. Its attribute `input_sizes`
            then says how long they are: a list of lengths, or a function of the configuration that gives one.
    """

    function: Function

    def planned(self, call: Call, executor: AbstractExecutor) -> tuple[Plan, Sequence[Any]]:
        """See backprop.service.protocol.calls.Model."""
        f = partial(self.function, **call.config) if call.config else self.function
        values = [*call.values, *call.further]
        first, *others = _ways(f, call)
        try:
            return _planned(first, values, executor)
        except NotDifferentiableError:
            if not others:
                raise
            return _planned(others[0], values, executor)

    def input_sizes(self, config: Mapping[str, Any]) -> list[int]:
        """See backprop.service.protocol.calls.Model."""
        sizes: Any = getattr(self.function, "input_sizes", None)
        if sizes is None:
            name = getattr(self.function, "__name__", "the model")
            raise ArgumentError(f"{name} does not say how long its vectors are", fix=f"set {name}.input_sizes = [3, 2]")
        lengths: Any = sizes(config) if callable(sizes) else sizes
        return [int(n) for n in lengths]

    def output_sizes(self, config: Mapping[str, Any], executor: AbstractExecutor) -> list[int]:
        """See backprop.service.protocol.calls.Model."""
        zeros = [np.zeros(n) for n in self.input_sizes(config)]
        types = called(partial(self.function, **config), zeros, {}, executor).graph.output_types
        return [t.size if isinstance(t, NumericType) else 1 for t in types]


def _planned(f: Function, values: Sequence[Any], executor: AbstractExecutor) -> tuple[Plan, Sequence[Any]]:
    call = called(f, values, {}, executor)
    plan = plan_of(executor, call.plain)
    return plan, entered(plan, call.traced.inputs)


def _ways(f: Function, call: Call) -> list[Function]:
    """Functions of the values and the further ones that compute what is asked for; the first one that can be traced."""
    if call.verb == "evaluate":
        return [f]
    if call.verb == "value_and_grad":
        return [value_and_grad(f, call.wrt)]
    out = partial(_vector, f, call.out)
    ways = {"vjp": (_pulled,), "jvp": (_pushed, _by_rows), "hvp": (_twice,)}[call.verb]
    return [partial(way, out, call.wrt) for way in ways]


def _vector(f: Function, out: int, *args: Any) -> Any:
    """One of a function's results as a vector."""
    found = f(*args)
    results = found if isinstance(found, tuple | list) else (found,)
    if out >= len(results):
        raise ArgumentError(f"the model has {len(results)} results, and none with number {out}")
    return ops.reshape(results[out], (-1,))


def _pulled(f: Function, wrt: Sequence[int], *given: Any) -> Any:
    *args, cotangent = given
    return vjp(partial(_of_one, f, args, wrt[0]), args[wrt[0]])[1](cotangent)[0]


def _pushed(f: Function, wrt: Sequence[int], *given: Any) -> Any:
    *args, tangent = given
    return jvp(partial(_of_one, f, args, wrt[0]), (args[wrt[0]],), (tangent,))[1]


def _by_rows(f: Function, wrt: Sequence[int], *given: Any) -> Any:
    *args, tangent = given
    value, pull = vjp(partial(_of_one, f, args, wrt[0]), args[wrt[0]])
    rows = [pull(row)[0] for row in np.eye(value.shape[0])]
    return ops.stack([ops.sum(row * tangent) for row in rows])


def _twice(f: Function, wrt: Sequence[int], *given: Any) -> Any:
    *args, cotangent, tangent = given
    first, second = wrt[0], wrt[1]

    def pulled(x: Any) -> Any:
        moved = [x if k == second else arg for k, arg in enumerate(args)]
        return _pulled(f, (first,), *moved, cotangent)

    return jvp(pulled, (args[second],), (tangent,))[1]


def _of_one(f: Function, args: Sequence[Any], position: int, x: Any) -> Any:
    """A function of one of its arguments."""
    return f(*[x if k == position else arg for k, arg in enumerate(args)])
