"""How a graph is cut into tasks, as pure functions over plain data.

In come a graph, the number of workers, the overhead of a task and the rates of a machine; out comes a `Plan`: tasks in
topological order, each with a closed graph as its body. Here live the partition, the plan with its planner and checks,
and the stages that host-pinned nodes cut a plan into. Nothing here runs a task, knows Dask or an executor, or holds
memory.
"""
