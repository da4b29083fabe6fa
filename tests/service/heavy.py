"""An op that is told to be large, so that a service gives it to its workers rather than run it itself."""

from __future__ import annotations

from typing import Any

import numpy as np

import backprop as bp

heavy = bp.op(lambda x: np.sin(x) * 2.0, name="heavy", like=0, seconds=0.05)


def heavily(x: Any) -> Any:
    """Runs on a worker."""
    return np.sum(heavy(x) ** 2)
