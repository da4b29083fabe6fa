"""Products of matrices, systems of equations, decompositions, and functions of matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.exports import exported_below
from .contractions import *
from .decompositions import *
from .determinants import *
from .equations import *
from .functions import *
from .least_squares import *
from .norms import *
from .products import *
from .spectral import *

if not TYPE_CHECKING:  # checkers read the stars above, and no list that is computed
    __all__ = exported_below(__name__)
