"""RUNNING a graph: what nodes cost, how a graph is cut into tasks, and the executors that run the tasks.

    events        what is recorded of a run
    machine/      what the machine can do: rates of work, the cost of a task, BLAS
    planning/     from a graph to a plan: tasks, and what each of them waits for
    entry         checks the values that a plan is run with
    programs/     from the nodes of a task to what is called for it, and where its values are kept
    lower         from a plan to what Dask takes
    executors/    run plans: in this thread, on threads, on a cluster
    calibration   measures the machine by running plans, and so stands on top

A room imports only what stands above it in this list (tests/test_layering.py). Graphs and values come in, values and
records of runs go out. No derivative is taken here, and no schedule changes a bit of a result.
"""
