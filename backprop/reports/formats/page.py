"""The report as one page that needs no network: `page.html` beside this file with the data of one description in it."""

from __future__ import annotations

import json
import linecache
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from ..description import Description
from ..memory import memory
from .document import document, timeline
from .text import summary

AROUND = 2
"""Lines of source above and below one that takes time, which the page shows with it."""


def page(description: Description) -> str:
    """The page."""
    template = resources.files("backprop.reports.formats").joinpath("page.html").read_text(encoding="utf-8")
    title = f"backprop: {description.kind}, {len(description.tasks)} tasks"
    data = json.dumps(_data(description), separators=(",", ":")).replace("</", "<\\/")
    return template.replace("%TITLE%", escape(title)).replace('"%DATA%"', data)


def _data(description: Description) -> dict[str, Any]:
    """The document, and what a page shows besides: sentences, memory over time, lines of source."""
    alive = memory(description, timeline(description))
    return {
        **document(description),
        "summary": summary(description),
        "memory": [[round(moment.at, 9), moment.nbytes] for moment in alive],
        "source": [_source(line.file, line.number) for line in description.lines],
    }


def _source(file: str, number: int) -> dict[str, Any]:
    """A line of source with those around it, as far as the file is there."""
    first = max(1, number - AROUND)
    shown = [linecache.getline(file, k).rstrip("\n") for k in range(first, number + AROUND + 1)]
    return {"file": Path(file).name, "first": first, "shown": shown}
