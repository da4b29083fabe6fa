"""The pass that computes work over large arrays block by block, so that blocks stay in cache and run in parallel.

    row_rules     how a node can be computed a block of rows at a time
    tile_groups   which nodes are computed so, and in how many blocks
    tile          writes the graph of blocks

Other rooms use `tile_rows` alone.

It is loaded when a graph is first large enough to be planned.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
