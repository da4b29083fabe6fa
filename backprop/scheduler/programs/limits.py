"""How long a graph may be that is turned into code: a number that is asked for before anything is."""

from __future__ import annotations

LONGEST = 5000
"""Nodes of the longest graph that is turned into code."""
