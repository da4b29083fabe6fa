"""Primitives of signals and images: convolutions along several axes, recursive filters, coefficients of splines."""
