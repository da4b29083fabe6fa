"""Namesakes of `scipy.optimize`: what they find has the derivatives of the equation that holds there, to any order.

A user's function is traced once, so that choices that depend on the unknowns are `numpy.where` or `backprop.switch`. It
may capture traced values, or get them in `args`. Where nothing is traced, SciPy's own function is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import scipy.optimize

from ..plain import Refusal, fallback
from .assignments import *
from .fits import *
from .minima import *
from .roots import *

REFUSALS = (
    Refusal(
        "it is an older name of a method",
        "use minimize(fun, x0, method=...), minimize_scalar, root or least_squares",
        """anderson brent broyden1 broyden2 diagbroyden excitingmixing fmin fmin_bfgs fmin_cg fmin_cobyla fmin_l_bfgs_b
        fmin_ncg fmin_powell fmin_slsqp fmin_tnc fminbound golden leastsq linearmixing newton_krylov bracket""",
    ),
    Refusal(
        "it searches for a global minimum",
        "let it find one of the plain function, and start minimize from there",
        "basinhopping brute differential_evolution direct dual_annealing shgo",
    ),
    Refusal(
        "its solution jumps from corner to corner",
        "smooth the problem, and use minimize or root",
        "linprog milp quadratic_assignment",
    ),
    Refusal("it asks for derivatives", "use backprop.grad or backprop.testing.check_grads", "approx_fprime check_grad"),
)

if not TYPE_CHECKING:
    __getattr__ = fallback(scipy.optimize, REFUSALS)
