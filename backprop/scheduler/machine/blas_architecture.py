"""For which processor architecture BLAS runs its code, and whether this processor could run quicker code.

OpenBLAS picks its kernels while it is loaded, by the family of the processor, and for a family that it does not know
yet takes those of an older one. The environment variable OPENBLAS_CORETYPE, set before NumPy is loaded, picks them by
name. Kernels differ in the order of their additions, and so in bits: all processes of a run need the same ones.

Source: OpenBLAS, driver/others/dynamic.c (names, and what each needs of the processor); threadpoolctl; proc(5).
Limits: advice for OpenBLAS on x86-64 under Linux only; elsewhere the flags of the processor are not known.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy.linalg  # with scipy.special, so that the BLAS of both is found  # noqa: F401
import scipy.special  # noqa: F401 - which is linked with the BLAS of scipy.linalg
from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

CORETYPE = "OPENBLAS_CORETYPE"
"""The environment variable that picks the architecture whose code OpenBLAS runs."""

CPUINFO = Path("/proc/cpuinfo")

WITHOUT_AVX2 = frozenset(
    ("Prescott", "Core2", "Nehalem", "Sandybridge", "Barcelona", "Bulldozer", "Piledriver", "Steamroller", "Excavator")
)
WITHOUT_AVX512 = WITHOUT_AVX2 | {"Haswell", "Zen"}
BETTER = (
    ("SkylakeX", frozenset(("avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl")), WITHOUT_AVX512),
    ("Haswell", frozenset(("avx2", "fma")), WITHOUT_AVX2),
)
"""Architectures, the best first: the name, the flags of a processor that runs its code, the older architectures."""


class Library(NamedTuple):
    """A BLAS library that this process has loaded.

    Arguments:
        name: its name, such as "openblas".
        version: its version.
        architecture: of the processors that its running code is for, "" where it does not tell.
        threads: that it uses outside of runs.
        path: its file.
    """

    name: str
    version: str
    architecture: str
    threads: int
    path: str


class Processor(NamedTuple):
    """The processor of this machine.

    Arguments:
        model: what it calls itself.
        flags: of its instructions; none where they are not known.
    """

    model: str
    flags: frozenset[str]


def libraries() -> tuple[Library, ...]:
    """The BLAS libraries of this process, that of NumPy among them."""
    return tuple(_library(found) for found in threadpool_info() if found["user_api"] == "blas")


def _library(found: dict[str, Any]) -> Library:
    version, architecture = (str(found.get(name) or "") for name in ("version", "architecture"))
    return Library(found["internal_api"], version, architecture, int(found["num_threads"]), found["filepath"])


def processor(cpuinfo: Path = CPUINFO) -> Processor:
    """The processor, as Linux describes it; elsewhere its name only.

    Arguments:
        cpuinfo: the description.
    """
    try:
        first, _, _ = cpuinfo.read_text(encoding="utf-8", errors="replace").partition("\n\n")
    except OSError:
        first = ""
    fields = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in first.splitlines())}
    model = fields.get("model name") or platform.processor() or platform.machine()
    return Processor(model, frozenset(fields.get("flags", "").split()))


def better_architecture(library: Library, cpu: Processor) -> str:
    """The architecture whose code a library should run on a processor, "" where what it runs is not too old.

    Arguments:
        library: the library.
        cpu: the processor.
    """
    if library.name != "openblas":
        return ""
    fitting = [name for name, needed, older in BETTER if needed <= cpu.flags and library.architecture in older]
    return fitting[0] if fitting else ""


def fingerprint(found: Sequence[Library]) -> tuple[str, ...]:
    """What some libraries run, as text; the same in all processes that give the same bits.

    Arguments:
        found: the libraries.
    """
    return tuple(sorted({f"{library.name} {library.version} {library.architecture}".strip() for library in found}))


def fingerprint_here() -> tuple[str, ...]:
    """What the BLAS libraries of this process run."""
    return fingerprint(libraries())


def inherited() -> dict[str, str]:
    """The environment in which a new process on this machine runs the BLAS code of this one.

    It names them, as the environment of this process may have changed since NumPy was loaded. Where the libraries
    differ, nobody has picked by name, and a new process comes to the same choice by itself.
    """
    running = {library.architecture for library in libraries() if library.name == "openblas"}
    return {CORETYPE: running.pop()} if len(running) == 1 else {}
