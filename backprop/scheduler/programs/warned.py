"""NumPy's warnings at the user's line, where a graph runs without code of its own: node by node.

NumPy calls a function of ours where it would warn, which looks up the node that is being computed in the frames of
those who run it. That takes two microseconds a run; code that was generated has its lines instead (line_tables.py).

Limits: where the caller has a function of their own for such errors, warnings stay as NumPy gives them.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

import numpy as np

from ...errors import Source
from ...graph.graph import Node
from ...graph.tracing.source_lines import is_library, source_of


class WarningsAtLines:
    """A context in which NumPy's warnings name the user's line and the op.

    Arguments:
        node_in: the node that a frame is computing; None for frames that run no nodes.
        shown: where Python notes what it has shown already.
    """

    __slots__ = ("_state", "node_in", "shown")

    def __init__(self, node_in: Callable[[FrameType], Node | None], shown: dict[Any, Any]) -> None:
        self.node_in = node_in
        self.shown = shown

    def __enter__(self) -> None:
        modes: dict[str, Any] = dict(np.geterr())
        if not {"call", "log"} & {*modes.values()}:
            modes = {kind: "call" if mode == "warn" else mode for kind, mode in modes.items()}
            modes["call"] = self.warn
        self._state = np.errstate(**modes)
        self._state.__enter__()

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._state.__exit__(kind, error, trace)

    def warn(self, what: str, flag: int) -> None:
        """Warn as NumPy would have, at the user's line.

        Arguments:
            what: such as "divide by zero".
            flag: the same as a bit.
        """
        source, op = self._place()
        text = f"{what} encountered in {op}" if op else f"{what} encountered"
        if source is None:
            warnings.warn(text, RuntimeWarning, stacklevel=2)
        else:
            warnings.warn_explicit(text, RuntimeWarning, source.file, source.line, registry=self.shown)

    def _place(self) -> tuple[Source | None, str]:
        """The line of the node that is computed, and its op; or the line in a function of the user's that it calls."""
        frame: FrameType | None = sys._getframe(2)
        while frame is not None:
            node = self.node_in(frame)
            if node is not None:
                return node.source, node.op.name
            if not is_library(frame.f_code.co_filename):
                return source_of(frame), ""
            frame = frame.f_back
        return None, ""
