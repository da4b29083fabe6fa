"""Parameters as parts of a document: a closed set of kinds.

null, true, 3, 2.5, "text"                        as in JSON; 3 and 2.5 keep their kinds
[...]                                             a tuple
{"float": "7ff8000000000000"}                     a float that JSON has no number for, by its bits
{"complex": ["3ff0...", "0..."]}                  a complex number, by the bits of its parts
{"slice": [start, stop, step]}                    a slice of an axis
{"literal": {"dtype", "shape", "data" or "at"}}   a constant; `weak` marks a Python number
{"graph": {...}}                                  a body
{"loop": {...}}                                   how a scan runs
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from ...errors import CannotTravelError, WireError
from ...ops.arrays.indexing.keys import Slice
from ..autodiff.loop import Loop
from ..graph import Graph, Literal
from ..tracing.structures.result import Result
from ..tracing.structures.structure import Structure
from .checks import a_flag, a_list, a_map, a_text, an_int, ints, wrong
from .frame import Frame, FrameWriter
from .structures import read_structure, written_structure

DEEPEST = 8
NUMBERS = {"|b1", "<i8", "<f8", "<c16"}
"""The dtypes of Python's numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class ParamWriter:
    """Writes parameters.

    Arguments:
        frame: takes arrays.
        graph: writes a body.
    """

    frame: FrameWriter
    graph: Callable[[Graph], dict[str, Any]]

    def write(self, value: Any) -> Any:
        """A parameter as a part of a document."""
        if value is None or type(value) in (bool, str, int):
            return value
        if type(value) is tuple:
            return [self.write(item) for item in value]
        return self._number(value) if type(value) in (float, complex) else self._record(value)

    def _number(self, value: Any) -> Any:
        if type(value) is complex:
            return {"complex": [bits(value.real), bits(value.imag)]}
        return value if math.isfinite(value) else {"float": bits(value)}

    def _record(self, value: Any) -> dict[str, Any]:
        if isinstance(value, Slice):
            return {"slice": list(value)}
        if isinstance(value, Literal):
            return {"literal": {**self.frame.array(value.dtype, value.shape, value.data), "weak": value.weak}}
        if isinstance(value, Graph):
            return {"graph": self.graph(value)}
        if isinstance(value, Loop):
            return {"loop": {**asdict(value), "kept": list(value.kept)}}
        if isinstance(value, Structure):
            return {"structure": written_structure(value)}
        if isinstance(value, Result):
            return {"result": [written_structure(value.structure), value.residuals]}
        raise CannotTravelError(
            f"a parameter of class {type(value).__name__} does not travel",
            fix="run on bp.Cluster, whose workers are trusted with pickles",
        )


@dataclass(frozen=True, slots=True, eq=False)
class ParamReader:
    """Reads parameters.

    Arguments:
        frame: holds arrays.
        graph: reads a body, from its document and its path.
    """

    frame: Frame
    graph: Callable[[Any, str], Graph]

    def read(self, value: Any, where: str, depth: int = 0) -> Any:
        """The parameter that stands in a document.

        Arguments:
            value: the part of the document.
            where: its path there, for errors.
            depth: how many bodies it stands in.
        Errors:
            WireError: it is no parameter of these kinds. WireLimitError: it is beyond a limit.
        """
        if value is None or type(value) is bool:
            return value
        if type(value) is str:
            return a_text(value, where)
        if type(value) is int:
            return an_int(value, where)
        if type(value) is float:
            return a_finite(value, where)
        if depth >= DEEPEST:
            raise WireError("parameters are nested too deeply", where)
        if isinstance(value, list):
            return tuple([self.read(item, where, depth + 1) for item in value])
        return self._record(a_map(value, where), where)

    def _record(self, value: dict[str, Any], where: str) -> Any:
        if len(value) != 1:
            raise wrong(value, "an object with one name, the kind of the parameter,", where)
        ((kind, content),) = value.items()
        if kind == "float":
            return from_bits(content, where)
        if kind == "complex":
            real, imaginary = _of_length(content, 2, where)
            return complex(from_bits(real, where), from_bits(imaginary, where))
        if kind == "graph":
            return self.graph(content, where)
        return self._of_kind(kind, content, where)

    def _of_kind(self, kind: str, content: Any, where: str) -> Any:
        if kind == "slice":
            start, stop, step = _of_length(content, 3, where)
            return Slice(an_int(start, where), None if stop is None else an_int(stop, where), an_int(step, where))
        if kind == "literal":
            return self._literal(content, where)
        if kind == "loop":
            return _loop(a_map(content, where), where)
        if kind == "structure":
            return read_structure(content, self.frame.limits, where)
        if kind == "result":
            structure, residuals = _of_length(content, 2, where)
            guess = None if residuals is None else an_int(residuals, where, 0)
            return Result(read_structure(structure, self.frame.limits, where), guess)
        raise WireError(f"no parameter is of the kind {kind[:40]!r}", where)

    def _literal(self, content: Any, where: str) -> Literal:
        dtype, shape, data = self.frame.array(content, where)
        weak = a_flag(content.get("weak", False), where)
        if weak and (shape is not None or dtype not in NUMBERS):
            raise WireError(f"no number of Python is a {dtype} of shape {shape}", where)
        return Literal(dtype, shape, data, weak)


def _loop(part: dict[str, Any], where: str) -> Loop:
    carries, rows, length = [an_int(part.get(name), where, 0) for name in ("carries", "rows", "length")]
    kept = ints(part.get("kept", []), where, 0, carries - 1)
    return Loop(carries, rows, length, a_flag(part.get("backwards", False), where), kept)


def _of_length(value: Any, length: int, where: str) -> list[Any]:
    items = a_list(value, where)
    if len(items) != length:
        raise WireError(f"{len(items)} items stand where {length} are wanted", where)
    return items


def a_finite(value: float, where: str) -> float:
    """A float that JSON has a number for."""
    if not math.isfinite(value):
        raise WireError("a number is too large for a float", where, 'write {"float": "<16 hex digits>"}')
    return value


def bits(value: float) -> str:
    """The bits of a float, in 16 hex digits."""
    return struct.pack(">d", value).hex()


def from_bits(text: Any, where: str) -> float:
    """The float of some bits."""
    try:
        (value,) = struct.unpack(">d", bytes.fromhex(a_text(text, where)))
    except (ValueError, struct.error) as error:
        raise WireError(f"{str(text)[:40]!r} is no float in 16 hex digits", where) from error
    return float(value)
