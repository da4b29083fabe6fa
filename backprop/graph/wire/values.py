"""Values as a document, and as bytes: arrays, NumPy's scalars, Python's numbers, and tuples of them.

{"kind": "values", "values": [2.5, {"array": {"dtype": "<f8", "shape": [3], "at": [0, 24]}},
                              {"scalar": {"dtype": "<f4", "data": "AACAPw=="}}, [1, 2]]}
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import CannotTravelError, WireError
from .checks import a_list
from .frame import DTYPES, Frame, FrameWriter, read_frame
from .limits import DEFAULT_LIMITS, Limits
from .params import ParamReader, ParamWriter

DEEPEST_TUPLE = 8


def values_to_bytes(values: Sequence[Any], plain: bool = False) -> bytes:
    """Values as a message; where `plain`, all of it is JSON.

    Errors:
        CannotTravelError: a value of another class.
    """
    frame = FrameWriter(None) if plain else FrameWriter()
    return frame.message({"kind": "values", "values": [written_value(value, frame) for value in values]})


def values_from_bytes(data: bytes | memoryview, limits: Limits = DEFAULT_LIMITS) -> list[Any]:
    """The values of a message; arrays are writeable and C-contiguous.

    Errors:
        WireError: it is damaged, or no message of values.
    """
    frame = read_frame(data, limits)
    return read_values(frame.header.get("values"), frame)


def read_values(part: Any, frame: Frame) -> list[Any]:
    """The values of a part of a document."""
    return [read_value(value, frame, f"values[{k}]") for k, value in enumerate(a_list(part, "values"))]


def written_value(value: Any, frame: FrameWriter) -> Any:
    """A value as a part of a document."""
    if type(value) in (bool, int, float, complex):
        return _written_number(value, frame)
    if type(value) is tuple:
        return [written_value(item, frame) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        portable = np.asarray(value, order="C").astype(value.dtype.newbyteorder("<"), copy=False)
        if portable.dtype.str in DTYPES:
            shape = value.shape if isinstance(value, np.ndarray) else None
            part = frame.array(portable.dtype.str, shape, portable.tobytes())
            return {"scalar": part} if shape is None else {"array": part}
    raise CannotTravelError(
        f"a value of class {type(value).__name__} does not travel",
        fix="send arrays, numbers and tuples of them, or run on bp.Cluster",
    )


def _written_number(value: Any, frame: FrameWriter) -> Any:
    if type(value) is int and not -(1 << 63) <= value < 1 << 63:
        raise CannotTravelError(f"{value} does not fit into 64 bits", fix="send it as a float")
    return ParamWriter(frame, _no_graph).write(value)


def _no_graph(*args: Any) -> Any:
    raise WireError("a graph is no value")


def read_value(value: Any, frame: Frame, where: str, depth: int = 0) -> Any:
    """The value of a part of a document.

    Arguments:
        value: the part.
        frame: the message, which has the arrays' bytes.
        where: its path, for errors.
        depth: how many tuples it stands in.
    """
    if isinstance(value, list):
        if depth >= DEEPEST_TUPLE:
            raise WireError("tuples are nested too deeply", where)
        return tuple([read_value(item, frame, where, depth + 1) for item in value])
    if isinstance(value, dict) and ("array" in value or "scalar" in value):
        return _read_array(value, frame, where)
    if isinstance(value, bool | int | float) or (isinstance(value, dict) and value.keys() <= {"float", "complex"}):
        return ParamReader(frame, _no_graph).read(value, where)
    raise WireError("this is no value", where, "send numbers, lists of values, or {array: {dtype, shape, data}}")


def _read_array(value: dict[str, Any], frame: Frame, where: str) -> Any:
    if len(value) != 1:
        raise WireError("an object with one name is wanted, array or scalar", where)
    ((kind, part),) = value.items()
    dtype, shape, data = frame.array(part, where)
    if (kind == "scalar") != (shape is None):
        raise WireError("an array has a shape, and a scalar has none", where)
    array = np.frombuffer(bytearray(data), dtype)
    return array[0] if shape is None else array.reshape(shape)
