"""The examples of docs/service.md do what the page says: in Python, by curl and umbridge, and the file of limits."""

from __future__ import annotations

import base64
import json
import re
import shlex
import shutil
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import umbridge

import backprop as bp
from backprop.api.models import FunctionModel
from backprop.cli.serve import serve
from backprop.service.server.serving import Serving
from backprop.service.server.settings import Settings, with_limits
from tests.service.conftest import serving

PAGE = (Path(__file__).parents[2] / "docs" / "service.md").read_text(encoding="utf-8")
BLOCKS = [textwrap.dedent(found) for found in re.findall(r"(?:^(?: {4}.*)?\n)+", PAGE, re.MULTILINE) if found.strip()]
HALF = 0.5
"""What AAAAAAAA4D8= stands for."""


def block(word: str) -> str:
    """The only example that has a word in it."""
    (found,) = [each for each in BLOCKS if word in each]
    return found


def energy(x: Any) -> Any:
    return np.sum(x**2)


def solved(load: Any) -> Any:
    return np.asarray(load) / 2.0


solve = bp.op(lambda load: (solved(load), None), lambda residual, g: (g / 2.0,), name="solve", like=0)


def page_of_models() -> dict[str, Any]:
    """The names of the example of a model."""
    names: dict[str, Any] = {"np": np, "solve": solve}
    source, _, _ = block("def plate").partition("model = umbridge")
    exec(source, names)
    return names


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Serving]:
    models = {"energy": FunctionModel(energy), "plate": FunctionModel(page_of_models()["plate"])}
    with serving(tmp_path, models=models, umbridge=True) as service:
        yield service


def test_python(service: Serving) -> None:
    names: dict[str, Any] = {"bp": bp, "loss": energy, "w": np.ones(3), "starts": [np.ones(3) * k for k in range(3)]}
    _, found, source = block("service = bp.connect").partition("service = bp.connect")
    exec((found + source).replace("http://127.0.0.1:7654", service.url), names)
    assert names["slope"].tolist() == [2.0, 2.0, 2.0]
    assert names["future"].result(30)[0] == 3.0
    assert [slope.tolist() for slope in names["slopes"]] == [[2.0 * k] * 3 for k in range(3)]
    names["service"].close()


def test_commands_have_options_that_there_are() -> None:
    known = {name for option in serve.params for name in option.opts}
    given = set(re.findall(r"(?<![\w-])--[a-z][\w-]+", PAGE))
    assert given - known == set()


def curl(text: str, url: str) -> Any:
    """What a command of the page prints."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    words = shlex.split(text.replace("localhost:7654", url.removeprefix("http://")).replace("\\\n", " "))
    assert words[0] == "curl"
    found = json.loads(subprocess.run(words, capture_output=True, text=True, timeout=60, check=True).stdout)
    assert "status" not in found, found  # a problem has one
    return found


def test_a_call_of_a_model_with_curl(service: Serving) -> None:
    value, slope = curl(block('"model": "energy"').strip().removeprefix("$ "), service.url)["values"]
    assert number(value) == [HALF**2]
    assert number(slope) == [2.0 * HALF]


def test_a_graph_with_curl(service: Serving) -> None:
    _, put, run = block('"kind": "graph"').split("$ ")
    put, _, said = put.partition('{"program": ')
    found = curl(put, service.url)
    assert said.startswith(f'"{found["program"][:4]}')
    values = curl(run.replace("a423...", found["program"]), service.url)["values"]
    assert [number(each) for each in values] == [[np.sin(HALF)], [np.cos(HALF)]]


def number(value: Any) -> list[float]:
    """The numbers of a value in plain JSON."""
    if not isinstance(value, dict):
        return [value]
    (part,) = value.values()
    data = np.frombuffer(base64.b64decode(part["data"]), part["dtype"])
    return [float(each) for each in data]


def test_umbridge(service: Serving) -> None:
    names = {"umbridge": umbridge}
    _, found, source = block("def plate").partition("model = umbridge")
    exec((found + source).replace("http://localhost:7654", service.url), names)
    model: Any = names["model"]
    assert model.get_input_sizes() == [3, 2]
    (x, norm) = model([[2.0, 4.0, 6.0], [0.0, 0.0]])
    assert x == [1.0, 2.0, 3.0]
    assert norm == [14.0]


def test_the_file_of_limits(tmp_path: Path) -> None:
    path = tmp_path / "limits.toml"
    path.write_text(block("[queue]"))
    found = with_limits(Settings(), path)
    assert (found.bounds.slots, found.bounds.queued) == (4, 10_000)
    assert (found.limits.message, found.work.seconds, found.work.nbytes) == (1 << 28, 3600.0, 1 << 32)
