"""Numbers that rules of special functions need, and that SciPy does not have: plain NumPy, without graphs."""
