"""The functions of `backprop.ops` that `scipy.special` has, too; its ufuncs take traced arrays themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import scipy.special

from ..ops.elementwise import *
from ..ops.reductions import *
from ..ops.special import *

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        return getattr(scipy.special, name)
