"""Batching: a graph that is evaluated for many values of some inputs at once."""
