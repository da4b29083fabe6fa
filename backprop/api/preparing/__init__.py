"""How a graph is prepared to run again and again: differentiated, taken through all passes, cut into tasks, measured.

    graphs    joint, forward and pullback graphs, after all passes
    courses   the plan of a graph on an executor, and what is measured of it
    telling   how far a long graph is, at a terminal

It is loaded when a graph is first prepared: what a new function computes from its tape needs none of it.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
