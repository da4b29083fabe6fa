"""Which values are of Dask, told without importing Dask: where it was not imported, nobody has one.

Source: `is_dask_array` of array-api-compat tells it in the same way.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

CLASSES = (("distributed", "Future"), ("dask.delayed", "Delayed"), ("dask.array", "Array"))
"""The classes of values that Dask holds or will compute, and where they are found."""


@dataclass(frozen=True, slots=True)
class Chunks:
    """The chunks of a dask array along its first axis; one without an axis has one chunk.

    Arguments:
        parts: values, or handles of them, in order.
    """

    parts: tuple[Any, ...]


def classes_of_dask() -> tuple[type, ...]:
    """The classes of values of Dask, as far as they are imported by now."""
    found = [getattr(sys.modules.get(module), name, None) for module, name in CLASSES]
    return tuple([cls for cls in found if cls is not None])


def is_loaded() -> bool:
    """Whether Dask is there; where it is not, none of its callbacks can be active, and no pool of its be configured."""
    return "dask" in sys.modules
