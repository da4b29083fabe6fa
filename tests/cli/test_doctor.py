from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backprop.cli import doctor, main
from backprop.cli.doctor import RATES, advice, by_training, cost_model, measure_all, models
from backprop.cli.restart import wanted
from backprop.scheduler.calibration import Clock, calibrate
from backprop.scheduler.machine.blas_architecture import CORETYPE, Library, Processor, libraries
from backprop.scheduler.machine.cost import Machine
from backprop.scheduler.machine.profile import Profile, key, load, save

OLD = Library("openblas", "0.3.31", "Haswell", 2, "/lib/libopenblas.so")
AVX512 = Processor("fast", frozenset({"avx2", "fma", "avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "backprop" / "machine.json"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "calibrate", lambda: calibrate(Clock(0.0001, 3)))
    monkeypatch.setattr(doctor, "better_architecture", lambda library, cpu: "")


def call(*words: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *words])


def test_it_shows_what_there_is() -> None:
    result = call()
    assert result.exit_code == 0, result.output
    for word in ("numpy", "dask", "processor", "usable of", "products of matrices", "defaults", "--calibrate"):
        assert word in result.stdout
    for library in libraries():
        assert library.version in result.stdout


def test_showing_measures_and_writes_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "calibrate", None)
    assert call().exit_code == 0
    assert not cache.exists()


@pytest.mark.usefixtures("quick")
def test_calibrating_keeps_the_rates(cache: Path) -> None:
    result = call("--calibrate")
    assert result.exit_code == 0, result.output
    known = load(cache, key(libraries()))
    assert known.when
    assert known.machine != Machine()
    assert str(cache) in result.stdout.replace("\n", "")


@pytest.mark.usefixtures("quick")
def test_a_place_that_cannot_be_written_is_said(cache: Path) -> None:
    cache.parent.write_text("no folder")
    result = call("--calibrate")
    assert result.exit_code == 1
    assert "cannot write the rates" in result.stderr
    assert "Traceback" not in result.output


def test_better_kernels_are_measured_in_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[str] = []
    monkeypatch.delenv(CORETYPE, raising=False)  # which a cluster of this process has set for its workers
    monkeypatch.setattr(doctor, "calibrate", Machine)
    monkeypatch.setattr(subprocess, "run", lambda words, env, **_: children.append(env[CORETYPE]))
    measure_all([OLD], "SkylakeX")
    monkeypatch.setenv(CORETYPE, "SkylakeX")  # as in the child, should BLAS not care
    measure_all([OLD], "SkylakeX")
    assert children == ["SkylakeX"]


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("import sys; print('no such core', file=sys.stderr); sys.exit(3)", "no such core"),
        ("import sys; sys.exit(3)", "3"),
    ],
)
@pytest.mark.usefixtures("quick")
def test_a_child_that_fails_is_said(script: str, why: str, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    run = subprocess.run
    monkeypatch.setattr(doctor, "better_architecture", lambda library, cpu: "SkylakeX")
    monkeypatch.setenv(CORETYPE, "Haswell")
    monkeypatch.setattr(subprocess, "run", lambda words, **how: run([sys.executable, "-c", script], **how))
    result = call("--calibrate")
    assert result.exit_code == 1
    assert "but not those with SkylakeX" in result.stderr
    assert why in result.stderr
    assert "Traceback" not in result.output
    assert load(cache, key(libraries())).when


def test_both_choices_of_kernels_are_shown(cache: Path) -> None:
    save(cache, key([OLD._replace(architecture="SkylakeX")]), Profile(replace(Machine(), blas_per_s=99e9), "yesterday"))
    before, after = models([OLD], "SkylakeX")
    assert (before.architecture, before.profile) == ("Haswell", Profile(Machine()))
    assert (after.architecture, after.profile.machine.blas_per_s) == ("SkylakeX", 99e9)
    assert [column.header for column in cost_model([before, after]).columns][1:3] == [
        "kernels Haswell",
        "kernels SkylakeX",
    ]


def test_every_rate_is_shown() -> None:
    assert set(RATES) == {rate.name for rate in fields(Machine)}


def test_a_training_step_refines() -> None:
    assert by_training(Machine(), 16) != Machine()


def test_the_advice() -> None:
    assert "no kernels that are known to be too old" in advice([OLD], "", "")
    assert "Long commands (train) set OPENBLAS_CORETYPE=SkylakeX" in advice([OLD], "SkylakeX", "")
    assert f"unset {CORETYPE}=Haswell" in advice([OLD], "SkylakeX", "Haswell")


@pytest.mark.skipif(os.name != "posix", reason="a process replaces itself on POSIX only")
@pytest.mark.parametrize(
    ("words", "environ", "cpu", "expected"),
    [
        (["train", "mnist"], {}, AVX512, "SkylakeX"),
        (["train", "mnist"], {CORETYPE: "Haswell"}, AVX512, ""),
        (["train", "mnist"], {}, Processor("old", frozenset()), ""),
        (["doctor"], {}, AVX512, ""),
        ([], {}, AVX512, ""),
    ],
)
def test_long_commands_restart_with_better_kernels(
    words: list[str], environ: dict[str, str], cpu: Processor, expected: str
) -> None:
    assert wanted(words, environ, [OLD], cpu) == expected


PROGRAM = f"""
import os
import sys
import backprop.cli
from backprop.cli import restart
from backprop.scheduler.machine.blas_architecture import Library, Processor
restart.libraries = lambda: ({OLD!r},)
restart.processor = lambda: {AVX512!r}
sys.argv = ["backprop", "train", "--help"]
print("kernels", os.environ.get({CORETYPE!r}), flush=True)
backprop.cli.entry()
"""


@pytest.mark.skipif(os.name != "posix", reason="a process replaces itself on POSIX only")
def test_it_restarts_once_and_says_so() -> None:
    environ = {name: value for name, value in os.environ.items() if name != CORETYPE}
    words = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=True, timeout=60)
    assert [line for line in done.stdout.splitlines() if "kernels" in line] == ["kernels None", "kernels SkylakeX"]
    assert done.stderr.count(f"{CORETYPE}=SkylakeX") == 1
    assert done.stdout.count("Train a model") == 1
