"""The `backprop` command.

An error that this package raises on purpose ends the command with its message on stderr and status 1, a wrong
option with status 2, Ctrl-C in the middle of a training with status 130.
"""

from __future__ import annotations

from typing import Any

import click

from backprop import __version__
from backprop.cli.benchmark import bench
from backprop.cli.doctor import command
from backprop.cli.reports import explain, profile
from backprop.cli.restart import restart_if_better
from backprop.cli.train import group
from backprop.errors import BackpropError

try:
    from backprop.cli.serve import serve
except ImportError as missing:  # the libraries of the extra `service` are not there

    @click.command("serve")
    def serve(reason: str = str(missing)) -> None:
        """Run the graphs of many clients; needs pip install backprop-dask[service]."""
        raise click.ClickException(f"{reason}: install backprop-dask[service]")


class _Group(click.Group):
    """A group whose commands end in a message rather than a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BackpropError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group)
@click.version_option(__version__, prog_name="backprop")
def main() -> None:
    """Gradients of plain NumPy programs, computed by independent branches in parallel."""


main.add_command(group)
main.add_command(command)
main.add_command(serve)
main.add_command(explain)
main.add_command(profile)
main.add_command(bench)


def entry() -> None:
    """The command as a program: in a process with the better kernels of BLAS where that pays."""
    restart_if_better()
    main(prog_name="backprop")
