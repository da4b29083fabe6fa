"""The words of `--executor`: which executor each one means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

import backprop as bp

WORDS = "serial | threads | threads:N | cluster | cluster:N | auto | tcp://HOST:PORT"
SCHEMES = ("tcp://", "tls://", "ucx://", "ws://", "wss://")


def check_word(context: click.Context, parameter: click.Parameter, word: str) -> str:
    """Give the word back if it names an executor; a callback of click.

    Errors:
        click.BadParameter: it does not.
    """
    name, _, count = word.partition(":")
    counted = name in ("threads", "cluster") and count.isascii() and count.isdigit() and int(count) > 0
    if counted or word in ("serial", "threads", "cluster", "auto") or word.startswith(SCHEMES):
        return word
    raise click.BadParameter(f"{word!r} is none of {WORDS}", context, parameter)


@contextmanager
def opened(word: str) -> Iterator[bp.AbstractExecutor]:
    """Give the executor that a checked word means, and close it at the end.

    Arguments:
        word: one of `WORDS`. `cluster` starts a process for each core, `cluster:N` starts N.

    Errors:
        click.ClickException: no scheduler answers at the address.
    """
    name, _, count = word.partition(":")
    number = int(count) if count.isdigit() else None
    if name == "serial":
        yield bp.Serial()
    elif name == "threads":
        yield bp.Threads(number)
    elif name == "auto":
        yield bp.Auto()
    else:
        with _connected(None if name == "cluster" else word, number) as cluster:
            yield cluster


def _connected(address: str | None, workers: int | None) -> bp.Cluster:
    try:
        return bp.Cluster(address, n_workers=workers)
    except (OSError, ValueError) as error:
        where = f"the scheduler {address}" if address else "a cluster on this machine"
        raise click.ClickException(f"cannot reach {where}: {error}") from error
