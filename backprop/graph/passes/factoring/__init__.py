"""The pass that moves signs, powers of two and sums of rows to where arrays are small, and its rules."""
