"""`backprop explain` and `backprop profile`: the report of the gradient of a function in a file of the user's."""

from __future__ import annotations

import importlib.util
import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

import click
from rich.console import Console

import backprop as bp
from backprop.cli.executors import WORDS, check_word, opened
from backprop.reports.report import Report

Command = Callable[..., Any]

FILE = click.Path(path_type=Path, dir_okay=False, writable=True)


def _placed(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """Give a file to write to back if its folder is there; a callback of click, before anything is measured."""
    if path is not None and not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder {path.parent}", context, parameter)
    return path


def _options(command: Command) -> Command:
    """The arguments and options that both commands take."""
    for decorate in reversed(
        [
            click.argument("target", metavar="FILE:FUNCTION"),
            click.option("--args", "name", default="args", show_default=True, help="The module's tuple of arguments."),
            click.option("--argnums", type=click.IntRange(0), multiple=True, help="By which arguments; the first."),
            click.option(
                "--executor", default="auto", show_default=True, callback=check_word, metavar="WORD", help=WORDS
            ),
            click.option("--json", "as_json", is_flag=True, help="Print JSON in the place of text."),
            click.option("--html", type=FILE, callback=_placed, help="File for a page."),
            click.option("--perfetto", type=FILE, callback=_placed, help="File for ui.perfetto.dev."),
        ]
    ):
        command = decorate(command)
    return command


@click.command("explain")
@_options
def explain(target: str, name: str, argnums: tuple[int, ...], executor: str, **files: Any) -> None:
    """Say what the gradient of FUNCTION would run, and why it is (not) parallel; nothing of it runs."""
    function, args = loaded(target, name)
    with opened(executor) as chosen:
        _show(bp.explain(bp.grad(function, argnums or 0), *args, executor=chosen), **files)


@click.command("profile")
@_options
@click.option("--repeat", type=click.IntRange(1), default=5, show_default=True, help="Calls that are timed.")
def profile(target: str, name: str, argnums: tuple[int, ...], executor: str, repeat: int, **files: Any) -> None:
    """Measure the gradient of FUNCTION, compiled: by line, op, task and worker."""
    function, args = loaded(target, name)
    with opened(executor) as chosen:
        step = bp.compile(bp.grad(function, argnums or 0), executor=chosen)
        _show(bp.profile(step, *args, repeat=repeat), **files)


def _show(report: Report, as_json: bool, html: Path | None, perfetto: Path | None) -> None:
    """Print a report, and write the files that were asked for."""
    if html is not None:
        report.to_html(html)
    if perfetto is not None:
        try:
            report.to_perfetto(perfetto)
        except ImportError as missing:
            raise click.ClickException(str(missing)) from missing
    if as_json:
        click.echo(json.dumps(json.loads(report.to_json()), indent=1))
    else:
        Console(soft_wrap=True, highlight=False).print(report)
    for path in (html, perfetto):
        if path is not None:
            click.echo(f"wrote {path}", err=True)


def loaded(target: str, name: str) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The function and its arguments.

    Arguments:
        target: as in "model.py:loss"; a method or the like by its dotted name.
        name: of the module's tuple of arguments.
    Errors:
        click.ClickException: no such file, function or tuple, or the file cannot be imported.
    """
    file, colon, path = target.rpartition(":")
    if not colon or not path:
        raise click.ClickException(f"{target} is no FILE:FUNCTION, such as model.py:loss")
    module = _module(Path(file))
    function: Any = module
    for part in path.split("."):
        if not hasattr(function, part):
            found = [n for n, v in vars(module).items() if callable(v) and not n.startswith("_")]
            raise click.ClickException(f"{file} has no {path}; it has {', '.join(found) or 'no functions'}")
        function = getattr(function, part)
    if not callable(function):
        raise click.ClickException(f"{path} of {file} is no function, but {type(function).__name__}")
    args = getattr(module, name, None)
    if not isinstance(args, tuple):
        raise click.ClickException(f"{file} has no tuple {name}: write {name} = (...), or name another by --args")
    return function, args


def _module(path: Path) -> ModuleType:
    """A file as a module, which may import what stands beside it; `if __name__ == "__main__"` does not run."""
    if not path.is_file():
        raise click.ClickException(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise click.ClickException(f"{path} is no Python file")
    sys.path.insert(0, str(path.resolve().parent))
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # so that its classes can be pickled
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        own = error.with_traceback(_from(error.__traceback__, str(path)))
        told = "".join(traceback.format_exception(own)).rstrip()
        raise click.ClickException(f"{path} cannot be imported\n{told}") from error
    return module


def _from(trace: TracebackType | None, file: str) -> TracebackType | None:
    """A traceback from a file of the user's on."""
    while trace is not None and trace.tb_frame.f_code.co_filename != file:
        trace = trace.tb_next
    return trace
