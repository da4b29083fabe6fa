"""IDX files: what is written comes back, and every kind of damage is named."""

from __future__ import annotations

import contextlib
import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from backprop.errors import DamagedDataError, DataError, MissingDataError
from backprop.examples_mnist import idx
from backprop.examples_mnist.idx import DTYPES, encode_idx, read_idx, write_idx

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
GOOD = encode_idx(IMAGES)

dtypes = st.sampled_from(list(DTYPES.values()))
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
arrays = dtypes.flatmap(lambda dtype: hnp.arrays(dtype, shapes))


def put(folder: Path, content: bytes, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def same(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@given(array=arrays, suffix=st.sampled_from(["", ".gz"]))
def test_round_trip(array: np.ndarray[Any, Any], suffix: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("idx") / f"file{suffix}"
    write_idx(path, array)
    assert same(read_idx(path), array)


def test_the_format_is_that_of_mnist() -> None:
    assert encode_idx(IMAGES) == b"\0\0\x08\x03" + struct.pack(">III", 2, 3, 4) + bytes(range(24))
    assert encode_idx(np.array([1, -2], np.int16)) == b"\0\0\x0b\x01\0\0\0\x02\0\x01\xff\xfe"


@pytest.mark.parametrize("order", ["<", ">"])
def test_byte_order_and_strides_do_not_matter(order: str, tmp_path: Path) -> None:
    array = np.arange(12, dtype=np.int32).reshape(3, 4)
    write_idx(tmp_path / "file", array.astype(f"{order}i4")[:, ::2])
    assert same(read_idx(tmp_path / "file"), array[:, ::2])


def test_an_array_that_was_read_is_writable_and_native(tmp_path: Path) -> None:
    array = read_idx(put(tmp_path, encode_idx(np.ones(3, np.float64))))
    array += 1
    assert array.dtype.isnative
    assert array.tolist() == [2, 2, 2]


def test_compression_is_read_off_the_content(tmp_path: Path) -> None:
    assert same(read_idx(put(tmp_path, gzip.compress(GOOD), "no-suffix")), IMAGES)
    assert same(read_idx(put(tmp_path, GOOD, "plain.gz")), IMAGES)


def test_gzip_holds_no_time_and_no_name(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        write_idx(tmp_path / name, IMAGES)
    content = (tmp_path / "a.gz").read_bytes()
    assert content == (tmp_path / "b.gz").read_bytes()
    assert content[3:8] == bytes(5)


@pytest.mark.parametrize("dtype", ["bool", "uint16", "int64", "complex64", "U3", "object"])
def test_other_dtypes_cannot_be_written(dtype: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="uint8, int8, int16") as caught:
        write_idx(tmp_path / "file", np.zeros(2, dtype))
    assert dtype in str(caught.value) or "str" in str(caught.value) or "U3" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_missing_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(MissingDataError) as caught:
        read_idx(tmp_path / name)
    assert isinstance(caught.value, FileNotFoundError)
    assert str(tmp_path / name) in str(caught.value)


DAMAGED = {
    "empty": (b"", "within its magic number: 0 of 4"),
    "half a magic number": (b"\0\0\x08", "within its magic number: 3 of 4"),
    "nonzero start": (b"\0\x01\x08\x01" + bytes(8), "not an IDX file: it starts with 00 01 08 01"),
    "text": (b"hello, world", "not an IDX file"),
    "unknown dtype": (b"\0\0\x0a\x01" + bytes(8), "not an IDX file"),
    "a pickle": (b"\x80\x04K\x01.", "not an IDX file"),
    "half a shape": (GOOD[:9], "within its shape: 5 of 12"),
    "no values": (GOOD[:16], "within its values: 0 of 24"),
    "truncated values": (GOOD[:-1], "within its values: 23 of 24"),
    "trailing byte": (GOOD + b"\0", "more in this file than the 24 bytes"),
    "huge shape": (b"\0\0\x08\x04" + b"\xff" * 16, "more than 4,294,967,296"),
    "large shape, few values": (b"\0\0\x08\x01\xff\xff\xff\x00" + bytes(9), "within its values: 9 of 4,294,967,040"),
    "too many axes": (b"\0\0\x08\xff" + bytes(4 * 255), "no array of the shape"),
}


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", DAMAGED)
def test_damage_is_named(kind: str, compressed: bool, tmp_path: Path) -> None:
    content, message = DAMAGED[kind]
    path = put(tmp_path, gzip.compress(content) if compressed else content)
    with pytest.raises(DamagedDataError) as caught:
        read_idx(path)
    assert isinstance(caught.value, ValueError)
    assert message in caught.value.what
    assert caught.value.where == str(path)
    assert caught.value.fix


def flipped(content: bytes, position: int) -> bytes:
    return content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :]


ZIPPED = gzip.compress(GOOD, mtime=0)
DAMAGED_GZIP = {
    "only the magic": ZIPPED[:2],
    "half a header": ZIPPED[:7],
    "truncated": ZIPPED[: len(ZIPPED) // 2],
    "no checksum": ZIPPED[:-8],
    "half a checksum": ZIPPED[:-3],
    "wrong checksum": flipped(ZIPPED, -8 + len(ZIPPED)),
    "wrong length": flipped(ZIPPED, -1 + len(ZIPPED)),
    "wrong method": flipped(ZIPPED, 2),
    "damaged stream": flipped(ZIPPED, 10),
    "garbage at the end": ZIPPED + b"garbage",
}


@pytest.mark.parametrize("kind", DAMAGED_GZIP)
def test_damaged_gzip(kind: str, tmp_path: Path) -> None:
    path = put(tmp_path, DAMAGED_GZIP[kind])
    with pytest.raises(DamagedDataError, match="gzip") as caught:
        read_idx(path)
    assert caught.value.where == str(path)


@given(position=st.integers(0, len(ZIPPED) - 1), mask=st.integers(1, 255))
def test_no_flipped_bit_gives_other_values(position: int, mask: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    content = bytearray(ZIPPED)
    content[position] ^= mask
    path = put(tmp_path_factory.mktemp("idx"), bytes(content))
    try:
        array = read_idx(path)
    except DamagedDataError:
        return
    assert same(array, IMAGES)  # a bit of gzip's header that nobody reads, such as its time


@given(content=st.binary(max_size=64) | st.binary(max_size=32).map(lambda tail: b"\0\0\x08\x01\0\0\0" + tail))
def test_any_bytes_are_read_or_refused(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = put(tmp_path_factory.mktemp("idx"), content)
    with contextlib.suppress(DamagedDataError):
        assert encode_idx(read_idx(path)) == content


def test_chunks_add_up(tmp_path: Path) -> None:
    array = np.arange(3 * idx.CHUNK + 5, dtype=np.int32).astype(np.uint8)
    write_idx(tmp_path / "file", array)
    assert same(read_idx(tmp_path / "file"), array)
