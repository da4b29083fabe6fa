"""Heterogeneous, typed, parallel automatic differentiation of NumPy code, on threads and Dask clusters."""

from __future__ import annotations

from . import errors as errors
from . import ops as ops
from . import testing as testing
from .api.compiled import Compiled as Compiled
from .api.compiled import compile as compile
from .api.control import checkpoint as checkpoint
from .api.control import match as match
from .api.control import scan as scan
from .api.control import switch as switch
from .api.evaluate import evaluate as evaluate
from .api.explicit import GraphBuilder as GraphBuilder
from .api.forward import hvp as hvp
from .api.forward import jvp as jvp
from .api.gradients import elementwise_grad as elementwise_grad
from .api.gradients import grad as grad
from .api.gradients import value_and_grad as value_and_grad
from .api.gradients import vjp as vjp
from .api.matrices import hessian as hessian
from .api.matrices import jacobian as jacobian
from .api.minibatch import minibatch as minibatch
from .api.register import register as register
from .api.report import explain as explain
from .api.run import use as use
from .api.user_ops import compose as compose
from .api.user_ops import op as op
from .graph.builder import Var as Var
from .graph.graph import Graph as Graph
from .graph.stop import stop_gradient as stop_gradient
from .ops.op import Op as Op
from .ops.types import ArrayType as ArrayType
from .ops.types import OpaqueType as OpaqueType
from .ops.types import ScalarType as ScalarType
from .scheduler.executors.auto import Auto as Auto
from .scheduler.executors.base import AbstractExecutor as AbstractExecutor
from .scheduler.executors.cluster import Cluster as Cluster
from .scheduler.executors.serial import Serial as Serial
from .scheduler.executors.threads import Threads as Threads
from .scheduler.plan import Plan as Plan

__version__ = "0.1.0"
__all__ = [
    "AbstractExecutor",
    "ArrayType",
    "Auto",
    "Cluster",
    "Compiled",
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
    "elementwise_grad",
    "errors",
    "evaluate",
    "explain",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "match",
    "minibatch",
    "op",
    "ops",
    "register",
    "scan",
    "stop_gradient",
    "switch",
    "testing",
    "use",
    "value_and_grad",
    "vjp",
]
