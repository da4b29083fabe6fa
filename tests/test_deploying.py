"""The recipes of docs/deploying.md are parsed, and say what the command knows."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from backprop.cli.serve import serve

PAGE = (Path(__file__).parents[1] / "docs" / "deploying.md").read_text(encoding="utf-8")
OPTIONS = {name for option in serve.params for name in option.opts}


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def unknown(words: list[str]) -> list[str]:
    """The options among some words that `backprop serve` does not have."""
    return [word for word in words if word.startswith("--") and word not in OPTIONS]


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Containerfile, in order."""
    lines = re.sub(r"\\\n\s*", "", block("dockerfile")).splitlines()
    pairs = [line.partition(" ") for line in lines if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in pairs]


def test_the_unit_of_systemd() -> None:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    text = re.sub(r"\\\n\s*", "", block("ini"))
    parser.read_string(re.sub(r"LoadCredential=(\S+?):", r"LoadCredential.\1=", text))
    assert set(parser) == {"DEFAULT", "Unit", "Service", "Install"}
    words = shlex.split(parser["Service"]["ExecStart"])
    assert words[1] == "serve"
    assert unknown(words) == []
    given = {key.partition(".")[2] for key in parser["Service"] if key.startswith("LoadCredential.")}
    assert given == set(re.findall(r"CREDENTIALS_DIRECTORY\}/(\S+)", text))


def test_the_containerfile() -> None:
    """What a linter asks for: a tag, pinned packages, no root, commands as lists, one of each."""
    found = instructions()
    names = [name for name, _ in found]
    assert names[0] == "FROM"
    assert set(names) <= {"FROM", "RUN", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT", "CMD"}
    assert all(names.count(name) == 1 for name in ("USER", "ENTRYPOINT", "CMD", "HEALTHCHECK"))
    parts = dict(found)
    assert re.fullmatch(r"\S+/python:3\.\d+-slim", parts["FROM"])
    assert re.search(r"pip install --no-cache-dir '[\w\-\[\]]+==[\d.]+'", parts["RUN"])
    assert parts["USER"] != "root"
    assert parts["USER"] in parts["RUN"]
    entry, words = json.loads(parts["ENTRYPOINT"]), json.loads(parts["CMD"])
    assert entry[:2] == ["backprop", "serve"]
    assert unknown([*entry, *words]) == []
    assert json.loads(parts["HEALTHCHECK"].removeprefix("CMD "))[0] == "python"


def test_a_linter_has_nothing_against_the_containerfile() -> None:
    linter = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if linter is None:
        pytest.skip("hadolint is not installed")
    words = [linter, "--no-color", "--failure-threshold", "style", "-"]
    found = subprocess.run(words, input=block("dockerfile"), capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def test_the_reverse_proxy() -> None:
    text = block("nginx")
    assert text.count("{") == text.count("}") == 2
    body = [line.strip() for line in text.splitlines()]
    assert all(line.endswith((";", "{", "}")) for line in body if line)
    assert "proxy_set_header Host localhost;" in body  # without it the service refuses
    assert "proxy_buffering off;" in body


def documents() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(block("yaml")))


def test_kubernetes() -> None:
    cluster, deployment, policy = documents()
    assert [each["kind"] for each in (cluster, deployment, policy)] == ["DaskCluster", "Deployment", "NetworkPolicy"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert unknown(container["args"]) == []
    volumes = {volume["name"] for volume in deployment["spec"]["template"]["spec"]["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert labels == deployment["spec"]["selector"]["matchLabels"]
    allowed = [source["podSelector"]["matchLabels"] for source in policy["spec"]["ingress"][0]["from"]]
    assert allowed == [labels, policy["spec"]["podSelector"]["matchLabels"]]
    images = {c["image"] for c in (*cluster["spec"]["worker"]["spec"]["containers"], container)}
    assert len(images) == 1


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_the_probes_ask_for_what_there_is(path: str) -> None:
    assert path in json.dumps(documents()[1])
