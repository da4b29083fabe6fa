"""How much memory a computation takes at its peak, measured in a process of its own.

A child makes the computation with its inputs, calls it once, and calls it again under `tracemalloc`'s eyes: the peak of
the second call counts, with all that the first call left behind (compiled programs and their buffers), without the
inputs. NumPy reports its arrays to tracemalloc.

Limits: what a library allocates by itself (BLAS's packing buffers) is not seen.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any


def growth(module: str, maker: str) -> int:
    """The peak bytes of a computation beyond its inputs.

    Arguments:
        module: a module of this folder.
        maker: its function that returns the computation.
    """
    return int(child("benchmarks.memory", module, maker).split()[-1])


def child(*words: str) -> str:
    """What a module prints, run in a Python of its own."""
    answer = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=True)
    return answer.stdout


def peak(call: Callable[[], Any]) -> int:
    """The peak bytes of the second call of a computation, and of what the first one left."""
    tracemalloc.start()
    call()
    tracemalloc.reset_peak()
    call()
    return tracemalloc.get_traced_memory()[1]


if __name__ == "__main__":
    print(peak(getattr(importlib.import_module(f"benchmarks.{sys.argv[1]}"), sys.argv[2])()))
