"""A gradient over a dask array that is larger than what the client may have of memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]


@pytest.mark.cluster
@pytest.mark.skipif(sys.platform != "linux", reason="the limit is that of Linux")
def test_the_client_never_has_the_data() -> None:
    words = ["--gigabytes", "0.75", "--chunk", "12", "--worker", "1", "--limit", "150"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.larger_than_memory", *words],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "limit holds" in done.stdout
    assert "gradient -" in done.stdout
    assert float(done.stdout.rpartition("at most ")[2].split()[0]) < 300  # megabytes, at the peak
    assert float(done.stdout.rpartition("part ")[2].split()[0]) < 1e-9
