"""explain, profile and debug: what a call would run, what it took, and where a NaN came from.

The verbs here watch what other verbs run; what a report is, and how it is shown, stands in the layer `reports`.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
