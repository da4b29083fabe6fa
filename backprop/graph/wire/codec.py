"""The seam between Graph and this room, which makes Graphs and stands above it: loaded when a graph is first sent."""

from __future__ import annotations

from typing import Any

from .. import wire
from ..graph import Codec
from ..graph import Graph as Graph


def _to_bytes(graph: Graph) -> bytes:
    return wire.graph_to_bytes(graph)


def _from_bytes(data: bytes | memoryview, limits: Any) -> Graph:
    return wire.graph_from_bytes(data) if limits is None else wire.graph_from_bytes(data, limits)


Graph.codec = Codec(_to_bytes, _from_bytes)
