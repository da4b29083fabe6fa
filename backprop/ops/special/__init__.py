"""Special functions and Fourier transforms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.exports import exported_below
from .bessel_functions import *
from .distributions import *
from .elementary import *
from .elliptic import *
from .error_functions import *
from .fourier import *
from .gammas import *
from .hypergeometric import *
from .integrals import *

if not TYPE_CHECKING:  # checkers read the stars above, and no list that is computed
    __all__ = exported_below(__name__)
