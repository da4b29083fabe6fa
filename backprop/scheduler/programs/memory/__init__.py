"""The memory of programs: how long values live, where they lie, how much that is, and how to do with less.

In comes a graph; out come lifetimes, the slabs of an arena, and workspaces that hold their arrays; or, for a limit of
memory, a graph that computes part of itself again. Nothing here runs an op.
"""
