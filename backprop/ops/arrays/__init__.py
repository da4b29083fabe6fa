"""Ops that rearrange: shapes, indices, joins, tuples. They compute nothing but copies and sums of copies."""
