"""The steps of the partition, a file each, as pure functions over items numbered 0 .. n-1.

In comes a graph with its prices (work.py is the only file that knows graphs); out go groups of items in topological
order. Nothing here runs a task, and no step calls another one, but for the makespan: splitting.py goes through them.

`split` is loaded when a graph is first worth several tasks.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
