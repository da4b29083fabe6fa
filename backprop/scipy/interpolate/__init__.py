"""Namesakes of `scipy.interpolate`: interpolants, differentiable by values, by points and by where they are taken.

The classes take the place of SciPy's for plain values too. What has no derivative here is SciPy's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import scipy.interpolate

from ..plain import Refusal, fallback
from .bsplines import *
from .cubic import Akima1DInterpolator as Akima1DInterpolator
from .cubic import CubicHermiteSpline as CubicHermiteSpline
from .cubic import CubicSpline as CubicSpline
from .cubic import PchipInterpolator as PchipInterpolator
from .grids import *
from .piecewise import PPoly as PPoly

REFUSALS = (
    Refusal(
        "it is FITPACK's, which chooses knots by the values",
        "use make_interp_spline, make_lsq_spline or CubicSpline",
        """InterpolatedUnivariateSpline LSQBivariateSpline LSQUnivariateSpline RectBivariateSpline SmoothBivariateSpline
        UnivariateSpline bisplev bisplrep generate_knots insert make_smoothing_spline make_splprep make_splrep spalde
        splantider splder splev splint splprep splrep sproot""",
    ),
    Refusal(
        "it looks for neighbours among scattered points",
        "use RegularGridInterpolator on a grid",
        "CloughTocher2DInterpolator LinearNDInterpolator NearestNDInterpolator griddata",
    ),
    Refusal(
        "it is SciPy's own",
        "solve for its weights: numpy.linalg.solve(kernel(distances between points), values), and sum up the kernel"
        " around new points by them",
        "RBFInterpolator Rbf",
    ),
    Refusal(
        "it is ill-conditioned beyond a few points",
        "use numpy.polyfit and numpy.polyval, or CubicSpline",
        "BarycentricInterpolator KroghInterpolator approximate_taylor_polynomial barycentric_interpolate"
        " krogh_interpolate lagrange",
    ),
)

if not TYPE_CHECKING:
    __getattr__ = fallback(scipy.interpolate, REFUSALS)
