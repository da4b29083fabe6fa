"""Namesakes of SciPy's modules, with its signatures, made of ops: `from backprop.scipy import linalg, special, stats`.

Most functions of `scipy.special` take traced values by themselves; those of its other modules do not dispatch, and are
called by these names in their place.
"""

from __future__ import annotations

from . import linalg as linalg
from . import sparse as sparse
from . import special as special
from . import stats as stats
