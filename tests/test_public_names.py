"""The names that users may rely on: a change here is a change of the interface."""

from __future__ import annotations

import backprop as bp

NAMES = [
    "AbstractExecutor",
    "ArrayType",
    "Auto",
    "Cluster",
    "Compiled",
    "Connection",
    "Graph",
    "GraphBuilder",
    "Op",
    "OpaqueType",
    "Plan",
    "ScalarType",
    "Serial",
    "Threads",
    "Var",
    "checkpoint",
    "compile",
    "compose",
    "connect",
    "elementwise_grad",
    "errors",
    "evaluate",
    "explain",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "lazy",
    "match",
    "minibatch",
    "op",
    "ops",
    "ravel",
    "register",
    "scan",
    "stop_gradient",
    "switch",
    "testing",
    "tree_map",
    "use",
    "value_and_grad",
    "vjp",
]


def test_the_public_names_are_these() -> None:
    assert sorted(bp.__all__) == NAMES


def test_each_is_there() -> None:
    assert all(hasattr(bp, name) for name in NAMES)


def test_each_says_what_it_is() -> None:
    assert [name for name in NAMES if not (getattr(bp, name).__doc__ or "").strip()] == []
