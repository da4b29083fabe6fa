"""Indexing: keys as static data, the ops that read and write items, and the functions that gather."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.exports import exported_below
from .gathering import *
from .items import *
from .places import *

if not TYPE_CHECKING:  # checkers read the stars above, and no list that is computed
    __all__ = exported_below(__name__)
