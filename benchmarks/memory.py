"""How much memory a variant takes at its peak, measured in a process of its own.

A child builds the case, and calls the variant twice under `tracemalloc`'s eyes: the peak of the second call counts,
with all that the first call left behind (compiled programs and their buffers), without the inputs. NumPy reports its
arrays to tracemalloc.

Limits: what a library allocates by itself (BLAS's packing buffers) is not seen.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator

from .harness import Case, Variant, run
from .targets import Figure


def peak_memory(module: str, case: str, variant: str = "serial") -> tuple[Figure, ...]:
    """The peak of a variant by that of `by hand`.

    Arguments:
        module: the name of a module of this folder.
        case: the name of a case of it, at full size.
        variant: of the case.
    """
    ours, hand = (int(child("benchmarks.memory", module, case, name)) for name in (variant, "by hand"))
    return (Figure(f"peak memory, {variant} / by hand", ours / hand, 1.1),)


def child(*words: str) -> str:
    """What a module prints, run in a Python of its own."""
    answer = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=True)
    return answer.stdout


def find(module: str, name: str) -> Case:
    """A case by its name."""
    cases: Iterator[Case] = importlib.import_module(f"benchmarks.{module}").cases()
    return next(case for case in cases if case.name == name)


def peak(variant: Variant) -> int:
    """The peak bytes of the second call of a variant, and of what the first one left."""
    tracemalloc.start()
    try:
        run(variant)
        tracemalloc.reset_peak()
        run(variant)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()  # it makes all that follows ten times as slow


if __name__ == "__main__":
    print(peak(find(sys.argv[1], sys.argv[2]).variants[sys.argv[3]]))
