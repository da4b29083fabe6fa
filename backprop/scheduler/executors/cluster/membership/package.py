"""Workers that lack this package, told by what they raise when they are sent something of it."""

from __future__ import annotations

from .....errors import ClusterError


def lacks_package(error: BaseException | None) -> bool:
    """Whether something could not be loaded as there is no backprop; Dask passes some errors on as text alone."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == "backprop":
            return True
        if "No module named 'backprop" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def without_package(worker: str) -> ClusterError:
    """The error of such a worker.

    Arguments:
        worker: its address, or "a worker".
    """
    fix = "install backprop-dask on each worker, in the version that this process has"
    return ClusterError(f"{worker} cannot load backprop", fix=fix)
