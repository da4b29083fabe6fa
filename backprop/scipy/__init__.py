"""Namesakes of SciPy's modules, with its signatures, made of ops: `from backprop.scipy import linalg, signal, stats`.

Most functions of `scipy.special` take traced values by themselves; those of its other modules do not dispatch, and are
called by these names in their place. Modules are loaded when they are first used.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
