"""The functions of `backprop.ops` that `scipy.linalg` has, too."""

from __future__ import annotations

from ..ops.linear_algebra import *
