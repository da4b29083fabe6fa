"""Ops and value classes of the user's own: what makes an op of a function, a value of a class, and checks its laws.

What may not live here: ops of this package, and how a program calls an op.
"""
