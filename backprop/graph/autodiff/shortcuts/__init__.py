"""Shortcuts: two functions that follow each other, and together have a derivative where one of them has none.

An inner node and the outer one come in, the rule of both goes out. No rule of a single op lives here.
"""
