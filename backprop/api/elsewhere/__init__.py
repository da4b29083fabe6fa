"""Values that are elsewhere, as arguments and as results: futures, delayed objects, dask arrays, lazy results."""
