"""autograd's own tests, by its names for this package: how many of those that apply pass.

They come from autograd's source distribution, which pip fetches from the index that it is configured for, and stand in
no repository of ours. README.md, beside this file, says which do not apply, and which fail, and why. Where they cannot
be fetched the test is skipped; where CI is set, it fails.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
SHARE = 0.97
PARTS = 2
"""Processes at a time."""
COMBINATIONS = "2"
"""How many combinations of arguments a test tries that tries many; with AUTOGRAD_COMBINATIONS=0 all of them."""


def wanted() -> str:
    """What pip is asked for: the version beside which benchmarks run."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        rivals = tomllib.load(file)["project"]["optional-dependencies"]["rivals"]
    return next(text for text in rivals if text.startswith("autograd=="))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked source distribution."""
    folder = tmp_path_factory.mktemp("autograd")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "autograd"]
    asked = [*pip, "--retries", "1", "--timeout", "20", "--dest", str(folder), wanted()]
    fetched = subprocess.run(asked, capture_output=True, text=True, check=False)
    archives = list(folder.glob("autograd-*.tar.gz"))
    if not archives:
        said = f"pip could not fetch the source of autograd: {fetched.stderr[-500:]}"
        pytest.fail(said) if os.environ.get("CI") else pytest.skip(said)
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


def started(source: Path, part: int, report: Path) -> subprocess.Popen[bytes]:
    """A process that runs a part of the tests, and writes what came of them."""
    plain = ["-c", os.devnull, "-q", "--import-mode=prepend", "-p", "no:cacheprovider", "-p", "no:anyio"]
    arguments = [*plain, f"--rootdir={source}", "-p", "tests.conformance.autograd_names", f"--junitxml={report}"]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    told = {"AUTOGRAD_SOURCE": str(source), "AUTOGRAD_PART": f"{part}/{PARTS}", "PYTHONPATH": path}
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", *arguments, "tests"],
        cwd=source,
        env={"AUTOGRAD_COMBINATIONS": COMBINATIONS, "BACKPROP_MEASURED_COSTS": "0", **os.environ, **told},
        stdout=subprocess.DEVNULL,
    )


def outcomes(source: Path, folder: Path) -> dict[str, bool]:
    """Whether each test of the suite passed, by file and name."""
    reports = [folder / f"{part}.xml" for part in range(PARTS)]
    running = [started(source, part, report) for part, report in enumerate(reports)]
    assert all([process.wait() in (0, 1) for process in running])  # 1 where a test failed
    return {name: passed for report in reports for name, passed in read(report)}


def read(report: Path) -> list[tuple[str, bool]]:
    """The tests of a report in JUnit's form that were not skipped, and whether they passed."""
    found = []
    for case in ET.parse(report).iter("testcase"):
        kinds = {child.tag for child in case}
        if "skipped" not in kinds:
            name = f"{case.get('classname', '').rpartition('.')[2]}.py::{case.get('name')}"
            found.append((name, not kinds & {"failure", "error"}))
    return found


def rows(heading: str) -> dict[str, str]:
    """The tests of a table of README.md, and what is said of each; `*` at the end of a name stands for any rest."""
    text = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
    table = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| `([^|]+)` \| ([^|]+) \|$", table, re.MULTILINE)
    return {name: why for names, why in cells for name in names.split("` `")}


def listed(name: str, table: dict[str, str]) -> bool:
    """Whether a table has a test."""
    return any(name.startswith(row[:-1]) if row.endswith("*") else name == row for row in table)


def of_lost_function(name: str) -> bool:
    """Whether a test calls a function that this NumPy has no more: row_stack went with 2.5."""
    return "test_row_stack" in name and not hasattr(np, "row_stack")


def test_the_tests_of_autograd_that_apply_pass(source: Path, tmp_path: Path) -> None:
    found = outcomes(source, tmp_path)
    outside, open_rows = rows("Tests that do not apply"), rows("Tests that fail")
    applicable = {name: passed for name, passed in found.items() if not listed(name, outside)}
    failed = sorted(name for name, passed in applicable.items() if not passed and not of_lost_function(name))
    count = len(applicable) - len(failed)
    rest = len(found) - len(applicable)
    print(f"\n{count} of {len(applicable)} applicable tests of {wanted()} pass; {rest} do not apply")
    print(*(f"  fails: {name}" for name in failed), sep="\n")
    assert [name for name in failed if not listed(name, open_rows)] == []
    assert count >= SHARE * len(applicable)
    for row in (*outside, *open_rows):
        assert any(listed(name, {row: ""}) for name in found), f"there is no test {row}"
