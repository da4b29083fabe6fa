"""Matrices of derivatives: many sweeps through a function at once."""
