"""Loops of Python that make very many nodes: pointed out once, with the line and with what to write instead."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence

from ...errors import LongLoopWarning, Source
from ...ops.core.cache import cached
from ..graph import Node

LONG = 20_000
"""Nodes above which a loop of equal steps is worth a scan."""

STEPS = 100
"""Nodes for each line of the code, on average, above which it is loops that make them."""


def longest_loop(nodes: Sequence[Node | None]) -> tuple[Source, int] | None:
    """The line that makes most nodes of a long graph which loops have made, and how many.

    Arguments:
        nodes: of a trace, None for its inputs; nodes of the same place in the code share a Source.
    """
    if len(nodes) <= LONG:
        return None
    sources = {id(node.source): node.source for node in nodes if node is not None and node.source is not None}
    counts = Counter([id(node.source) for node in nodes if node is not None and node.source is not None])
    if not counts or counts.total() < STEPS * len(counts):
        return None
    ((most, count),) = counts.most_common(1)
    return sources[most], count


def point_out_long_loop(nodes: Sequence[Node | None]) -> None:
    """Warn of a line that makes most nodes of a long graph, once for each line.

    Arguments:
        nodes: of a trace.
    """
    found = longest_loop(nodes)
    if found is not None:
        _point_out(found[0].file, found[0].line, f"this line makes {found[1]:,} of the {len(nodes):,} nodes of a trace")


def _by_line(file: str, line: int, what: str) -> tuple[object, ...]:
    del what  # the numbers of the first trace are told, and no others
    return file, line


@cached(_by_line)
def _point_out(file: str, line: int, what: str) -> None:
    """Warn, and remember it for as long as the cache does."""
    fix = "where it stands in a loop of equal steps, bp.scan or bp.fori_loop traces one of them"
    warnings.warn_explicit(f"{what}: {fix}", LongLoopWarning, file, line)
