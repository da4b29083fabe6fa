"""Choice: which case fits the class of a value, for values whose class only turns out at run time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import GraphTypeError
from ..ops.op import Op
from ..ops.types import scalar_type


def closest(cls: type, classes: Sequence[type]) -> int:
    """The place of a class, or of the closest of its base classes.

    Arguments:
        cls: the class of a value.
        classes: what there are cases for.
    Errors:
        GraphTypeError: none of them fits.
    """
    for base in cls.__mro__:
        if base in classes:
            return classes.index(base)
    raise GraphTypeError(
        f"no case of match fits {cls.__name__}: there are cases for {', '.join(c.__name__ for c in classes)}",
        fix=f"add a case for {cls.__name__}, or one for object, which takes what is left",
    )


choice: Op = Op(
    "choice",
    lambda value, *, classes: scalar_type(np.dtype("int64")),
    lambda value, *, classes: np.int64(closest(type(value), classes)),
    home=__name__,
)
