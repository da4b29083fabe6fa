"""How a user's function becomes a graph: Vars, the builder, nested values, questions asked of values, source lines.

No derivative and no pass lives here.
"""
