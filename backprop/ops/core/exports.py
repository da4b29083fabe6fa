"""What a package of families exports: the names that its modules list in their `__all__`, gathered, not repeated."""

from __future__ import annotations

import sys
from types import ModuleType


def exported_below(package: str) -> list[str]:
    """The names that the modules and packages right below a package export.

    Arguments:
        package: the dotted name of the package; it has imported them.
    Returns:
        the names, sorted.
    """
    held = [value for value in vars(sys.modules[package]).values() if isinstance(value, ModuleType)]
    inside = [module for module in held if module.__name__.rpartition(".")[0] == package]
    return sorted([name for module in inside for name in getattr(module, "__all__", ())])
