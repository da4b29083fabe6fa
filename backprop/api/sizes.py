"""Numbers of bytes as users write them."""

from __future__ import annotations

from dask.utils import parse_bytes as parse_bytes

from ..errors import ArgumentError


def in_bytes(limit: int | str, name: str) -> int:
    """A number of bytes, 0 or more.

    Arguments:
        limit: a number, or such as "1 GiB".
        name: of the argument, for errors.
    Errors:
        ArgumentError: it is below zero, or no number of bytes.
    """
    try:
        nbytes = parse_bytes(limit)
    except ValueError:
        nbytes = -1
    if nbytes < 0:
        raise ArgumentError(f"{limit!r} is no number of bytes", name, 'write it as 268435456 or "256 MiB"')
    return int(nbytes)
