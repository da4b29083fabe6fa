"""How the body of a task runs: its memory is planned by liveness, and code is generated for it.

In comes a closed graph; out comes a `Program`, which is called with the values of the inputs and gives the results, all
C-contiguous. Here live steps and generated code, and the interpreter for long graphs that run once; the room `memory`
has lifetimes, the arena and rematerialisation. Nothing here knows tasks, plans, threads or Dask: a program may be
called in any thread.

A graph that runs once needs no program: what makes them is loaded with the first.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
