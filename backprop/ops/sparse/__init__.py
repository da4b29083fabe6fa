"""Sparse matrices: products with them, and what stands in for a matrix of SciPy while a function is traced."""
