"""Replays of a compiled plan: a resident runner on each worker keeps its part of the plan and is called directly.

A task of Dask costs two messages that wait for others, and the scheduler; a part costs one call. What a part computes
is what tasks compute, to the bit. Whatever goes wrong with a runner, the plan runs as tasks.
"""
