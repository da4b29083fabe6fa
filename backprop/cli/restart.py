"""Long commands run with the better kernels of BLAS, where OpenBLAS has picked those of an older processor.

OpenBLAS reads its environment variable while NumPy is loaded, and which kernels it picks is known only after that. So
the command looks, and where others are better replaces itself by a new process, once, which costs about a second.
Workers that it starts run the same kernels, so that the bits stay the same on every executor.

Limits: POSIX only. A user who has set OPENBLAS_CORETYPE has decided. Short commands do not restart, as they gain
nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

import click

from backprop.scheduler.machine.blas_architecture import (
    CORETYPE,
    Library,
    Processor,
    better_architecture,
    libraries,
    processor,
)

LONG = ("train",)
"""The commands that run long enough to gain."""


def wanted(words: Sequence[str], environ: Mapping[str, str], found: Sequence[Library], cpu: Processor) -> str:
    """The kernels to restart with, "" to go on.

    Arguments:
        words: of the command line, without the program.
        environ: the environment.
        found: the BLAS libraries of this process.
        cpu: the processor.
    """
    if not words or words[0] not in LONG or CORETYPE in environ or os.name != "posix":
        return ""
    return next(filter(None, [better_architecture(library, cpu) for library in found]), "")


def restart_if_better() -> None:
    """Replace this process by one with better kernels, if there are any, and say so on stderr."""
    kernels = wanted(sys.argv[1:], os.environ, libraries(), processor())
    if kernels:
        click.echo(f"BLAS has kernels for an older processor: starting again with {CORETYPE}={kernels}", err=True)
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, CORETYPE: kernels})
