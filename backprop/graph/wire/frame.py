"""The frame of a message: a prelude, a header of JSON, and the raw bytes of arrays behind it.

    bytes  0 ..  7   the letters "backprop"
    bytes  8 .. 11   the version of the format, unsigned, little-endian
    bytes 12 .. 15   the length n of the header, unsigned, little-endian
    bytes 16 .. 15+n the header: JSON in UTF-8, filled up with spaces so that it ends at a multiple of 64
    after that       the bytes of arrays; the header says which are whose, each at a multiple of 64

Source: after the format safetensors, which is a length, a header of JSON and raw bytes, too. Every language
reads JSON, and what reading it takes is bounded by its length; a reader of MessagePack allocates as many places as five
bytes claim, and does so for each of a thousand lists inside each other.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from ...errors import WireError
from .checks import a_list, a_map, a_text, an_int, ints
from .limits import Limits, within

MAGIC = b"backprop"
VERSION = 1
PRELUDE = struct.Struct("<8sII")
ALIGNED = 64
INLINE = 256
"""Bytes up to which an array stands in the header, as base64."""

DTYPES = frozenset(["|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f4", "<f8", "<c8", "<c16"])
MOST_AXES = 32


@dataclass(slots=True, eq=False)
class FrameWriter:
    """Takes the arrays of a message while its header is made.

    Arguments:
        inline: bytes up to which an array stands in the header; None for any number, which makes plain JSON.
    """

    inline: int | None = INLINE
    chunks: list[bytes] = field(default_factory=list)
    length: int = 0

    def array(self, dtype: str, shape: tuple[int, ...] | None, data: bytes) -> dict[str, Any]:
        """What stands for an array in the header.

        Arguments:
            dtype: as NumPy writes it, such as "<f8".
            shape: the shape; None for a scalar.
            data: its bytes, C-contiguous.
        Returns:
            an object of JSON: with the bytes themselves, or with their place behind the header.
        """
        part: dict[str, Any] = {"dtype": dtype} if shape is None else {"dtype": dtype, "shape": list(shape)}
        if self.inline is None or len(data) <= self.inline:
            return {**part, "data": base64.b64encode(data).decode()}
        padding = -len(data) % ALIGNED
        self.chunks += [data, bytes(padding)]
        start, self.length = self.length, self.length + len(data) + padding
        return {**part, "at": [start, len(data)]}

    def message(self, header: dict[str, Any]) -> bytes:
        """The message of a header."""
        text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
        if self.inline is None:
            return text
        text += b" " * (-(PRELUDE.size + len(text)) % ALIGNED)
        return b"".join([PRELUDE.pack(MAGIC, VERSION, len(text)), text, *self.chunks])


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A message that was taken apart.

    Arguments:
        header: its header.
        body: the bytes behind the header.
        limits: what it may ask for.
    """

    header: dict[str, Any]
    body: memoryview
    limits: Limits

    def array(self, part: Any, where: str) -> tuple[str, tuple[int, ...] | None, bytes]:
        """The dtype, the shape and the bytes of an array of the header; the shape of a scalar is None."""
        found = a_map(part, where)
        dtype = a_dtype(found.get("dtype"), where)
        shape = ints(found["shape"], where, 0) if "shape" in found else None
        if len(shape or ()) > MOST_AXES:
            raise WireError(f"an array of {len(shape or ())} axes", where, f"use at most {MOST_AXES}")
        most = count(tuple([max(n, 1) for n in shape or ()]))  # NumPy refuses huge axes beside an empty one
        within(most, self.limits.value, "elements of a value, empty axes counted as 1")
        data = self._data(found, where)
        if np.dtype(dtype).itemsize * count(shape or ()) != len(data):
            raise WireError(f"{len(data)} bytes are no {dtype} of shape {shape}", where)
        if dtype == "|b1" and data.strip(b"\0\1"):
            raise WireError("an array of booleans holds other bytes than 0 and 1", where)
        return dtype, shape, data

    def _data(self, part: dict[str, Any], where: str) -> bytes:
        if "data" in part:
            text = part["data"]
            if not isinstance(text, str):
                raise WireError("`data` is no text in base64", where)
            try:
                return base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError) as error:
                raise WireError(f"`data` is no base64: {error}", where) from error
        start, length = a_pair(part.get("at"), where)
        if start + length > len(self.body):
            raise WireError(f"bytes {start} to {start + length} are not in the message", where)
        return bytes(self.body[start : start + length])


def a_pair(value: Any, where: str) -> tuple[int, int]:
    """Two integers that are not negative."""
    pair = a_list(value, where)
    if len(pair) != 2:
        raise WireError(f"{len(pair)} numbers stand where two are wanted", where)
    return an_int(pair[0], where, 0), an_int(pair[1], where, 0)


def a_dtype(value: Any, where: str) -> str:
    """One of the dtypes that travel, as NumPy writes it."""
    if a_text(value, where) not in DTYPES:
        raise WireError(f"the dtype {value[:20]!r} does not travel", where, f"use one of {', '.join(sorted(DTYPES))}")
    return str(value)


def count(shape: tuple[int, ...]) -> int:
    """The elements of a shape."""
    size = 1
    for n in shape:
        size *= n
    return size


def read_frame(data: bytes | memoryview, limits: Limits) -> Frame:
    """A message taken apart; one that begins with `{` is a header alone, in plain JSON.

    Arguments:
        data: the message.
        limits: what it may ask for.
    Errors:
        WireError: it is no message, or damaged.
        WireLimitError: it is beyond a limit.
    """
    view = memoryview(data)
    within(len(view), limits.message, "bytes of a message")
    if view[:1].tobytes() == b"{":
        return Frame(_header(bytes(view[: limits.header + 1]), limits), memoryview(b""), limits)
    if len(view) < PRELUDE.size:
        raise WireError(f"a message of {len(view)} bytes is too short")
    magic, version, length = PRELUDE.unpack(view[: PRELUDE.size])
    if magic != MAGIC:
        raise WireError("this is no message of backprop", fix="its first eight bytes are the letters backprop")
    if version != VERSION:
        raise WireError(
            f"the format has version {version}, and version {VERSION} is known", fix="update the older side"
        )
    if length > len(view) - PRELUDE.size:
        raise WireError("the message ends within its header")
    end = PRELUDE.size + length
    return Frame(_header(bytes(view[PRELUDE.size : end]), limits), view[end:], limits)


def _header(text: bytes, limits: Limits) -> dict[str, Any]:
    within(len(text), limits.header, "bytes of a header")
    try:
        return a_map(json.loads(text, parse_constant=_no_constant), "the header")
    except (ValueError, RecursionError) as error:
        if isinstance(error, WireError):
            raise
        raise WireError(f"the header is no JSON: {str(error)[:200]}") from error


def _no_constant(name: str) -> NoReturn:
    raise WireError(f"the header has the number {name}, which is no JSON", fix='write {"float": "<16 hex digits>"}')
