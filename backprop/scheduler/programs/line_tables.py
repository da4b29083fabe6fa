"""Generated code -> the same code at the user's lines, so that tracebacks and NumPy's warnings name these.

Python finds the line of an instruction in a table of the code object. Another table, and another file, change nothing
of what runs, so a run costs what it did.

Source: CPython, InternalDocs/code_objects.md, "Format of the location table".
Limits: a code object is of one file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import CodeType

MARK, LINE_ONLY, NOWHERE = 0x80, 13 << 3, 15 << 3
"""The first bit of an entry, and the kinds of entries: a line without columns, and no place at all."""

MOST_UNITS, UNIT = 8, 2
"""The longest entry in units of code, and the bytes of a unit."""


def at_lines(code: CodeType, file: str, lines: Mapping[int, int]) -> CodeType:
    """The same code as if it stood in another file.

    Arguments:
        code: what was generated.
        file: the other file.
        lines: for a line of the generated code, the line there; lines that are left out are where the one before is.
    """
    first = next(iter(lines.values()), 1)
    table = b"".join(_table(code, lines, first))
    return code.replace(co_filename=file, co_firstlineno=first, co_linetable=table)


def line_at(code: CodeType, offset: int) -> int:
    """The line of the instruction at an offset in bytes; 0 where it has none."""
    found = (line for start, end, line in code.co_lines() if start <= offset < end)
    return next(found, None) or 0


def _table(code: CodeType, lines: Mapping[int, int], first: int) -> Iterator[bytes]:
    before = first
    for start, end, line in code.co_lines():
        now = before if line is None else lines.get(line, before)
        yield _entries((end - start) // UNIT, None if line is None else now - before)
        before = now


@lru_cache(maxsize=1024)
def _entries(units: int, step: int | None) -> bytes:
    """The entries of so many units, which stand so many lines behind those before them; None for no line."""
    made = b""
    while units > 0:
        length = min(units, MOST_UNITS)
        kind = NOWHERE if step is None else LINE_ONLY
        made += bytes([MARK | kind | length - 1])
        if step is not None:
            made += signed(step)
            step = 0
        units -= length
    return made


def signed(number: int) -> bytes:
    """A number in pieces of six bits, the lowest first, its sign the lowest bit of all."""
    rest = number << 1 if number >= 0 else -number << 1 | 1
    pieces = []
    while rest > 63:
        pieces.append(rest & 63 | 64)
        rest >>= 6
    return bytes([*pieces, rest])
