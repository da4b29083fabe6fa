"""Namesakes of `scipy.sparse.linalg`, made of ops; what has no derivative is SciPy's own, for plain values only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import scipy.sparse.linalg

from ...plain import Refusal, fallback
from .exponentials import *
from .solvers import *

REFUSALS = (
    Refusal(
        "its derivative takes all eigenvectors or singular vectors",
        "use `from backprop.scipy import linalg`: linalg.eigh(A.toarray()) or linalg.svd(A.toarray())",
        "eigs eigsh svds lobpcg",
    ),
    Refusal("it has no derivative here", "solve A.T @ A x = A.T @ b with linalg.solve", "lsqr lsmr"),
    Refusal("its factors are not exact", "use splu", "spilu"),
    Refusal("the pattern of its result is dense", "use linalg.inv(A.toarray())", "inv"),
)

if not TYPE_CHECKING:
    __getattr__ = fallback(scipy.sparse.linalg, REFUSALS)
