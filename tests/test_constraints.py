"""constraints/lowest.txt has the lowest versions that pyproject.toml admits, so that the bounds are what is tested."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]


def bounds(requirements: list[str], operator: str) -> dict[str, Version]:
    """The version of each package behind an operator, which is the only one of its requirement."""
    found = {}
    for requirement in map(Requirement, requirements):
        (specifier,) = requirement.specifier
        assert specifier.operator == operator, requirement
        found[requirement.name] = Version(specifier.version)
    return found


def test_the_constraints_are_the_lower_bounds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (ROOT / "constraints" / "lowest.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert bounds(pins, "==") == bounds(project["dependencies"], ">=")


def test_another_operator_is_found() -> None:
    with pytest.raises(AssertionError, match="numpy<3"):
        bounds(["numpy<3"], ">=")
