"""Functions that are defined by an equation: roots and minima, whose derivatives follow from the equation."""
