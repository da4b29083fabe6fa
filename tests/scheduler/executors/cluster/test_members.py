"""Who is in a cluster, on clusters that are made up; and that workers of our own compute as this process does."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from backprop.errors import ArgumentError, UnlikeWorkersError
from backprop.scheduler.executors.cluster.executor import Cluster
from backprop.scheduler.executors.cluster.membership.fingerprint import Fingerprint, fingerprint, largest_group
from backprop.scheduler.executors.cluster.membership.members import Members
from backprop.scheduler.executors.cluster.membership.width import width
from backprop.scheduler.machine.blas_architecture import CORETYPE, fingerprint_here, inherited

HERE = fingerprint()
OTHER = replace(
    HERE,
    digests=(*HERE.digests[:-1], ("decompositions", "0")),
    kernels=("openblas 0.1 Prescott",),
    simd=HERE.simd[1:],
)
MORE_LIBRARIES = replace(HERE, kernels=(*HERE.kernels, "mkl 2025"))


@dataclass
class MadeUp:
    """A client of a cluster whose workers have given fingerprints, two threads each."""

    found: Mapping[str, Fingerprint]
    cluster: Any = None

    def nthreads(self) -> dict[str, int]:
        return dict.fromkeys(self.found, 2)

    def run(self, f: Callable[[], Any], workers: Sequence[str], on_error: str) -> dict[str, Any]:
        assert f is fingerprint
        assert on_error == "return"
        return {address: self.found[address] for address in workers}


def members(unlike: str, **found: Fingerprint) -> Members:
    known = Members(MadeUp(found), unlike)
    known.refresh()
    return known


def test_workers_with_other_bits_are_named() -> None:
    with pytest.raises(UnlikeWorkersError) as caught:
        members("error", near=HERE, far=OTHER, next=HERE)
    for part in ("near and far", "other bits of decompositions", "Prescott", "SIMD", "OPENBLAS_CORETYPE", "unlike="):
        assert part in str(caught.value)


def test_more_libraries_that_give_the_same_bits_are_no_difference() -> None:
    assert members("error", near=HERE, bare=MORE_LIBRARIES).width == 4


def test_the_largest_group_of_equals_is_used() -> None:
    known = members("group", a=OTHER, b=HERE, c=HERE)
    assert known.chosen == ("b", "c")
    assert known.width == 4
    assert known.are_like_this_process()
    assert not members("group", a=OTHER).are_like_this_process()
    assert members("group", a=HERE, b=HERE).chosen is None


def test_of_groups_of_one_size_the_first_by_address_is_used() -> None:
    assert largest_group({"b": OTHER, "a": HERE}) == ("a",)
    assert largest_group({"b": HERE, "a": OTHER}) == ("a",)
    assert largest_group({}) == ()


def test_another_word_for_unlike_is_an_error() -> None:
    with pytest.raises(ArgumentError, match="unlike='warn' is unknown"):
        Members(MadeUp({}), "warn")


def test_workers_that_join_are_asked_for_their_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backprop.scheduler.executors.cluster.membership.members.MOMENT", 0.0)
    client = MadeUp({"a": HERE})
    known = Members(client, "error")
    known.refresh()
    assert known.width == 2
    client.found = {"a": HERE, "b": HERE}
    known.refresh()
    assert known.width == 4
    client.found = {"b": OTHER, "c": HERE}
    with pytest.raises(UnlikeWorkersError):
        Members(client, "error").refresh()


@dataclass
class Adaptive:
    maximum: float


@dataclass
class Deployment:
    _adaptive: Any


@pytest.mark.parametrize(
    ("threads", "maximum", "expected"),
    [({}, None, 1), ({"a": 2, "b": 4}, None, 6), ({"a": 2}, 8, 16), ({}, 5, 5), ({"a": 2}, float("inf"), 2)],
)
def test_the_width_of_a_cluster_that_adapts_is_that_of_its_maximum(
    threads: dict[str, int], maximum: float | None, expected: int
) -> None:
    assert width(threads, None if maximum is None else Deployment(Adaptive(maximum))) == expected


@pytest.mark.cluster
@pytest.mark.skipif(not inherited(), reason="BLAS is not OpenBLAS, or of two kinds")
def test_workers_of_our_own_run_the_kernels_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CORETYPE, "Nehalem")  # too late for this process, and not for new ones
    with Cluster(n_workers=1) as cluster:
        (theirs,) = cluster.client.run(fingerprint_here).values()
        described = cluster.describe()
    assert theirs == fingerprint_here()
    assert os.environ[CORETYPE] == inherited()[CORETYPE]
    assert "1 workers" in described
    assert "group 1" in described
    assert "MALLOC" not in described
