"""The mask rule: what a choice shut out has the cotangent 0, whatever derivatives lie on the way.

A cotangent and its mask come in, the cotangents of operands and their masks go out. No rule of an op lives here.
"""
