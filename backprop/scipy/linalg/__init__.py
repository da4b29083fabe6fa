"""Namesakes of `scipy.linalg`, made of ops. What SciPy may overwrite is left as it is, and nothing checks for NaN.

`overwrite_a`, `overwrite_b`, `check_finite`, `lwork` and `lapack_driver` have no effect on the result, and none here.
What has no derivative, such as `schur`, is SciPy's own function, which takes plain values only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import scipy.linalg

from ..plain import Refusal, fallback
from .banded import *
from .equations import *
from .factors import *
from .functions import *
from .hermitian import *
from .matrix_equations import *
from .special_matrices import *
from .spectral import *

REFUSALS = (
    Refusal(
        "its derivative is not determined, or has no simple form",
        "use eig, eigh, svd, qr or lu, which have one",
        "schur rsf2csf cdf2rdf qz ordqz hessenberg ldl cossin matrix_balance qr_multiply qr_insert qr_delete qr_update",
    ),
    Refusal("it estimates a number by trials", "use numpy.linalg.cond of the matrix", "expm_cond"),
    Refusal("it answers a question about values", "call it on v.value", "bandwidth ishermitian issymmetric"),
    Refusal("it has no derivative by a band", "use solveh_banded, which has one", "cholesky_banded cho_solve_banded"),
    Refusal("its matrix is random", "multiply by the matrix that it draws", "clarkson_woodruff_transform"),
)

if not TYPE_CHECKING:
    __getattr__ = fallback(scipy.linalg, REFUSALS)
