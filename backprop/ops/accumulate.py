"""The sum of the contributions to one cotangent: one n-ary op, added up from left to right.

The order of additions stands in the graph, never in who finishes first, so that all executors give the same bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .op import Kind, Op


def _accumulate(*terms: Any, out: Any = None) -> Any:
    total = np.add(terms[0], terms[1], out=out)
    for term in terms[2:]:
        total = np.add(total, term, out=out)
    return total


accumulate = Op(
    "accumulate",
    lambda *types: types[0],
    _accumulate,
    lambda g, out, *terms: (g,) * len(terms),
    Kind.ELEMENTWISE,
    home=__name__,
)
