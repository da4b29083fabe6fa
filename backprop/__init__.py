"""Heterogeneous, typed, parallel automatic differentiation of NumPy code, on threads and Dask clusters."""

from __future__ import annotations

from . import errors as errors
from . import ops as ops
from . import testing as testing
from .api.caches import clear_caches as clear_caches
from .api.compiling.compile import compile as compile
from .api.compiling.compiled import Compiled as Compiled
from .api.connection import Connection as Connection
from .api.connection import connect as connect
from .api.control_flow.control_flow import checkpoint as checkpoint
from .api.control_flow.control_flow import fori_loop as fori_loop
from .api.control_flow.control_flow import match as match
from .api.control_flow.control_flow import scan as scan
from .api.control_flow.control_flow import switch as switch
from .api.control_flow.minibatch import minibatch as minibatch
from .api.elsewhere.lazy import lazy as lazy
from .api.matrices.jacobian import hessian as hessian
from .api.matrices.jacobian import jacobian as jacobian
from .api.reporting.debug import debug as debug
from .api.reporting.explain import explain as explain
from .api.reporting.profile import profile as profile
from .api.trees import ravel as ravel
from .api.trees import tree_map as tree_map
from .api.user_ops.op import compose as compose
from .api.user_ops.op import op as op
from .api.user_ops.register import register as register
from .api.verbs.evaluate import evaluate as evaluate
from .api.verbs.explicit import GraphBuilder as GraphBuilder
from .api.verbs.forward import hvp as hvp
from .api.verbs.forward import jvp as jvp
from .api.verbs.gradients import elementwise_grad as elementwise_grad
from .api.verbs.gradients import grad as grad
from .api.verbs.gradients import value_and_grad as value_and_grad
from .api.verbs.gradients import vjp as vjp
from .api.verbs.run import use as use
from .api.verbs.vmap import vmap as vmap
from .graph.autodiff.stop_gradient import stop_gradient as stop_gradient
from .graph.graph import Graph as Graph
from .graph.tracing.var import Var as Var
from .graph.wire import graphs as _graphs  # noqa: F401 - which teaches Graph to become bytes
from .ops.core.op import Op as Op
from .ops.core.types import ArrayType as ArrayType
from .ops.core.types import OpaqueType as OpaqueType
from .ops.core.types import ScalarType as ScalarType
from .scheduler.executors.auto import Auto as Auto
from .scheduler.executors.base import AbstractExecutor as AbstractExecutor
from .scheduler.executors.cluster.executor import Cluster as Cluster
from .scheduler.executors.serial import Serial as Serial
from .scheduler.executors.threads import Threads as Threads
from .scheduler.planning.plan import Plan as Plan

__version__ = "0.1.0"
__all__ = [
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
    "clear_caches",
    "compile",
    "compose",
    "connect",
    "debug",
    "elementwise_grad",
    "errors",
    "evaluate",
    "explain",
    "fori_loop",
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
    "profile",
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
    "vmap",
]
