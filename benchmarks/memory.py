"""How much memory a variant takes at its peak, measured in a process of its own.

A child builds the case, and calls the variant twice under `tracemalloc`'s eyes: the peak of the second call counts,
with all that the first call left behind (compiled programs and their buffers), without the inputs. NumPy reports its
arrays to tracemalloc. Before that all modules are loaded that a call may load, and the same case runs at its least
size, since code and what was learned of the machine are kept once in a process, whatever is computed.

Limits: what a library allocates by itself (BLAS's packing buffers) is not seen.
"""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
import tracemalloc

from backprop import graph
from backprop.scheduler import planning, programs

from .harness import Variant, run
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


def find(module: str, name: str, variant: str) -> tuple[Variant, Variant]:
    """A variant of a case by its name, at the least size and at full size."""
    made = importlib.import_module(f"benchmarks.{module}")
    for small, full in zip(made.cases(made.TINY), made.cases(), strict=True):
        if full.name == name:
            return small.variants[variant], full.variants[variant]
    raise LookupError(f"no case of {module} is called {name}")


def load_code() -> None:
    """Load what is else loaded when it is first used, by a call at some size."""
    for room in (graph, programs, planning):
        for each in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            importlib.import_module(each.name)


def peak(small: Variant, variant: Variant) -> int:
    """The peak bytes of the second call of a variant, and of what the first one left.

    Arguments:
        small: the same at another size, which runs before anything counts.
        variant: what counts.
    """
    load_code()
    run(small)
    run(small)
    tracemalloc.start()
    try:
        run(variant)
        tracemalloc.reset_peak()
        run(variant)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()  # it makes all that follows ten times as slow


if __name__ == "__main__":
    print(peak(*find(*sys.argv[1:4])))
