"""Exceptions as problem details, and back: the client of a service raises what a local run would raise.

    {"type": "urn:backprop:problem:ShapeError", "title": "ShapeError", "status": 422, "detail": "...",
     "class": "ShapeError", "arguments": ["..."], "where": ["user.py", 7, "loss"], "fix": "...", "notes": ["..."]}

Classes are found by name among this package's errors, Python's own exceptions and NumPy's LinAlgError; of any other
class becomes a RemoteError that names it.

Source: RFC 9457, Problem Details for HTTP APIs.
"""

from __future__ import annotations

import builtins
from types import MappingProxyType
from typing import Any

import numpy as np

from ... import errors
from ...errors import (
    BackpropError,
    BusyError,
    DeadlineError,
    KeyReusedError,
    RemoteError,
    ServiceUnavailableError,
    Source,
    StoppedError,
    UnauthorizedError,
    UnknownRunError,
    WireError,
    WireLimitError,
)

MEDIA_TYPE = "application/problem+json"
LONGEST = 10_000

_FOUND = {**vars(builtins), **vars(errors), "LinAlgError": np.linalg.LinAlgError}
CLASSES = MappingProxyType(
    {name: cls for name, cls in _FOUND.items() if isinstance(cls, type) and issubclass(cls, Exception)}
)
"""The classes that can be raised again."""

STATUS: tuple[tuple[type[Exception], int], ...] = (
    (WireLimitError, 413),
    (WireError, 400),
    (UnauthorizedError, 401),
    (UnknownRunError, 404),
    (KeyReusedError, 422),
    (StoppedError, 409),
    (BusyError, 429),
    (ServiceUnavailableError, 503),
    (DeadlineError, 504),
)
OTHERWISE = 422
"""A run that raised."""


def status_of(error: Exception) -> int:
    """The status that HTTP has for an exception."""
    return next((status for cls, status in STATUS if isinstance(error, cls)), OTHERWISE)


def problem_of(error: Exception) -> dict[str, Any]:
    """An exception as problem details."""
    name = type(error).__name__
    found: dict[str, Any] = {
        "type": f"urn:backprop:problem:{name}",
        "title": name,
        "status": status_of(error),
        "detail": str(error)[:LONGEST],
        "class": name,
        "arguments": [_plain(argument) for argument in error.args],
        "notes": [str(note)[:LONGEST] for note in getattr(error, "__notes__", [])],
    }
    if isinstance(error, BackpropError):
        where = list(error.where[:3]) if isinstance(error.where, Source) else error.where
        found.update(arguments=[error.what[:LONGEST]], where=where, fix=error.fix)
    return found


def _plain(argument: object) -> object:
    return argument if isinstance(argument, bool | int | float) else str(argument)[:LONGEST]


def exception_of(problem: Any) -> Exception:
    """The exception of problem details, whatever they hold."""
    details = problem if isinstance(problem, dict) else {}
    arguments = details.get("arguments")
    error = _made(CLASSES.get(str(details.get("class"))), arguments if isinstance(arguments, list) else [], details)
    for note in details.get("notes") or []:
        error.add_note(str(note))
    return error


def _made(cls: type[Exception] | None, arguments: list[Any], details: dict[str, Any]) -> Exception:
    if cls is not None and issubclass(cls, BackpropError):
        return cls(
            str((arguments or [details.get("detail")])[0]), _where(details.get("where")), str(details.get("fix"))
        )
    try:
        if cls is not None:
            return cls(*arguments)
    except TypeError:
        pass  # a class that takes other arguments than it shows, such as UnicodeDecodeError
    name = details.get("class", "an error")
    return RemoteError(f"{name}: {details.get('detail', 'no details')}", fix="look at the notes for the line")


def _where(value: Any) -> Source | str | None:
    if isinstance(value, list) and len(value) == 3 and type(value[1]) is int:
        return Source(str(value[0]), value[1], str(value[2]))
    return value if isinstance(value, str) else None
