"""The user's line: where in their code a node was made, or a mistake was.

It is the innermost frame of the call stack whose code is the user's: not this package's, NumPy's or SciPy's, and not a
decorator's. A file is looked at once.
"""

from __future__ import annotations

import contextlib
import dis
import os
import sys
import sysconfig
from functools import lru_cache
from types import CodeType, FrameType

import numpy as np
import scipy

from ... import errors
from ...errors import AxisRangeError, BackpropError, GraphTypeError, OutOfRangeError, ShapeError, Source

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


LIBRARIES = tuple(
    {os.path.abspath(sysconfig.get_path(name)) + os.sep for name in ("purelib", "platlib", "stdlib", "platstdlib")}
)
"""Where installed packages and Python's own modules lie: lines in them are given for errors only where there are no
others."""


def user_line() -> Source:
    """The innermost line of the call stack that is the user's, and not a library's that they called."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and is_library(frame.f_code.co_filename):
        frame = frame.f_back
    return source_of(user_frame(2) if frame is None else frame)


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


@lru_cache(maxsize=1024)
def is_library(file: str) -> bool:
    """Whether the code in a file is a library's."""
    return is_foreign(file) or file.startswith((*LIBRARIES, "<frozen "))


def is_operator(frame: FrameType) -> bool:
    """Whether a frame is at an operator, and not at a call."""
    return dis.opname[frame.f_code.co_code[frame.f_lasti]] == "BINARY_OP"


def is_attribute(frame: FrameType) -> bool:
    """Whether a frame is at the reading of an attribute, and not at a call."""
    return dis.opname[frame.f_code.co_code[frame.f_lasti]] in ("LOAD_ATTR", "LOAD_METHOD")


def source_of(frame: FrameType) -> Source:
    """The line that a frame is at."""
    return Source(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


def located(error: Exception, where: Source) -> Exception:
    """The error, or one of ours in its place where NumPy or Python raised it over arguments, with the user's line."""
    if isinstance(error, BackpropError):
        error.where = error.where or where
        return error
    text = str(error)
    if isinstance(error, np.exceptions.AxisError):
        return AxisRangeError(text, where, "the axes of an array of n axes are -n to n - 1")
    if isinstance(error, IndexError):
        return OutOfRangeError(text, where, "the indices of n elements are -n to n - 1")
    if isinstance(error, TypeError):
        return GraphTypeError(text, where, "the arguments are those of NumPy's function, as far as they are supported")
    if isinstance(error, ValueError):
        return ShapeError(text, where, "the arguments are those of NumPy's function, as far as they are supported")
    error.add_note(f"at {where}")
    return error


def is_ours(error: Exception) -> bool:
    """Whether an exception was raised by this package or NumPy, and not by the user's code that they called."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is None or is_library(trace.tb_frame.f_code.co_filename)


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
