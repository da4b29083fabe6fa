"""What a traced function raises, in words of ours where C code of another library put its own over them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ....errors import BackpropError
from ..guard import Guard, written
from ..source_lines import is_ours
from .conversions import assigned_flat, of_elements

COVERING = ("setting an array element with a sequence", "returned a result with an exception set")
"""How the messages of NumPy and Python go that are raised over an error of ours, which is then their cause."""

OF_OBJECTS = ("dtype('O')", "loop of ufunc does not support argument")
"""How the messages of NumPy go where a function takes no array of objects, as one of traced numbers is."""


@contextmanager
def plainly(guard: Guard) -> Iterator[None]:
    """Meanwhile, an error of ours that another one covers is raised itself, and a write to a locked array explained."""
    try:
        yield
    except (ValueError, TypeError, SystemError) as error:
        covered = error.__cause__
        if isinstance(covered, BackpropError) and (covers(error) or is_ours(error)):
            raise covered from None
        if "setting single item of array" in str(error):  # of array.flat, where NumPy drops the error of ours
            raise assigned_flat(error) from error
        if "read-only" in str(error) and guard.locked:
            raise written(error) from error
        if isinstance(error, TypeError) and any([text in str(error) for text in OF_OBJECTS]):
            raise of_elements(error) from error
        raise


def covers(error: Exception) -> bool:
    """Whether an exception is one that C code raises over another."""
    return any([text in str(error) for text in COVERING])
