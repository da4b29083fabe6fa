"""`backprop serve`: a service that runs the graphs of many clients.

It listens on the loopback interface unless told otherwise, and refuses any other address without tokens and TLS. What
it has to say is lines of JSON on stderr; what a person needs to connect is printed on stdout.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

import backprop as bp
from backprop.api.models import FunctionModel
from backprop.service.copies.race import Policy
from backprop.service.server.access import self_signed
from backprop.service.server.serving import Serving
from backprop.service.server.settings import Settings, with_limits

LOG = logging.getLogger("backprop.service")
PATH = click.Path(path_type=Path)
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


class JsonLines(logging.Formatter):
    """A record as a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        found = {"at": record.created, "level": record.levelname, "logger": record.name, "text": record.getMessage()}
        if record.exc_info:
            found["trace"] = self.formatException(record.exc_info)
        return json.dumps(found)


@click.command("serve")
@click.option("--bind", default="127.0.0.1:7654", metavar="HOST:PORT", help="Where to listen; port 0 takes any.")
@click.option("--workers", type=click.IntRange(1), help="Worker processes of its own; without it, threads.")
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True, help="Threads, without --workers.")
@click.option("--scheduler", metavar="ADDRESS", help="The scheduler of a Dask cluster that is there.")
@click.option("--state", type=PATH, default=Path("backprop-state"), show_default=True, help="Folder of the journal.")
@click.option("--token-file", type=FILE, help="Lines `name token [weight]`, one a client.")
@click.option("--tls-cert", type=FILE, help="A certificate, PEM.")
@click.option("--tls-key", type=FILE, help="Its key.")
@click.option("--tls-self-signed", is_flag=True, help="Make a certificate, in the folder of the journal.")
@click.option("--models", multiple=True, metavar="MODULE:NAME", help="An op or a function that clients may name.")
@click.option("--models-here", is_flag=True, help="Run ops of --models in the workers; they cannot be ended then.")
@click.option("--umbridge", is_flag=True, help="Speak UM-Bridge under /umbridge, for the functions of --models.")
@click.option("--limits", type=FILE, help="A TOML file with tables [queue], [message] and [run].")
@click.option("--vote", type=click.FloatRange(0.0, 1.0), default=0.0, help="Share of runs computed by two workers.")
@click.option("--slots", type=click.IntRange(1), help="Runs at once.")
@click.option("--drain", type=float, default=30.0, show_default=True, help="Seconds for runs at the end.")
def serve(
    bind: str,
    workers: int | None,
    threads: int,
    scheduler: str | None,
    state: Path,
    token_file: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    tls_self_signed: bool,
    models: tuple[str, ...],
    models_here: bool,
    umbridge: bool,
    limits: Path | None,
    vote: float,
    slots: int | None,
    drain: float,
) -> None:
    """Run the graphs of many clients, fairly, and remember the answers."""
    host, port = _address(bind)
    settings = Settings(host, port, state, token_file=token_file, tls_cert=tls_cert, tls_key=tls_key, drain=drain)
    settings = replace(settings, umbridge=umbridge, isolate=bool(models) and not models_here, policy=Policy(vote))
    if tls_self_signed and tls_cert is None:
        certificate, key = self_signed(state, host)
        settings = replace(settings, tls_cert=certificate, tls_key=key)
    settings = with_limits(settings, limits) if limits is not None else settings
    if slots is not None:
        settings = replace(settings, bounds=replace(settings.bounds, slots=slots))
    settings.checked()
    _log()
    found = {word.rpartition(":")[2]: _named(word) for word in models}
    ops = {op.name: op for op in found.values() if isinstance(op, bp.Op)}
    functions = {name: FunctionModel(f) for name, f in found.items() if not isinstance(f, bp.Op)}
    with _executor(workers, threads, scheduler) as executor:
        try:
            service = Serving(settings, executor, ops, functions, bp.__version__)
        except OSError as error:
            raise click.ClickException(f"cannot listen at {bind}: {error}") from error
        _greet(service, settings)
        for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn raises them again when it has drained
            signal.signal(number, lambda *_: None)
        service.run()
    LOG.info("stopped; what waits is in %s", state)


def _address(bind: str) -> tuple[str, int]:
    host, _, port = bind.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise click.BadParameter(f"{bind!r} is no HOST:PORT", param_hint="--bind")
    return host.strip("[]"), int(port)


def _named(word: str) -> Callable[..., Any]:
    """The op or the function of a word `module:name`."""
    module, _, name = word.partition(":")
    if (here := os.getcwd()) not in sys.path:  # where the installed command does not look
        sys.path.insert(0, here)
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise click.BadParameter(f"{word!r}: {error}", param_hint="--models") from error
    if not callable(found):
        raise click.BadParameter(f"{word!r} is neither an op nor a function", param_hint="--models")
    return found  # type: ignore[no-any-return]


@contextmanager
def _executor(workers: int | None, threads: int, scheduler: str | None) -> Iterator[bp.AbstractExecutor]:
    if scheduler is None and workers is None:
        yield bp.Threads(threads)
        return
    try:
        cluster = bp.Cluster(scheduler, n_workers=workers)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"cannot reach {scheduler or 'a cluster of its own'}: {error}") from error
    with cluster:
        yield cluster


def _log() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def _greet(service: Serving, settings: Settings) -> None:
    asks = "no token is asked for, as only this machine can connect" if settings.token_file is None else ""
    token = "" if settings.token_file is None else ', token="..."'
    tls = "" if settings.tls_cert is None else f', tls="{settings.tls_cert}"'
    click.echo(f'backprop serves at {service.url}\n    bp.connect("{service.url}"{token}{tls})\n{asks}'.rstrip())
    LOG.info("listening at %s", service.url)
