"""Equations and decompositions that SciPy has and NumPy has not: LU, polar, of banded and Toeplitz matrices, Riccati's.

What users call stands in `backprop.scipy.linalg`; here are the primitives.
"""
