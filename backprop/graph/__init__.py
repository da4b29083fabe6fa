"""Programs made of ops: how they are written down, made of Python functions, differentiated and improved.

    graph, params     a program as data: nodes in order, with what each one needs to know beside its operands
    subgraph, verify  which nodes depend on which, parts of a graph, and what a well-formed graph is
    rewrite           a copy of a graph in which nodes are replaced, and equal nodes become one
    weak_numbers      which dtype a Python number takes beside arrays
    evaluate          what a graph means, node by node: the reference that every other way to run it agrees with
    handle            values that are not in this process
    tracing/          from a Python function to a graph
    autodiff/         from a graph to the graph of its derivatives
    passes/           from a graph to one of the same meaning that runs faster
    wire/             a graph as bytes

A room imports only what stands above it in this list (tests/test_layering.py). Types and ops come in from `ops`; graphs
go out to `scheduler`, which runs them. Nothing here starts a thread, knows Dask, or depends on who runs a graph.
"""
