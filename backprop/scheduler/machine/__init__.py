"""What this machine can do, and what a node costs on it.

In come nodes with the types of their operands, and what the operating system and BLAS tell; out come seconds, bytes,
and the seconds that hold the GIL. Here live the cost model, the measured profile of the machine that is kept between
processes, and all that is said to BLAS: how many threads it takes, and for which architecture its code is. Nothing here
cuts or runs a graph; measuring the rates runs plans, and so stands above, in calibration.py.

A word on "kernel": the kernel of an op is what computes it for given types (programs/kernels.py). Of BLAS's own kernels
only their architecture matters here. What is made of a graph is code, not a kernel (programs/code_generation.py).
"""
