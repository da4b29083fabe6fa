"""Namesakes of `scipy.ndimage`: filters by weights and values, and interpolation by values and coordinates.

A call without a traced value is one of SciPy's function. What has no derivative here is SciPy's own function, which
takes plain values only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import scipy.ndimage

from ..plain import Refusal, fallback
from .filters import *
from .gaussians import *
from .interpolation import *
from .transforms import *

REFUSALS = (
    Refusal(
        "it asks which elements of an image are set",
        "call it on v.value, and index with what it finds",
        """binary_closing binary_dilation binary_erosion binary_fill_holes binary_hit_or_miss binary_opening
        binary_propagation distance_transform_bf distance_transform_cdt distance_transform_edt find_objects
        generate_binary_structure iterate_structure label value_indices watershed_ift extrema histogram
        maximum_position minimum_position""",
    ),
    Refusal(
        "it sorts neighbours",
        "take numpy.max, min, median or quantile of numpy.lib.stride_tricks.sliding_window_view",
        """black_tophat grey_closing grey_dilation grey_erosion grey_opening maximum_filter maximum_filter1d
        median_filter minimum_filter minimum_filter1d morphological_gradient morphological_laplace percentile_filter
        rank_filter white_tophat""",
    ),
    Refusal(
        "it sums up by labels",
        "use numpy.bincount(labels, weights), or backprop.ops.at_add",
        "center_of_mass labeled_comprehension maximum mean median minimum standard_deviation sum sum_labels variance",
    ),
    Refusal(
        "it calls a function of yours for each element",
        "compute coordinates of arrays, and use map_coordinates",
        """generic_filter generic_filter1d generic_gradient_magnitude generic_laplace geometric_transform
        vectorized_filter""",
    ),
    Refusal(
        "it multiplies a spectrum",
        "multiply numpy.fft.fftn of the image by the factors",
        "fourier_ellipsoid fourier_gaussian fourier_shift fourier_uniform",
    ),
)

if not TYPE_CHECKING:
    __getattr__ = fallback(scipy.ndimage, REFUSALS)
