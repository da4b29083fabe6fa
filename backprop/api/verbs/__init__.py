"""grad and its kin, evaluate, explain, ravel, graphs built by hand: what users call on a function, a graph or a value.

A verb is a file; what verbs share are the skeleton of a call (`call.py`), where a graph runs (`run.py`), the arguments
that are meant (`arguments.py`), cotangents as users give them, and the class of what a verb returns (`transformed.py`).
What may not live here: how a graph is differentiated or run.
"""
