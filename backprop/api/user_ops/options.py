"""What the options of `op` mean: which go together, the vjp rule they give, and where the op is pickled from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ...errors import ArgumentError
from ...ops.core.op import Kind, Op
from .pairs import cotangents_type, no_second_derivative, pull_pair, run_backward
from .rules import derived, pull
from .signatures import Function


def check_options(name: str, rules: Sequence[object], types: Sequence[object]) -> None:
    """Refuse more than one rule, or more than one way to say what an op returns.

    Arguments:
        name: of the op.
        rules: the options that say what its derivative is, None for those not given.
        types: the options that say what it returns.
    Errors:
        ArgumentError: there are more.
    """
    if sum(option is not None for option in rules) > 1:
        raise ArgumentError(f"{name}: of backward, vjp and derive only one can be given")
    if sum(option is not None for option in types) > 1:
        raise ArgumentError(f"{name}: of infer and like only one can be given")


def check_kind(name: str, derive: bool, pure: bool, unsaid: bool) -> None:
    """Refuse an op that would have to run where or when it cannot.

    Arguments:
        name: of the op.
        derive: whether its rule is derived, and so runs it.
        pure: whether it may run again.
        unsaid: whether it is local, and nothing says what it returns.
    Errors:
        ArgumentError: it cannot be run ahead, or not again.
    """
    if unsaid:
        raise ArgumentError(
            f"{name} is local, and so never run ahead: what it returns has to be said", fix="give infer= or like="
        )
    if derive and not pure:
        raise ArgumentError(
            f"{name} is not pure, and its derived rule would run it again", fix="give its rule with vjp= or backward"
        )


def rule_of(
    name: str, forward: Function, backward: Function | None, vjp: Function | None, derive: bool, kind: Kind
) -> Function | None:
    """The vjp rule that follows from the options; None where there is none.

    Arguments:
        name: of the op.
        forward: what it computes.
        backward: of an opaque pair, the plain code of its reverse.
        vjp: a rule that emits graph.
        derive: whether the rule follows from `forward`.
        kind: of the reverse node.
    """
    if backward is not None:
        compute = partial(run_backward, name, backward)
        refusal = partial(no_second_derivative, name)
        return partial(pull_pair, Op(f"{name}.backward", cotangents_type, compute, refusal, kind))
    rule = partial(derived, forward) if derive else vjp
    return None if rule is None else partial(pull, name, rule)


def module_of(function: Function) -> str:
    """The module by whose name an op is pickled; "" where it is pickled by value."""
    module = getattr(function, "__module__", None) or ""
    return "" if module == "__main__" else module  # which is another module in another process
