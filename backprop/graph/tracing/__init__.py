"""How a user's function becomes a graph.

    steering          a traced value, and the questions that the user's code asks of it
    array_protocols   what a traced value has of an array: attributes, items, NumPy's protocols
    var               Var, which stands in for a value in the user's code: operators, fields of objects
    builder           collects the nodes, and builds a Graph of them
    trace, body       run a function on Vars, as a whole and as the body of an op

In come functions and nested values; out go graphs, the values of their inputs, and the structure of the results. No
derivative and no pass lives here, and nothing here knows who runs a graph: that is given as a function.
"""
