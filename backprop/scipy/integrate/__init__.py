"""Namesakes of `scipy.integrate`: integrals of samples and of functions, and ordinary differential equations.

A user's function is traced once, so that choices that depend on where it is asked are `numpy.where` or
`backprop.switch`. It may capture traced values, or get them in `args`. Where nothing is traced, SciPy's own function is
called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import scipy.integrate

from ..plain import Refusal, fallback
from .equations import *
from .quadrature import *
from .samples import *

REFUSALS = (
    Refusal("it has no derivative here", "use nested calls of quad, or quad_vec", "cubature nquad qmc_quad nsum"),
    Refusal("it has no derivative here", "use quad, which has one", "tanhsinh"),
    Refusal("it has no derivative here", "shoot: solve_ivp inside of backprop.root", "solve_bvp"),
)

if not TYPE_CHECKING:
    __getattr__ = fallback(scipy.integrate, REFUSALS)
