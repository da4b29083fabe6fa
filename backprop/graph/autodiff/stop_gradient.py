"""stop_gradient: a value without its derivative."""

from __future__ import annotations

from typing import Any, TypeVar

import optree

from ...ops.core.op import Kind, Op
from ..tracing.structures.structure import NAMESPACE
from ..tracing.var import Var

T = TypeVar("T")


def _same(x: Any) -> Any:
    return x


stopped = Op("stopped", lambda x: x, _same, lambda g, out, x: None, Kind.VIEW, home=__name__)


def stop_gradient(x: T) -> T:
    """The value itself, which counts as a constant in derivatives.

    Arguments:
        x: a Var, or any nesting of containers of them; other leaves stay as they are.
    Example:
        >>> bp.grad(lambda x: bp.stop_gradient(x) * x)(3.0)
        3.0
    """
    return optree.tree_map(lambda leaf: stopped(leaf) if isinstance(leaf, Var) else leaf, x, namespace=NAMESPACE)  # type: ignore[return-value, arg-type]
