"""What namesakes leave to SciPy: functions without a derivative, which take plain values, and options without meaning.

`fallback` is the `__getattr__` of a package of namesakes: a name of SciPy's that the package does not define is
SciPy's own. Where it is a function, it refuses traced values, and says why.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple, NoReturn

from ..errors import GraphTypeError, UnknownFunctionError
from ..graph.tracing.source_lines import user_line
from ..graph.tracing.structures.structure import flatten
from ..ops.arrays.arguments import holds_traced


class Refusal(NamedTuple):
    """Why functions take no traced values."""

    why: str
    instead: str
    names: str


@dataclass(frozen=True, slots=True)
class PlainOnly:
    """A function or a class of SciPy's that is SciPy's own on plain values, and takes no traced ones.

    Arguments:
        function: the function or the class.
        name: its name, with that of the module.
        refusal: why it takes no traced values.
    """

    function: Callable[..., Any]
    name: str
    refusal: Refusal

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What SciPy returns; an UnknownFunctionError where a value is traced."""
        if any(map(holds_traced, flatten((args, kwargs))[0])):
            raise UnknownFunctionError(
                f"{self.name} takes no traced values: {self.refusal.why}", user_line(), self.refusal.instead
            )
        return self.function(*args, **kwargs)


def fallback(module: ModuleType, refusals: Sequence[Refusal]) -> Callable[[str], Any]:
    """The `__getattr__` of a package of namesakes.

    Arguments:
        module: SciPy's.
        refusals: of the functions that the package does not define.
    """
    reasons = {name: refusal for refusal in refusals for name in refusal.names.split()}

    def find(name: str) -> Any:
        value = getattr(module, name)
        is_left = not callable(value) or (inspect.isclass(value) and name not in reasons)
        if name.startswith("_") or is_left:
            return value
        return PlainOnly(value, f"{module.__name__}.{name}", reasons.get(name, SELDOM))

    return find


SELDOM = Refusal("it is seldom differentiated", "write it with functions that are, or make an op with backprop.op", "")


def refuse(name: str, option: str, instead: str) -> NoReturn:
    """Raise for an option that a namesake does not take.

    Arguments:
        name: of the function.
        option: what it was given, as the user wrote it.
        instead: what to write.
    Errors:
        GraphTypeError: always.
    """
    raise GraphTypeError(f"{name} takes no {option} on traced values", user_line(), instead)
