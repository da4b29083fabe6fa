"""The pass that looks at one node at a time, and its rules, a file each.

A rule gets a node of new operands, and gives the id of what takes its place, or None. It may look at the operands'
nodes, but not at who reads the node.
"""
