"""The words of `--executor`: those that the verbs take, too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

import backprop as bp
from backprop.api.executors import all_words, making
from backprop.errors import ArgumentError

WORDS = " | ".join(all_words())


def check_word(context: click.Context, parameter: click.Parameter, word: str) -> str:
    """Give the word back if it names an executor; a callback of click.

    Errors:
        click.BadParameter: it does not.
    """
    try:
        making(word)
    except ArgumentError as error:
        raise click.BadParameter(f"{word!r} is none of {WORDS}", context, parameter) from error
    return word


@contextmanager
def opened(word: str) -> Iterator[bp.AbstractExecutor]:
    """Give the executor that a checked word means, and close it at the end.

    Arguments:
        word: one of `WORDS`. `cluster` starts a process for each core, `cluster:N` starts N.

    Errors:
        click.ClickException: it cannot be opened, as nothing answers at an address.
    """
    try:
        executor = making(word)()
    except (OSError, ValueError) as error:
        raise click.ClickException(f"cannot open {word}: {error}") from error
    with executor:
        yield executor
