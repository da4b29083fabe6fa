"""What needs Dask in this process: its values as arguments and results, and its scheduler for threads.

A module of this room is imported when it is first used (its `__init__.pyi` lists them), since importing Dask takes
longer than most of what a script does; `kinds` alone knows Dask without importing it.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
