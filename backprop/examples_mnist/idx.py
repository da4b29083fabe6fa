"""Read and write IDX files, the format of MNIST, plain or compressed by gzip.

Format: two zero bytes, a byte for the dtype (the keys of `DTYPES`), a byte for the number of axes, the length of each
axis as a big-endian uint32, then the values in C order, big-endian. Whether a file is compressed is read off its first
two bytes, not off its name.

Source: http://yann.lecun.com/exdb/mnist/, "The IDX file format".

Limits: at most `LIMIT` bytes of values. Nothing is ever unpickled, and no more memory is taken than the file's header
asks for or its content fills, whichever is less.
"""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from ..errors import DamagedDataError, DataError, MissingDataError
from ..scheduler.machine.files import write_atomic

Array: TypeAlias = NDArray[Any]

DTYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype(np.uint8),
    0x09: np.dtype(np.int8),
    0x0B: np.dtype(np.int16),
    0x0C: np.dtype(np.int32),
    0x0D: np.dtype(np.float32),
    0x0E: np.dtype(np.float64),
}
LIMIT = 2**32
CHUNK = 2**20
GZIP_MAGIC = b"\x1f\x8b"


class Header(NamedTuple):
    """What an IDX file says about its values."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """The bytes that the values take."""
        return self.dtype.itemsize * math.prod(self.shape)


def read_idx(path: Path) -> Array:
    """Read one IDX file.

    Arguments:
        path: the file, plain or gzip.

    Returns:
        A new array of the file's shape, its dtype one of `DTYPES` in the machine's byte order.

    Errors:
        MissingDataError: there is no such file.
        DamagedDataError: it is not an IDX file, its gzip stream is damaged, or it holds fewer or more values than its
            header says.
    """
    with _open(path) as stream:
        header = _read_header(stream, path)
        values = _read_values(stream, header, path)
    return _decode(values, header, path)


def write_idx(path: Path, array: Array) -> None:
    """Write an array as an IDX file; the file appears whole or not at all.

    Arguments:
        path: where to; a name that ends in `.gz` makes it gzip (level 9, no time and no name inside, so that the same
            array and zlib give the same bytes).
        array: any shape, its dtype one of `DTYPES`.

    Errors:
        DataError: IDX has no code for this dtype.
    """
    content = encode_idx(array)
    write_atomic(path, _compress(content) if path.suffix == ".gz" else content)


def encode_idx(array: Array) -> bytes:
    """Give the bytes of an IDX file.

    Arguments:
        array: any shape, its dtype one of `DTYPES` in any byte order.

    Returns:
        Header and values, not compressed.

    Errors:
        DataError: IDX has no code for this dtype.
    """
    header = struct.pack(f">xxBB{array.ndim}I", _code(array.dtype), array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def _code(dtype: np.dtype[Any]) -> int:
    for code, known in DTYPES.items():
        if dtype.newbyteorder("=") == known:
            return code
    known_names = ", ".join(str(known) for known in DTYPES.values())
    raise DataError(f"IDX has no code for values of dtype {dtype}", fix=f"Convert them to one of {known_names}.")


def _compress(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as stream:
        stream.write(content)
    return buffer.getvalue()


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    """Open for reading, through gzip where the content is gzip; name the file in every error of gzip."""
    if not path.is_file():
        raise MissingDataError("there is no such data file", str(path), "Give the path of an IDX file.")
    with path.open("rb") as raw:
        compressed = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        try:
            yield cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if compressed else raw
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise _damaged(f"the gzip stream of this data file is damaged: {error}", path) from error


def _read_header(stream: BinaryIO, path: Path) -> Header:
    magic = _take(stream, 4, path, "magic number")
    zeros, code, ndim = struct.unpack(">HBB", magic)
    if zeros != 0 or code not in DTYPES:
        raise _damaged(f"this is not an IDX file: it starts with {magic.hex(' ')}", path)
    shape = struct.unpack(f">{ndim}I", _take(stream, 4 * ndim, path, "shape"))
    return Header(DTYPES[code], shape)


def _read_values(stream: BinaryIO, header: Header, path: Path) -> bytearray:
    if header.nbytes > LIMIT:
        raise _damaged(f"the header asks for {header.nbytes:,} bytes of values, more than {LIMIT:,}", path)
    values = _take(stream, header.nbytes, path, "values")
    if stream.read(1):
        raise _damaged(f"there is more in this file than the {header.nbytes:,} bytes of values of its header", path)
    return values


def _decode(values: bytearray, header: Header, path: Path) -> Array:
    swapped = np.frombuffer(values, header.dtype.newbyteorder(">"))
    try:
        return swapped.reshape(header.shape).astype(header.dtype)
    except ValueError as error:
        raise _damaged(f"NumPy has no array of the shape in this file's header: {error}", path) from error


def _take(stream: BinaryIO, wanted: int, path: Path, part: str) -> bytearray:
    """Read exactly so many bytes, chunk by chunk, as a damaged header may ask for far more than there is."""
    content = bytearray()
    while len(content) < wanted:
        chunk = stream.read(min(CHUNK, wanted - len(content)))
        if not chunk:
            raise _damaged(f"the file ends within its {part}: {len(content):,} of {wanted:,} bytes", path)
        content += chunk
    return content


def _damaged(what: str, path: Path) -> DamagedDataError:
    return DamagedDataError(what, str(path), "Fetch or unpack the file again.")
