"""The functions of `backprop.ops` that `scipy.special` has, too."""

from __future__ import annotations

from ..ops.elementwise import *
from ..ops.reductions import *
from ..ops.special import *
