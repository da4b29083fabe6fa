"""Tasks on the workers of a Dask cluster: connection, what is sent once, submission, recovery.

What comes in is a plan and values or handles; what goes out are values with the bits of Serial. Nothing here decides
how a graph is cut.
"""
