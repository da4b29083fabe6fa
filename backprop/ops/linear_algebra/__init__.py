"""Products of matrices, systems of equations, decompositions, and functions of matrices."""
