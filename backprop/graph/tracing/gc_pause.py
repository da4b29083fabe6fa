"""Pause Python's garbage collection while graphs are made.

Nodes are many, live long and form no cycles; the collector visits all of them again and again, which takes longer than
making them. Reference counts still free what is no longer used.

Limits: the collector belongs to the process, so it is paused for other threads as well.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """No garbage collection in a `with` block, or in a function that this decorates."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
