"""What is special about clusters: the kernels of BLAS on their workers."""

from __future__ import annotations

import os
import warnings

import pytest

from backprop.scheduler.executors.cluster import Cluster, _compare_kernels
from backprop.scheduler.machine.blas_architecture import CORETYPE, fingerprint_here, inherited


@pytest.mark.cluster
@pytest.mark.skipif(not inherited(), reason="BLAS is not OpenBLAS, or of two kinds")
def test_workers_of_our_own_run_the_kernels_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CORETYPE, "Nehalem")  # too late for this process, and not for new ones
    with Cluster(n_workers=1) as cluster:
        (theirs,) = cluster.client.run(fingerprint_here).values()
    assert theirs == fingerprint_here()
    assert os.environ[CORETYPE] == inherited()[CORETYPE]


def test_workers_with_other_kernels_are_named() -> None:
    with pytest.warns(RuntimeWarning, match=r"tcp://far:1 runs other kernels of BLAS, openblas 0\.1 Prescott"):
        _compare_kernels({"tcp://near:1": fingerprint_here(), "tcp://far:1": ("openblas 0.1 Prescott",)})


def test_more_libraries_on_a_worker_are_no_other_kernels() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _compare_kernels({"tcp://near:1": (*fingerprint_here(), "mkl 2025"), "tcp://bare:1": fingerprint_here()[:1]})
    assert caught == []
