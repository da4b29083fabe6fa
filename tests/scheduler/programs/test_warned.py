from __future__ import annotations

import importlib.util
import inspect
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.graph.tracing.trace import trace
from backprop.scheduler.programs.interpreter import interpreter
from backprop.scheduler.programs.line_tables import at_lines, line_at, signed
from backprop.scheduler.programs.program import Program, compile_program
from backprop.scheduler.programs.step_loop import loop_over
from backprop.scheduler.programs.steps import steps_of

ZERO = np.array([0.0, 1.0])


def loss(x: Any) -> Any:
    y = np.log(x)
    return np.sum(y * y)


LINE = inspect.getsourcelines(loss)[1] + 1


def warned(f: Callable[..., Any], *args: Any) -> set[tuple[str, int, str]]:
    """Which warnings a call gives: file, line and text."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        f(*args)
    return {(each.filename, each.lineno, str(each.message)) for each in caught}


DIVIDED = {(__file__, LINE, "divide by zero encountered in log")}


@pytest.mark.parametrize("executor", ["serial", "threads:2"])
def test_each_call_warns_at_the_users_line(executor: str) -> None:
    f = bp.grad(loss, executor=executor)
    for _ in range(4):  # from a tape, then by a plan
        assert warned(f, ZERO) >= DIVIDED
    compiled = bp.compile(f)
    for _ in range(3):
        assert warned(compiled, ZERO) >= DIVIDED


def test_tasks_on_threads_warn_at_the_users_line() -> None:
    def mean(w: Any, x: Any) -> Any:
        return np.mean(np.log(x) * w)

    line = inspect.getsourcelines(mean)[1] + 1
    f = bp.compile(bp.value_and_grad(bp.minibatch(mean, (1,), shards=4), executor=bp.Threads(2)))
    x = np.ones((40_000, 3))
    f(1.0, x)
    x[-1] = 0.0
    assert (__file__, line, "divide by zero encountered in log") in warned(f, 1.0, x)


def graph_of(f: Callable[..., Any], *args: Any) -> Any:
    return trace(f, args, {}, None).graph


def by_loop(graph: Any) -> Program:
    return Program(loop_over(steps_of(graph, compile_program)), graph)


@pytest.mark.parametrize("make", [compile_program, interpreter, by_loop])
def test_equal_graphs_warn_at_their_own_lines(make: Callable[[Any], Program]) -> None:
    def first(x: Any) -> Any:
        return np.sqrt(x) + 1

    def second(x: Any) -> Any:
        return np.sqrt(x) + 1

    for f in (first, second):
        program = make(graph_of(f, ZERO))
        line = inspect.getsourcelines(f)[1] + 1
        for _ in range(2):
            assert warned(program, -ZERO) == {(__file__, line, "invalid value encountered in sqrt")}


def module_of(path: Path) -> ModuleType:
    path.write_text("import numpy as np\n\n\ndef squashed(x):\n    return np.exp(x)\n")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_functions_of_several_files_warn_in_the_file_of_each(tmp_path: Path) -> None:
    squashed = module_of(tmp_path / "other.py").squashed

    def both(x: Any) -> Any:
        return np.log(x) + squashed(x)

    line = inspect.getsourcelines(both)[1] + 1
    program = compile_program(graph_of(both, ZERO))
    assert warned(program, np.array([0.0, 1e4])) == {
        (__file__, line, "divide by zero encountered in log"),
        (str(tmp_path / "other.py"), 5, "overflow encountered in exp"),
    }


def test_a_body_warns_at_its_line_and_an_op_of_the_users_own_at_its() -> None:
    def body(carry: Any, x: Any) -> Any:
        return np.log(carry * x), x

    def looped(x: Any) -> Any:
        return bp.scan(body, x, np.arange(3.0))[0]

    line = inspect.getsourcelines(body)[1] + 1
    for _ in range(3):
        places = {(file, at) for file, at, _ in warned(bp.evaluate(looped), 1.0)}
        assert places == {(__file__, line)}

    own = bp.op(divided, like=0)
    assert {(f, n) for f, n, _ in warned(bp.evaluate(lambda x: np.sum(own(x)) * 2), ZERO)} == {
        (__file__, inspect.getsourcelines(divided)[1] + 1)
    }


def divided(x: Any) -> Any:
    return 1.0 / x


def test_the_callers_way_with_such_errors_stays() -> None:
    seen: list[str] = []
    f = bp.grad(loss)
    with np.errstate(all="ignore"):
        assert not warned(f, ZERO)
    with np.errstate(all="call", call=lambda what, flag: seen.append(what)):
        f(ZERO)
    assert "divide by zero" in seen
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match="divide by zero"):
        f(ZERO)
    assert np.geterr()["divide"] == "warn"


@pytest.mark.parametrize("program", [compile_program, interpreter, by_loop])
def test_an_exception_has_the_note_and_a_warning_that_is_an_error_too(program: Callable[[Any], Program]) -> None:
    run = program(graph_of(loss, ZERO))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning) as caught:
            run(ZERO)
    assert f"test_warned.py:{LINE} in loss" in "".join(caught.value.__notes__)


def test_code_at_other_lines_runs_the_same_and_knows_its_lines() -> None:
    text = ["def f(x):", *[f"    x = x * {k} + {'x + ' * 40}1" for k in range(60)], "    return x"]
    names: dict[str, Any] = {}
    exec("\n".join(text), names)  # the code that is moved
    code = names["f"].__code__
    wanted = {k: 7 + (k * 7919) % 5000 for k in range(2, 62)}
    moved = at_lines(code, "other.py", wanted)
    assert moved.co_code == code.co_code
    assert moved.co_filename == "other.py"
    for start, _, line in code.co_lines():
        if line in wanted:
            assert line_at(moved, start) == wanted[line]


@pytest.mark.parametrize(("number", "written"), [(0, b"\0"), (1, b"\2"), (-1, b"\3"), (31, b"\x3e"), (-32, b"\x41\1")])
def test_numbers_of_a_table(number: int, written: bytes) -> None:
    assert signed(number) == written
