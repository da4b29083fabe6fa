"""Ops along axes: sums, extremes, running sums, sorting, statistics, norms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.exports import exported_below
from .log_sums import *
from .quantiles import *
from .queries import *
from .questions import *
from .reductions import *
from .running import *
from .statistics import *
from .variances import *

if not TYPE_CHECKING:  # checkers read the stars above, and no list that is computed
    __all__ = exported_below(__name__)
