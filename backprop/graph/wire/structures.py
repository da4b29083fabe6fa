"""Structures of arguments and results as parts of a document: the params of ops of an operator's own.

{"tuple": [...]}  {"list": [...]}  {"dict": [[key, ...], ...]}  {"none": true}     containers
{"type": "float64[3]"}                                                              a leaf that is an operand
{"static": 3}                                                                       a leaf that is not
"""

from __future__ import annotations

from typing import Any

import optree

from ...errors import CannotTravelError, WireError
from ...ops.core.types import ValueType
from ..tracing.structures.structure import Static, Structure, typed
from .checks import a_list, a_map, a_text, an_int
from .limits import Limits
from .types import read_type, written_type

DEEPEST = 32


def written_structure(structure: Structure) -> Any:
    """A structure as a part of a document.

    Errors:
        CannotTravelError: a container of another class, or a static leaf that is no number and no text.
    """
    return _written(optree.tree_unflatten(structure.spec, structure.leaves))


def _written(tree: Any) -> Any:
    if tree is None:
        return {"none": True}
    if isinstance(tree, ValueType):
        return {"type": written_type(tree)}
    if isinstance(tree, Static):
        return {"static": _plain(tree.value)}
    if type(tree) in (tuple, list):
        return {type(tree).__name__: [_written(part) for part in tree]}
    if type(tree) is dict:
        return {"dict": [[_plain(key), _written(part)] for key, part in tree.items()]}
    raise CannotTravelError(
        f"a container of class {type(tree).__name__} does not travel",
        fix="give the op tuples, lists and dicts, or run on bp.Cluster",
    )


def _plain(value: Any) -> Any:
    if type(value) in (bool, int, str):
        return value
    raise CannotTravelError(f"{value!r} does not travel as a part of an argument", fix="give the op arrays and numbers")


def read_structure(value: Any, limits: Limits, where: str) -> Structure:
    """The structure that stands in a document.

    Arguments:
        value: the part of the document.
        limits: what its types may ask for.
        where: its path there, for errors.
    Errors:
        WireError: it is no structure. WireLimitError: it is beyond a limit.
    """
    return typed(_read(value, limits, where, 0))


def _read(value: Any, limits: Limits, where: str, depth: int) -> Any:
    part = a_map(value, where)
    if len(part) != 1 or depth > DEEPEST:
        raise WireError("an object with one name is wanted, nested not too deeply", where)
    ((kind, content),) = part.items()
    if kind in ("tuple", "list"):
        items = [_read(item, limits, where, depth + 1) for item in a_list(content, where)]
        return tuple(items) if kind == "tuple" else items
    if kind == "dict":
        return dict([_read_item(item, limits, where, depth + 1) for item in a_list(content, where)])
    if kind == "type":
        return read_type(content, limits, where)
    if kind == "static":
        return Static(_read_plain(content, where))
    if kind == "none":
        return None
    raise WireError(f"no part of a structure is of the kind {kind[:40]!r}", where)


def _read_item(value: Any, limits: Limits, where: str, depth: int) -> tuple[Any, Any]:
    pair = a_list(value, where)
    if len(pair) != 2:
        raise WireError("an item of a dict is a key and a value", where)
    return _read_plain(pair[0], where), _read(pair[1], limits, where, depth)


def _read_plain(value: Any, where: str) -> Any:
    if isinstance(value, bool):
        return value
    return a_text(value, where) if isinstance(value, str) else an_int(value, where)
