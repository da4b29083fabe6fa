"""Functions of NumPy that are made of other ops, and have no rule of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.exports import exported_below
from .covariance import *
from .cumulative import *
from .differences import *
from .divisions import *
from .functionals import *
from .pads import *
from .polynomials import *
from .ranges import *
from .searching import *
from .sets import *

if not TYPE_CHECKING:  # checkers read the stars above, and no list that is computed
    __all__ = exported_below(__name__)
