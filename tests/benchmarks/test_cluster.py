"""The cases of a cluster at tiny sizes: variants agree, and each figure of the page has a number."""

from __future__ import annotations

import pytest

from benchmarks import cluster
from benchmarks.harness import check


@pytest.mark.cluster
def test_the_cases_of_a_cluster() -> None:
    found: dict[str, int] = {}
    for case in cluster.cases(cluster.TINY):
        check(case)
        assert {name for target in case.targets for name in target.needs} <= {*case.variants, "DDP"}
        figures = {figure.name: figure.value for figure in case.measures()}
        assert all(isinstance(value, float) for value in figures.values())
        found[case.name] = len(figures)
    assert found == {
        "training step, batch 256": 0,
        "10 steps, batch 256": 0,
        "overhead of 8 tasks": 0,
        "traffic of a cluster": 4,
        "an array larger than memory": 2,
        "the simulation beside workers": 0,  # its model has tests of its own
    }
