"""The ops that travel, by name: the package's own, each under the name that it has in texts and errors.

Ops on values of classes (an attribute, a narrower class) are not among them, since such values do not travel.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType, ModuleType

from ... import ops
from ...errors import CannotTravelError, WireError
from ...ops.core.op import Op
from .. import graph
from ..autodiff import control_flow, loops, stop_gradient
from ..implicit import choices, integral, own_steps, solution, trajectory

Vocabulary = Mapping[str, Op | None]
"""Ops by name; None stands for one that only the other side has."""


def _modules() -> list[ModuleType]:
    """The modules that hold ops."""
    found = [importlib.import_module(each.name) for each in pkgutil.walk_packages(ops.__path__, f"{ops.__name__}.")]
    return [*found, graph, control_flow, loops, stop_gradient, choices, integral, own_steps, solution, trajectory]


def _ops_of(module: ModuleType) -> dict[str, Op]:
    return {op.name: op for op in vars(module).values() if isinstance(op, Op) and op.home == module.__name__}


BUILT_IN: Vocabulary = MappingProxyType({name: op for module in _modules() for name, op in _ops_of(module).items()})
"""The package's own ops."""


def name_of(op: Op, vocabulary: Vocabulary) -> str:
    """The name that an op travels by.

    Errors:
        CannotTravelError: an op of the user's own, which is not in the vocabulary.
    """
    if op.name in vocabulary and vocabulary[op.name] in (op, None):
        return op.name
    raise CannotTravelError(
        f"the op {op.name} is not one of the package's own, and a service runs no code that is sent to it",
        fix="register it with the service (backprop serve --models module:name), or run on bp.Cluster",
    )


def op_of(name: str, vocabulary: Vocabulary, where: str) -> Op:
    """The op of a name.

    Arguments:
        name: as it stands in a document.
        vocabulary: the ops that are known, by name.
        where: the path of the name in the document, for errors.
    Errors:
        WireError: no op is called so.
    """
    op = vocabulary.get(name)
    if op is None:
        raise WireError(f"no op is called {name[:60]!r}", where, "the operator of the service can register ops by name")
    return op
