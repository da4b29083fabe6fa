"""Ops that rearrange: shapes, indices, joins, tuples. They compute nothing but copies and sums of copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.exports import exported_below
from .arrangement import *
from .as_array import *
from .axes import *
from .creation import *
from .diagonals import *
from .indexing import *
from .joins import *
from .views import *

if not TYPE_CHECKING:  # checkers read the stars above, and no list that is computed
    __all__ = exported_below(__name__)
