"""Parts of a document, each checked for its kind; what is wrong is named by its path in the document."""

from __future__ import annotations

from typing import Any

from ...errors import WireError

LONGEST_TEXT = 4096


def a_map(value: Any, where: str) -> dict[str, Any]:
    """An object of JSON."""
    if not isinstance(value, dict):
        raise wrong(value, "an object", where)
    return value


def a_list(value: Any, where: str) -> list[Any]:
    """An array of JSON."""
    if not isinstance(value, list):
        raise wrong(value, "a list", where)
    return value


def a_text(value: Any, where: str) -> str:
    """A string of JSON, not too long."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise wrong(value, f"a text of at most {LONGEST_TEXT} characters", where)
    return value


def a_flag(value: Any, where: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise wrong(value, "true or false", where)
    return value


def an_int(value: Any, where: str, low: int = -(1 << 63), high: int = (1 << 63) - 1) -> int:
    """A part that is to be an integer.

    Arguments:
        value: the part.
        where: its path in the document.
        low, high: the bounds, both included.
    Errors:
        WireError: it is something else.
    """
    if type(value) is not int or not low <= value <= high:
        raise wrong(value, f"an integer from {low} to {high}", where)
    return value


def ints(value: Any, where: str, low: int = -(1 << 63), high: int = (1 << 63) - 1) -> tuple[int, ...]:
    """A part that is to be a list of integers; the arguments and errors are those of `an_int`."""
    return tuple([an_int(item, where, low, high) for item in a_list(value, where)])


def wrong(value: Any, wanted: str, where: str) -> WireError:
    """The error of a part that is not of its kind.

    Arguments:
        value: the part.
        wanted: what should stand there, in words.
        where: its path in the document.
    """
    found = repr(value) if isinstance(value, int | float) or value is None else f"a {type(value).__name__}"
    return WireError(f"{found[:80]} stands where {wanted} is wanted", where)
