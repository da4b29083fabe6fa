"""Namesakes of `scipy.ndimage`: filters by weights and values, and interpolation by values and coordinates."""

from __future__ import annotations

from .filters import *
from .gaussians import *
from .interpolation import *
from .transforms import *
