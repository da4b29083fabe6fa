"""The verbs that users type, in rooms: how a function becomes its gradient, and where it runs.

What comes in are functions and arguments as users write them, and what goes out are values that share memory with
nothing. What may not live here: rules of ops, passes over graphs, and anything that knows threads or sockets.
"""

from __future__ import annotations

import lazy_loader

from ..graph.wire import codec as codec  # which teaches Graph to become bytes

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
