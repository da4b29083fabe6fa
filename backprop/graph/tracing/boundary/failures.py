"""What a traced function raises, in words of ours where C code of another library put its own over them.

C code may also drop an error of ours: it asks for `float(v)`, does not look whether that failed, and goes on with a
number that means nothing, as SciPy's brentq does. So a builder keeps the last conversion that was refused. One that no
Python code has seen, as its traceback has the frame of the conversion alone, was dropped, and is raised in the end.
"""

from __future__ import annotations

from typing import Protocol

from ....errors import BackpropError
from ..memory.guard import Guard, written
from ..source_lines import is_ours
from .conversions import assigned_flat, of_elements

COVERING = ("setting an array element with a sequence", "returned a result with an exception set")
"""How the messages of NumPy and Python go that are raised over an error of ours, which is then their cause."""

OF_OBJECTS = (
    "dtype('O')",
    "loop of ufunc does not support argument",
    "input type 'object' not supported",
    "dtype=object",
)
"""How the messages of NumPy and SciPy go where a function takes no array of objects, as one of traced numbers is."""

OF_ANY = "not supported for the input types"
"""How they go where it does not take some dtype, objects or another one."""


class Refusing(Protocol):
    """What knows the last conversion of a Var to a plain number or array that was refused."""

    refusal: BackpropError | None


class Guarded(Refusing, Protocol):
    """What has locked arrays besides."""

    guard: Guard


def refused(owner: Refusing, error: BackpropError) -> BackpropError:
    """An error that is about to be raised by a conversion, which the builder of the Var remembers."""
    owner.refusal = error
    return error


def was_dropped(error: BackpropError | None) -> bool:
    """Whether an error that was raised was seen by no Python code but that which raised it, if that."""
    return error is not None and (error.__traceback__ is None or error.__traceback__.tb_next is None)


class plainly:  # noqa: N801 - used as a function; a class, as each trace opens one, and generators take longer
    """A context in which an error of ours that another one covers, or that was dropped, is raised itself.

    Arguments:
        builder: of the function that is traced.
    """

    __slots__ = ("_builder",)

    def __init__(self, builder: Guarded) -> None:
        self._builder = builder

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, at: object) -> None:
        builder = self._builder
        if isinstance(error, Exception):
            _raise_plainly(error, builder)
        elif error is None and builder.refusal is not None and was_dropped(builder.refusal):
            raise builder.refusal


def _raise_plainly(error: Exception, builder: Guarded) -> None:
    """Raise what an error stands for, where it is not itself what is wrong."""
    covered = error.__cause__
    if isinstance(covered, BackpropError) and (covers(error) or is_ours(error)):
        error.__cause__ = None  # no error is to be the cause of its context, which cannot be pickled
        raise covered from None
    if builder.refusal is not None and was_dropped(builder.refusal) and not isinstance(error, BackpropError):
        raise builder.refusal from None
    if "setting single item of array" in str(error):  # of array.flat, where NumPy drops the error of ours
        raise assigned_flat(error) from error
    if "read-only" in str(error) and builder.guard.locked:
        raise written(error) from error
    if _takes_no_objects(error, builder.guard.apart):
        raise of_elements(error) from error


def _takes_no_objects(error: Exception, has_made_some: bool) -> bool:
    """Whether a function says that it takes no arrays of objects; in words for all dtypes, where some were made."""
    if not has_made_some and not isinstance(error, TypeError):
        return False
    return any([text in str(error) for text in OF_OBJECTS]) or (has_made_some and OF_ANY in str(error))


def covers(error: Exception) -> bool:
    """Whether an exception is one that C code raises over another."""
    return any([text in str(error) for text in COVERING])
