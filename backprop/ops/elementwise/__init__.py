"""Elementwise ops: one block each, a NumPy or SciPy ufunc beside its derivative."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.exports import exported_below
from .arithmetic import *
from .comparison import *
from .complex_parts import *
from .conversion import *
from .exponential import *
from .powers import *
from .rounding import *
from .selection import *
from .trigonometric import *

if not TYPE_CHECKING:  # checkers read the stars above, and no list that is computed
    __all__ = exported_below(__name__)
