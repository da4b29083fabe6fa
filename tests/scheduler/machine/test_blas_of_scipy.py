"""That the BLAS of scipy.linalg is found without loading it."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import numpy, scipy.special
from threadpoolctl import threadpool_info
found = {each["filepath"] for each in threadpool_info() if each["user_api"] == "blas"}
import scipy.linalg, scipy.sparse.linalg
assert found == {each["filepath"] for each in threadpool_info() if each["user_api"] == "blas"}
"""


def test_scipy_special_brings_every_blas_that_scipy_linalg_brings() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)
