"""What a message may ask for at most; checked before anything is allocated."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import WireLimitError

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one message.

    Arguments:
        message: bytes of the message.
        header: bytes of its header. Reading JSON takes up to 25 times its size, which this bounds.
        nodes: nodes of all graphs in it together, those of bodies included.
        depth: how deep bodies may stand in bodies.
        value: bytes of one value of a graph, or of all values of a message together.
    """

    message: int = 256 * MIB
    header: int = 8 * MIB
    nodes: int = 100_000
    depth: int = 16
    value: int = 1024 * MIB


DEFAULT_LIMITS = Limits()


def within(found: int, limit: int, what: str) -> int:
    """A number that has a limit.

    Arguments:
        found: the number.
        limit: the most that it may be.
        what: what is counted, for the error.
    Returns:
        the number itself.
    Errors:
        WireLimitError: it is above its limit.
    """
    if found > limit:
        raise WireLimitError(f"{what}: {found}, where at most {limit} are taken", fix="send less, or raise the limit")
    return found
