"""The rates of this machine, as they were measured once and kept in the user's cache folder.

    <the cache folder, see files.py>/machine.json
    {"format": 1, "machines": {KEY: {"when": "2026-11-23T12:00:00+00:00", "rates": {"blas_per_s": 4e10, ...}}}}

A key names the processor, the version of NumPy, and what BLAS runs, so that a folder shared by several machines
keeps the rates of each, and an update of NumPy asks for new ones. What cannot be read counts for nothing: the defaults
of `Machine` stand in. Results do not depend on the rates, only plans do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .blas_architecture import Library, fingerprint, libraries, processor
from .cost import Machine
from .files import cache_folder, machines, write_machines


class Profile(NamedTuple):
    """The profile of a machine: its rates, and when they were measured.

    Arguments:
        machine: the rates.
        when: they were measured, in ISO format; "" for the defaults.
    """

    machine: Machine
    when: str = ""


def this_file() -> Path:
    """The file of the rates of this user."""
    return cache_folder() / "machine.json"


def key(found: Sequence[Library]) -> str:
    """What the rates depend on: the processor, NumPy, and what BLAS runs.

    Arguments:
        found: the BLAS libraries.
    """
    return ", ".join([processor().model, f"numpy {np.__version__}", *fingerprint(found)])


def load(path: Path, name: str) -> Profile:
    """The rates that a file holds under a key.

    Arguments:
        path: the file, which may be missing or damaged.
        name: the key.
    Returns:
        the rates; the defaults where there are none, or any of them makes no sense.
    """
    entry = machines(path).get(name, {})
    try:
        rates = {rate.name: float(entry["rates"][rate.name]) for rate in fields(Machine)}
        when = str(entry["when"])
    except (KeyError, TypeError, ValueError):
        return Profile(Machine())
    sound = all([math.isfinite(rate) and rate > 0 for rate in rates.values()])
    return Profile(Machine(**rates), when) if sound else Profile(Machine())


def save(path: Path, name: str, profile: Profile) -> None:
    """Keep rates under a key, beside those of other keys.

    Arguments:
        path: the file; its folder is made.
        name: the key.
        profile: the rates.
    Errors:
        OSError: the file cannot be written.
    """
    write_machines(path, {**machines(path), name: {"when": profile.when, "rates": asdict(profile.machine)}})


@cache
def this_machine() -> Profile:
    """The rates of this machine, read once a process; nothing is measured."""
    path = this_file()
    return load(path, key(libraries())) if path.exists() else Profile(Machine())
