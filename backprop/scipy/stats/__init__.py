"""Distributions of `scipy.stats`: densities, distribution functions, and quantiles where they are elementary."""

from __future__ import annotations

from .bounded import *
from .counts import *
from .half_lines import *
from .lines import *
from .multivariate import *
