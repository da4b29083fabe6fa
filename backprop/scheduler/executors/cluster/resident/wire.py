"""What a call of a resident runner says: values, or where they are, and the operations by name."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from .....ops.core.types import ValueType

RUN, TAKE, VALUE, DROP = "backprop_run", "backprop_take", "backprop_value", "backprop_drop"
"""Do a part; hand on a result of a run; hand on a value that lies on the worker; forget a run."""


class Brought(NamedTuple):
    """A value that comes with the call.

    Arguments:
        value: the value.
        digest: under which it is kept for later calls; "" where it is not.
    """

    value: Any
    digest: str = ""


class Kept(NamedTuple):
    """A value that an earlier call has brought.

    Arguments:
        digest: of its content.
    """

    digest: str


class Lying(NamedTuple):
    """A value that lies on a worker as a result of Dask.

    Arguments:
        key: its key.
        address: the worker.
        type: its type.
        leaf: which leaf of the result it is; None for the whole.
        rows: the rows that are wanted; None for all.
    """

    key: Any
    address: str
    type: ValueType[Any]
    leaf: int | None
    rows: tuple[int, int] | None


Sent: TypeAlias = Brought | Kept | Lying
