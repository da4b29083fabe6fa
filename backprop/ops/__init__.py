"""WHAT can be computed: every op by its NumPy or SciPy name, and a few that have no namesake.

A function takes arrays, numbers and Vars alike: it computes at once on plain values, and becomes part of the graph
where an argument is a Var. Functions of numpy, numpy.linalg, numpy.fft and scipy.special dispatch here by themselves
(see numpy_names.py); those of scipy.linalg, and constructors such as `asarray` or `full`, have to be called by these
names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arrays import *
from .composites import *
from .core import types as types
from .core.exports import exported_below
from .elementwise import *
from .linear_algebra import *
from .reductions import *
from .special import *

if not TYPE_CHECKING:  # checkers read the stars above, and no list that is computed
    __all__ = exported_below(__name__)
