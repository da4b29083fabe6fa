from __future__ import annotations

import io
import subprocess
import sys
import threading
from contextlib import redirect_stderr
from pathlib import Path

import numpy as np
import pytest

import backprop as bp
from backprop.api.preparing import telling as of_passes
from backprop.api.verbs import telling
from backprop.graph.passes import DEFAULT_PASSES
from backprop.scheduler.executors.cluster import own
from backprop.scheduler.patience.waiting import Told, told_of
from tests.waiting import told_by


class Terminal(io.StringIO):
    """A stream that calls itself a terminal, and says when a text has come."""

    def __init__(self, awaited: str, is_terminal: bool = True) -> None:
        super().__init__()
        self.awaited = awaited
        self.is_terminal = is_terminal
        self.seen = threading.Event()

    def isatty(self) -> bool:
        return self.is_terminal

    def write(self, text: str) -> int:
        written = super().write(text)
        if self.awaited in self.getvalue():
            self.seen.set()
        return written


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal("making tea")


def test_a_terminal_is_told_of_what_takes_long(terminal: Terminal) -> None:
    with redirect_stderr(terminal), told_of("making tea", after=0.0):
        assert terminal.seen.wait(60)


def test_what_is_soon_over_is_not_mentioned(terminal: Terminal) -> None:
    with redirect_stderr(terminal), told_of("making tea", after=3600.0):
        pass
    assert terminal.getvalue() == ""
    assert not [t for t in threading.enumerate() if isinstance(t, threading.Timer) and not t.finished.is_set()]


def test_one_line_is_enough(terminal: Terminal) -> None:
    with redirect_stderr(terminal), told_of("making tea", after=0.0):
        assert terminal.seen.wait(60)
        with told_of("boiling water", after=0.0):
            pass
    assert "boiling" not in terminal.getvalue()


def test_steps_of_a_known_number_are_a_bar(terminal: Terminal) -> None:
    terminal.awaited = "2 of 3"
    with redirect_stderr(terminal), told_of("making tea", after=0.0, total=3) as told:
        told.advance()
        told.advance()
        assert terminal.seen.wait(60)
    assert "\N{BOX DRAWINGS HEAVY HORIZONTAL}" in terminal.getvalue()


def test_a_part_of_known_length_is_shown_in_the_line_of_the_whole(terminal: Terminal) -> None:
    terminal.awaited = "1 of 4"
    with redirect_stderr(terminal), told_of("making tea", after=0.0) as tea:
        with told_of("boiling water", total=4) as water:
            water.advance()
            assert terminal.seen.wait(60)
        tea.advance()
    assert "boiling" not in terminal.getvalue()


def test_a_whole_of_known_length_does_not_show_its_parts(terminal: Terminal) -> None:
    with redirect_stderr(terminal), told_of("making tea", after=3600.0, total=2) as tea:
        with told_of("boiling water", total=4) as water:
            water.advance()
        assert (tea.done, water.listens) == (0, False)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Told]:
    """What work tells a terminal, in the order in which it began."""
    return told_by(monkeypatch, of_passes, telling, own)


def test_the_passes_over_a_long_graph_are_counted(told: list[Told], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_passes, "LONG", 10)

    def long(x: np.ndarray) -> np.ndarray:
        for k in range(37):
            x = np.sin(x * (k + 1.5))
        return np.sum(x)

    bp.compile(long)(np.ones(3))
    assert told[0].done == len(DEFAULT_PASSES)


def test_a_long_graph_that_runs_from_its_tape_is_told_of(told: list[Told], monkeypatch: pytest.MonkeyPatch) -> None:
    bp.grad(lambda x: np.sum(np.sin(x) * 1.25))(np.ones(3))
    assert told == []
    monkeypatch.setattr(telling, "AFTER", 0.0)
    bp.grad(lambda x: np.sum(np.sin(x) * 1.5))(np.ones(3))
    assert len(told) == 1


@pytest.mark.cluster
def test_the_workers_of_a_new_cluster_are_counted_as_they_come(told: list[Told]) -> None:
    with bp.Cluster(n_workers=2, processes=False) as cluster:
        cluster.describe()
    assert [each.done for each in told] == [2]


def test_an_error_ends_the_line(terminal: Terminal) -> None:
    with redirect_stderr(terminal):
        with pytest.raises(ZeroDivisionError):
            fail(terminal)
        terminal.seen.clear()
        with told_of("making tea", after=0.0):  # another one can be shown
            assert terminal.seen.wait(60)


def fail(terminal: Terminal) -> None:
    with told_of("making tea", after=0.0):
        assert terminal.seen.wait(60)
        raise ZeroDivisionError


def test_a_compile_at_a_terminal_says_so(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal.awaited = "compiling slow"
    monkeypatch.setattr("backprop.api.compiling.compiled.told_of", lambda what: told_of(what, after=0.0))

    def slow(x: np.ndarray) -> np.ndarray:
        assert terminal.seen.wait(60)
        return np.sum(x * x)

    with redirect_stderr(terminal):
        assert bp.compile(slow)(np.ones(3)) == 3.0


def test_nothing_is_shown_where_there_is_no_terminal() -> None:
    stream = Terminal("making tea", is_terminal=False)
    with redirect_stderr(stream), told_of("making tea", after=0.0):
        pass
    assert stream.getvalue() == ""


def test_without_a_terminal_rich_is_not_even_imported(tmp_path: Path) -> None:
    script = (
        "import sys, backprop as bp, numpy as np; from backprop.scheduler.patience.waiting import told_of\n"
        "with told_of('making tea', after=0.0): pass\n"
        "assert 'rich' not in sys.modules; print('silent')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("silent\n", "")
