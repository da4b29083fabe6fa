"""What of a distribution is not differentiated here: samples, moments and fits are SciPy's own, of plain parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import scipy  # which imports its stats when they are first asked for

from ...errors import UnknownFunctionError
from ...graph.tracing.source_lines import user_line
from ...graph.tracing.var import Var


class Plain:
    """A distribution that has SciPy's methods besides its own, for plain parameters.

    Arguments:
        name: SciPy's.
    """

    __slots__ = ()

    name: str

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("_"):
            raise AttributeError(method)
        theirs = getattr(getattr(scipy.stats, self.name), method)

        def call(*args: Any, **named: Any) -> Any:
            if any(isinstance(part, Var) for part in (*args, *named.values())):
                raise UnknownFunctionError(
                    f"scipy.stats.{self.name}.{method} has no derivative here",
                    user_line(),
                    "give it plain parameters, or write it with other functions",
                )
            return theirs(*args, **named)

        return call
