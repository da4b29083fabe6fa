"""Heterogeneous, typed, parallel automatic differentiation of NumPy code, on threads and Dask clusters.

Names are loaded when they are first used; `__init__.pyi` lists them with the modules in which they stand.
"""

from __future__ import annotations

import os

import lazy_loader

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

if os.environ.get("BACKPROP_CACHE_LIMIT"):
    from .api import caches as caches  # which reads the variable
