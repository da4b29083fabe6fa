"""Sparsity: which elements of results depend on which of inputs, and which of them one sweep can tell apart."""
