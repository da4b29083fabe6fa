"""Each public name has an example in its docstring, and all of them run."""

from __future__ import annotations

import doctest
import inspect
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backprop as bp
from tests.service.conftest import serving

ADDRESS = "http://127.0.0.1:7654"
"""What examples call the address of a service."""

MARKS = {"Cluster": [pytest.mark.cluster]}
HELD = {"legacy": "2.1", "precision": 8}


def documented() -> dict[str, Any]:
    found = {name: getattr(bp, name) for name in bp.__all__}
    found |= {f"testing.{name}": getattr(bp.testing, name) for name in bp.testing.__all__}
    return {name: value for name, value in found.items() if not isinstance(value, types.ModuleType)}


NAMES = documented()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(Path(tmp_path_factory.mktemp("service")) / "state") as service:
        yield service.url


@pytest.mark.parametrize("name", [pytest.param(name, marks=MARKS.get(name, [])) for name in NAMES])
def test_the_example_of_a_public_name_runs(name: str, request: pytest.FixtureRequest) -> None:
    text = inspect.getdoc(NAMES[name]) or ""
    assert "\nExample:\n" in text, f"backprop.{name} has no example"
    if ADDRESS in text:
        text = text.replace(ADDRESS, request.getfixturevalue("address"))
    example = doctest.DocTestParser().get_doctest(text, {"bp": bp, "np": np}, name, None, 0)
    assert example.examples
    said: list[str] = []
    with np.printoptions(precision=8, suppress=False, legacy="1.25"):  # numbers without their class
        doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL).run(example, out=said.append)
    assert not said, "".join(said)


def test_an_example_that_is_wrong_is_found() -> None:
    example = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    said: list[str] = []
    doctest.DocTestRunner().run(example, out=said.append)
    assert said
