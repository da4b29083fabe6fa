"""Something in the middle of something else, at each step of it, as the garbage collector may run an object's end.

Python collects garbage between any two instructions of a thread, whatever locks it holds; the end of what is collected
may run code of the user's, which may call the library again.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

PATIENCE = 120.0
"""Seconds after which a thread counts as stuck."""


def in_the_middle(action: Callable[[], object], inner: Callable[[], object], file: str, after: int) -> bool:
    """Run an action, and another after so many instructions of a file; whether the action has so many.

    Arguments:
        action: what is run, in a thread of its own.
        inner: what comes in the middle.
        file: of the code whose instructions count.
        after: how many.
    Errors:
        AssertionError: the thread is stuck. Exception: what either of both raised.
    """
    left, errors = [after], []

    def step(frame: FrameType, event: str, argument: Any) -> Any:
        if event == "opcode":
            if not left[0]:
                inner()
            left[0] -= 1
        return step

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename != file:
            return None
        frame.f_trace = step  # Python 3.13 wants this first
        frame.f_trace_opcodes = True
        return step

    def run() -> None:
        sys._getframe().f_trace_opcodes = True  # Python 3.12 looks for one such frame when tracing begins
        sys.settrace(trace)
        try:
            action()
        except BaseException as error:
            errors.append(error)
        finally:
            sys.settrace(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive(), f"stuck after {after} instructions"
    if errors:
        raise errors[0]
    return left[0] < 0
