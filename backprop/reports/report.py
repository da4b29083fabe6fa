"""Report: what bp.explain and bp.profile answer, to print, to keep as a file, and to ask."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from .description import Description
from .formats.document import document
from .formats.page import page
from .formats.text import rendered, text
from .formats.traces import chrome_trace, perfetto_trace
from .what_if import WhatIf, what_if

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True, repr=False)
class Report:
    """A plan, and the measured run of it where there was one; printing it gives text.

    Arguments:
        description: all that is known, as plain data; times in seconds, sizes in bytes.
    """

    description: Description

    def __str__(self) -> str:
        return text(self.description)

    def __repr__(self) -> str:
        return text(self.description)

    def __rich__(self) -> RenderableType:
        return rendered(self.description)

    def __contains__(self, words: str) -> bool:
        """Whether some words stand in the text."""
        return words in text(self.description)

    def _repr_html_(self) -> str:
        """For notebooks: the page in a frame of its own."""
        escaped = page(self.description).replace("&", "&amp;").replace('"', "&quot;")
        return f'<iframe srcdoc="{escaped}" style="width: 100%; height: 640px; border: 0"></iframe>'

    def to_json(self, path: str | PathLike[str] | None = None) -> str:
        """The description as JSON, as docs/reports.md describes it.

        Arguments:
            path: where to write it as well; None for nowhere.
        """
        return _written(json.dumps(document(self.description), separators=(",", ":")), path)

    def to_html(self, path: str | PathLike[str] | None = None) -> str:
        """One page that needs no network: summary, timeline, lines, plan, memory, tasks.

        Arguments:
            path: where to write it as well; None for nowhere.
        """
        return _written(page(self.description), path)

    def to_chrome_trace(self, path: str | PathLike[str] | None = None) -> str:
        """The timeline as Chrome's trace events, which speedscope and Perfetto read; predicted where nothing ran.

        Arguments:
            path: where to write it as well; None for nowhere.
        """
        return _written(chrome_trace(self.description), path)

    def to_perfetto(self, path: str | PathLike[str] | None = None) -> bytes:
        """The timeline as a file for ui.perfetto.dev; predicted where nothing ran.

        Arguments:
            path: where to write it as well, as in "step.pftrace"; None for nowhere.
        Errors:
            ImportError: the package `perfetto` is not installed.
        """
        data = perfetto_trace(self.description)
        if path is not None:
            Path(path).write_bytes(data)
        return data

    def what_if(self, edits: Mapping[str, float]) -> WhatIf:
        """What a call would take if lines of your code took another time: the plan is played through again.

        Arguments:
            edits: by lines, as in "model.py:41", what their time is multiplied by: 0.5 for half of it. A line stands
                for what it does and for its derivative.
        Returns:
            the seconds before and after, and `speed_up`.
        Errors:
            ReportError: no line of the plan is called so, or a factor is no number, infinite or below zero.
        """
        return what_if(self.description, edits)


def _written(content: str, path: str | PathLike[str] | None) -> str:
    if path is not None:
        Path(path).write_text(content, encoding="utf-8")
    return content
