"""Integrals of products of powers over all positive numbers: Carlson's elliptic integrals and their derivatives.

Source: NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov, sections 19.16 and 19.23; the variable is
changed so that the integrand falls doubly exponentially on both sides, and the trapezoidal rule is nearly exact.
Limits: twelve digits where the arguments lie within 30 powers of ten.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .blocks import by_blocks

STEP = 0.03
POINTS = np.arange(-5.1, 5.1, STEP)[:, None]
NODES = np.exp(np.pi / 2 * np.sinh(POINTS))
WEIGHTS = STEP * np.pi / 2 * np.cosh(POINTS) * NODES


def carlson(arguments: tuple[Any, ...], powers: tuple[float, ...], weight: float) -> Any:
    """The integral of t ** weight times the product of (t + x) ** -p over the arguments x with their powers p."""
    return by_blocks(partial(_carlson, powers, weight), *arguments)


def _carlson(powers: tuple[float, ...], weight: float, *arguments: Any) -> Any:
    scale = np.max(np.abs(np.array(arguments)), axis=0)
    t = scale * NODES
    term = t**weight * (scale * WEIGHTS)
    for x, p in zip(arguments, powers, strict=True):
        if p:
            term = term * np.power(t + x, -p)
    return np.sum(term, axis=0)
