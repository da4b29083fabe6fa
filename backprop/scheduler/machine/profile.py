"""The rates of this machine, as they were measured once and kept in the user's cache folder.

    <XDG_CACHE_HOME or ~/.cache>/backprop/machine.json
    {"format": 1, "machines": {KEY: {"when": "2026-11-23T12:00:00+00:00", "rates": {"blas_per_s": 4e10, ...}}}}

A key names the processor, the version of NumPy, and the kernels of BLAS, so that a folder shared by several machines
keeps the rates of each, and an update of NumPy asks for new ones. What cannot be read counts for nothing: the defaults
of `Machine` stand in. Results do not depend on the rates, only plans do.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from .blas_kernels import Library, kernels, libraries, processor
from .cost import Machine

FORMAT = 1
"""The format of the file; another one is not read."""


@dataclass(frozen=True, slots=True)
class Known:
    """Rates, and where they come from.

    Arguments:
        machine: the rates.
        when: they were measured, in ISO format; "" for the defaults.
    """

    machine: Machine
    when: str = ""


def machine_file(environ: Mapping[str, str], home: Path) -> Path:
    """The file of the rates.

    Arguments:
        environ: the environment; XDG_CACHE_HOME, an absolute path, replaces `home`/.cache.
        home: the user's home folder.
    """
    asked = Path(environ.get("XDG_CACHE_HOME", ""))
    return (asked if asked.is_absolute() else home / ".cache") / "backprop" / "machine.json"


def this_file() -> Path:
    """The file of the rates of this user."""
    return machine_file(os.environ, Path.home())


def key(found: Sequence[Library]) -> str:
    """What the rates depend on: the processor, NumPy, and the kernels of BLAS.

    Arguments:
        found: the BLAS libraries.
    """
    return ", ".join([processor().model, f"numpy {np.__version__}", *kernels(found)])


def load(path: Path, name: str) -> Known:
    """The rates that a file holds under a key.

    Arguments:
        path: the file, which may be missing or damaged.
        name: the key.
    Returns:
        the rates; the defaults where there are none, or any of them makes no sense.
    """
    entry = _machines(path).get(name, {})
    try:
        rates = {rate.name: float(entry["rates"][rate.name]) for rate in fields(Machine)}
        when = str(entry["when"])
    except (KeyError, TypeError, ValueError):
        return Known(Machine())
    sound = all([math.isfinite(rate) and rate > 0 for rate in rates.values()])
    return Known(Machine(**rates), when) if sound else Known(Machine())


def save(path: Path, name: str, known: Known) -> None:
    """Keep rates under a key, beside those of other keys.

    Arguments:
        path: the file; its folder is made.
        name: the key.
        known: the rates.
    Errors:
        OSError: the file cannot be written.
    """
    machines = {**_machines(path), name: {"when": known.when, "rates": asdict(known.machine)}}
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"format": FORMAT, "machines": machines}, indent=1)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        file.write(text)
    os.replace(file.name, path)


def _machines(path: Path) -> dict[str, Any]:
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
        return dict(whole["machines"]) if whole["format"] == FORMAT else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


@cache
def this_machine() -> Known:
    """The rates of this machine, read once a process; nothing is measured."""
    path = this_file()
    return load(path, key(libraries())) if path.exists() else Known(Machine())
