"""Heterogeneous, typed, parallel automatic differentiation of NumPy code, on threads and Dask clusters."""

from __future__ import annotations

from . import errors, ops
from .api.explicit import GraphBuilder
from .api.gradients import evaluate, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from .api.minibatch import minibatch
from .api.run import use
from .graph.graph import Graph
from .ops.types import ArrayType, OpaqueType, ScalarType
