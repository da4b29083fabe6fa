"""Functions of NumPy that are made of other ops, and have no rule of their own."""
