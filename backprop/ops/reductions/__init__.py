"""Ops along axes: sums, extremes, running sums, sorting, statistics, norms."""
