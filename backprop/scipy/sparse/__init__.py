"""Namesakes of `scipy.sparse`: its solvers. Sparse matrices themselves are traced where they are arguments."""

from __future__ import annotations

from . import linalg as linalg
