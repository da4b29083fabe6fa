"""Elementwise ops: one block each, a NumPy or SciPy ufunc beside its derivative."""

from .arithmetic import *  # noqa: F403
from .comparison import *  # noqa: F403
from .complex_parts import *  # noqa: F403
from .conversion import *  # noqa: F403
from .exponential import *  # noqa: F403
from .masking import *  # noqa: F403
from .powers import *  # noqa: F403
from .rounding import *  # noqa: F403
from .selection import *  # noqa: F403
from .trigonometric import *  # noqa: F403
from .ufunc import *  # noqa: F403
