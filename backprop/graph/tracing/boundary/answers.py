"""What Python's conversions answer of a value, as questions whose errors name the user's line."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from ....errors import GraphTypeError, ShapeError
from ..source_lines import user_line

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Conversion(Generic[T]):
    """What Python's conversions answer of a value, whose errors name the user's line.

    Arguments:
        convert: such as `int`.
    """

    convert: Callable[[Any], T]

    def __call__(self, value: Any) -> T:
        """The answer."""
        try:
            return self.convert(value)
        except TypeError as error:
            raise GraphTypeError(str(error), user_line(), ONE_NUMBER) from None
        except ValueError as error:
            if not np.shape(value) and self.convert in (int, float):  # NaN is no integer
                raise
            raise ShapeError(str(error), user_line(), ONE_NUMBER) from None


ONE_NUMBER = "ask of one number, such as v[0], v.sum(), v.any() or v.all()"

AS_BOOL, AS_INT, AS_FLOAT, AS_COMPLEX = Conversion(bool), Conversion(int), Conversion(float), Conversion(complex)
AS_FLOOR: Conversion[int] = Conversion(math.floor)
AS_CEIL: Conversion[int] = Conversion(math.ceil)


def formatted(value: Any, *, spec: str) -> str:
    """A value as text, which has no derivative that could be lost."""
    return format(value, spec)


def becomes_integral(dtype: Any = None, copy: bool | None = None) -> bool:
    """Whether a dtype that an array is asked for has no derivatives, so that none are lost."""
    return dtype is not None and np.dtype(dtype).kind in "biu"
