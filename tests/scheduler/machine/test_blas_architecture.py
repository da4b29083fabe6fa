from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from backprop.scheduler.machine.blas_architecture import (
    CORETYPE,
    Library,
    Processor,
    better_architecture,
    inherited,
    libraries,
    processor,
)

AVX2 = frozenset({"sse2", "avx", "avx2", "fma"})
AVX512 = AVX2 | {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl", "avx512_bf16"}


def openblas(kernels: str) -> Library:
    return Library("openblas", "0.3.31", kernels, 2, "/lib/libopenblas.so")


@pytest.mark.parametrize(
    ("kernels", "flags", "expected"),
    [
        ("Haswell", AVX512, "SkylakeX"),
        ("Zen", AVX512, "SkylakeX"),
        ("Prescott", AVX512, "SkylakeX"),
        ("Prescott", AVX2, "Haswell"),
        ("Nehalem", AVX2 - {"fma"}, ""),
        ("Haswell", AVX2, ""),
        ("Haswell", AVX512 - {"avx512vl"}, ""),
        ("SkylakeX", AVX512, ""),
        ("Cooperlake", AVX512, ""),
        ("of tomorrow", AVX512, ""),
        ("", AVX512, ""),
        ("Haswell", frozenset(), ""),
    ],
)
def test_kernels_for_an_older_processor_are_found(kernels: str, flags: frozenset[str], expected: str) -> None:
    assert better_architecture(openblas(kernels), Processor("a processor", flags)) == expected


def test_other_libraries_are_left_alone() -> None:
    assert better_architecture(Library("mkl", "2025", "Haswell", 2, ""), Processor("", AVX512)) == ""


def test_the_processor_is_the_first_one_described(tmp_path: Path) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text("processor\t: 0\nmodel name\t: A: fast one\nflags\t\t: avx fma\n\nprocessor\t: 1\nflags\t: sse\n")
    assert processor(path) == Processor("A: fast one", frozenset({"avx", "fma"}))


def test_a_processor_that_nobody_describes_has_a_name_but_no_flags(tmp_path: Path) -> None:
    found = processor(tmp_path / "missing")
    assert found.model
    assert not found.flags


def test_the_library_of_numpy_is_found() -> None:
    assert libraries()
    assert all(library.name and library.threads > 0 for library in libraries())


SHOW = """
from backprop.scheduler.machine.blas_architecture import libraries
print(*sorted({x.architecture for x in libraries()}))
"""


def kernels_of_a_child(environ: dict[str, str]) -> list[str]:
    done = subprocess.run([sys.executable, "-c", SHOW], env=environ, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_a_child_inherits_the_kernels() -> None:
    here = sorted({library.architecture for library in libraries()})
    assert kernels_of_a_child({"PYTHONPATH": ":".join(sys.path), **inherited()}) == here


@pytest.mark.skipif(not inherited(), reason="BLAS is not OpenBLAS, or of two kinds")
def test_the_name_of_the_kernels_picks_them() -> None:
    environ = {"PYTHONPATH": ":".join(sys.path), CORETYPE: "Nehalem" if sys.platform == "linux" else ""}
    assert kernels_of_a_child({**environ, **inherited()}) == [inherited()[CORETYPE]]
