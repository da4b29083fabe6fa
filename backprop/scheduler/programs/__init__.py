"""How the body of a task runs: its memory is planned by liveness, and code is generated for it.

In comes a closed graph; out comes a `Program`, which is called with the values of the inputs and gives the results, all
C-contiguous. Here live liveness and the arena, steps and generated code, the interpreter for long graphs that run once,
and rematerialisation. Nothing here knows tasks, plans, threads or Dask: a program may be called in any thread.
"""
