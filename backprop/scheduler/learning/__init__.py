"""Measured costs: what the first replays of a plan take corrects what was predicted, and cuts the plan anew.

The decisions stand in policy.py, over plain numbers; what measures stands in node_clock.py and course.py, what is kept
from process to process in book.py. Results do not depend on any of it, as the order of additions stands in the graph.

The clock is loaded when a plan is first found to be off.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
