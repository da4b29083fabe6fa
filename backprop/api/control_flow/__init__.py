"""switch, match, scan, checkpoint and minibatch: what users call inside of a function that is traced.

Here live the verbs, which trace functions into bodies and emit a node that holds them. What may not live here:
the ops of these nodes and their rules, which stand in `graph/autodiff`.
"""
