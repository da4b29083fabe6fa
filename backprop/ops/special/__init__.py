"""Special functions and Fourier transforms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.exports import exported_below
from .fourier import *
from .functions import *

if not TYPE_CHECKING:  # checkers read the stars above, and no list that is computed
    __all__ = exported_below(__name__)
