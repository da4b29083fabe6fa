"""Graphs that are seen for the first time: differentiated and run at once, node by node.

No joint graph is made, no pass runs, nothing is planned. What is read off a graph is in `reading.py`, running it in
`running.py`, what pays when in `policy.py`. The bits are those of the optimised graph.
"""
