"""The user's line: where in their code a node was made, or a mistake was.

It is the innermost frame of the call stack whose code is the user's: not this package's, NumPy's or SciPy's, and not a
decorator's. A file is looked at once.
"""

from __future__ import annotations

import contextlib
import dis
import os
import sys
from functools import lru_cache
from types import CodeType, FrameType

import numpy as np
import scipy

from ... import errors
from ...errors import BackpropError, Source

FOREIGN = (
    *(
        os.path.dirname(path) + os.sep
        for path in (
            os.path.abspath(errors.__file__),
            os.path.abspath(np.__file__),
            os.path.abspath(scipy.__file__),
        )
    ),
    os.path.abspath(contextlib.__file__),  # its decorators
)
"""Where code lies that is not the user's: this package, NumPy and SciPy, and what calls decorated functions."""


def user_line() -> Source:
    """The innermost line of the call stack that is the user's."""
    return source_of(user_frame(2))


def user_frame(depth: int) -> FrameType:
    """The innermost frame of the call stack, from some depth on, that is the user's."""
    frame = sys._getframe(depth)
    while is_foreign(frame.f_code.co_filename) and frame.f_back is not None:
        frame = frame.f_back
    return frame


@lru_cache(maxsize=1024)
def is_foreign(file: str) -> bool:
    """Whether the code in a file is not the user's."""
    return file.startswith(FOREIGN)


def is_operator(frame: FrameType) -> bool:
    """Whether a frame is at an operator, and not at a call."""
    return dis.opname[frame.f_code.co_code[frame.f_lasti]] == "BINARY_OP"


def source_of(frame: FrameType) -> Source:
    """The line that a frame is at."""
    return Source(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


def located(error: Exception, where: Source) -> Exception:
    """The error, with the user's line."""
    if isinstance(error, BackpropError):
        error.where = error.where or where
    else:
        error.add_note(f"at {where}")
    return error


class Lines:
    """The user's lines that a trace has met: one Source for all nodes of the same place in the code."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[CodeType, Source]] = {}  # with the code, which keeps its identity

    def current(self) -> Source:
        """The user's line that called the function that calls this one."""
        frame = user_frame(3)
        place = id(frame.f_code), frame.f_lasti
        known = self._known.get(place)
        if known is None:
            known = self._known[place] = (frame.f_code, source_of(frame))
        return known[1]
