"""Solutions of equations, as ops: what a solver finds, with the derivatives of the equation that it solves."""
