"""Explicit graphs: build node by node what tracing finds in a function.

w --+
    +--> matvec --+
x --+             +--> subtract --> dot with itself --> output
y ----------------+
"""

from __future__ import annotations

import numpy as np

import backprop as bp

g = bp.GraphBuilder()
w = g.input("w", bp.ArrayType((2, 3), "float64"))
x = g.input("x", bp.ArrayType((3,), "float64"))
y = g.input("y", bp.ArrayType((2,), "float64"))
error = g.apply(bp.ops.subtract, g.apply(bp.ops.matvec, w, x), y)
g.output(g.apply(bp.ops.dot, error, error))
graph = g.build()


def implicit(w, x, y):
    error = w @ x - y
    return error @ error


values = np.arange(6.0).reshape(2, 3), np.array([1.0, -1.0, 2.0]), np.array([0.5, 0.25])
assert np.array_equal(bp.grad(graph)(*values), bp.grad(implicit)(*values))
assert np.allclose(bp.grad(graph)(*values), 2 * np.outer(values[0] @ values[1] - values[2], values[1]))

try:
    g.apply(bp.ops.matvec, w, y)
except bp.errors.ShapeError as error:  # while the graph is built, before anything runs
    message = str(error)
assert "(2, 3)" in message
