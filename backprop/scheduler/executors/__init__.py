"""The executors: where tasks run. One class each, one method each: run(plan, values).

What cuts a graph into their tasks is loaded when a graph is first planned.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
