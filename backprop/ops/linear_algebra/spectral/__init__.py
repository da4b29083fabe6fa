"""Eigenvalues, singular values and their vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.exports import exported_below
from .eigen import *
from .singular import *

if not TYPE_CHECKING:  # checkers read the stars above, and no list that is computed
    __all__ = exported_below(__name__)
