"""What a call allocates."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

from ...scheduler.programs.memory.workspace import forget_workspaces


def allocated(call: Callable[[], Any]) -> int:
    """The bytes that a call takes at the same time, at most, with what its programs would keep from earlier calls; -1
    where memory is being traced already."""
    if tracemalloc.is_tracing():
        return -1
    forget_workspaces()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
