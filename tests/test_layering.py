"""The contract between the layers of `backprop`, read off its source with `ast`; nothing is imported.

    errors <- ops <- graph <- scheduler <- reports <- service <- api <- scipy <- testing <- backprop/__init__.py
      <- examples_mnist <- cli <- __main__

A module's layer is the first name below `backprop`, be it a file or a folder. Imports under `if TYPE_CHECKING` count:
what needs another layer's types depends on that layer. So do those of an `__init__.pyi`, which are made when they are
needed.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pytest

PACKAGE = "backprop"
ROOT = Path(__file__).parents[1] / PACKAGE
CHAIN = (
    *("errors", "ops", "graph", "scheduler", "reports", "service", "api", "scipy", "testing"),
    *("", "examples_mnist", "cli", "__main__"),
)
"""Layers from left to right; "" is the package itself."""
ROOMS: Mapping[str, tuple[str, ...]] = {
    "ops": (
        *(
            "core",
            "elementwise",
            "arrays",
            "reductions",
            "linear_algebra",
            "special",
            "signals",
            "sparse",
            "composites",
        ),
        *("", "numpy_names"),
    ),
    "graph": (
        *("", "params", "handle", "graph", "written", "ownership", "weak_numbers", "subgraph", "bits", "verify"),
        *("rewrite", "evaluate", "tracing", "autodiff", "batching", "implicit", "sparsity", "passes", "wire"),
    ),
    "scheduler": (
        *("", "patience", "events", "machine", "planning", "entry", "programs", "tape", "lower", "executors"),
        *("learning", "calibration"),
    ),
    "reports": (
        *("", "simulate", "description", "describe", "waits", "memory", "advice", "what_if", "formats"),
        "report",
    ),
    "service": (
        *("", "entries", "queue", "storage", "protocol", "isolation", "programs", "copies", "losses", "runs"),
        *("intake", "book", "leader", "desk", "client", "server"),
    ),
}
"""The rooms of a layer from left to right, be they folders or files; "" is the layer itself."""
MAY_USE_DASK = ("scheduler.lower", "scheduler.executors", "api", "cli", "examples_mnist")
PASSES = f"{PACKAGE}.graph.passes."
DASK = {"dask", "distributed"}
OPTIONAL: frozenset[str] = frozenset({"attrs", "perfetto"})
"""Third parties that are no dependency, and so may be imported inside the function that needs them."""
LONGEST, FULLEST = 300, 12
"""Lines of a module, and modules of a folder on one level, its `__init__` among them."""
STILL_LONG: frozenset[str] = frozenset()
STILL_FULL: frozenset[str] = frozenset()
"""What is to be taken apart; these lists only shrink: a name that is no longer needed in them is a violation."""


MANY = 3
"""Parameters from which a docstring has a section for them."""
SAYS_ITSELF = ("ops", "scipy", "cli")
"""Layers whose functions have the arguments of NumPy and SciPy, or are formulas of what they name, or commands."""
REFERS = r"[Aa]rguments (and errors )?(are|as) those of|^See [A-Z]|as of `"
"""How a docstring refers to that of another function."""


class Import(NamedTuple):
    """A module that another one imports, and whether it does so inside a function."""

    target: str
    line: int
    inside: bool


class Module(NamedTuple):
    """A module's dotted name, its syntax tree, and what it imports."""

    name: str
    tree: ast.Module
    imports: tuple[Import, ...]

    def at(self, line: int, what: str) -> str:
        return f"{self.name}:{line}: {what}"


Modules: TypeAlias = Mapping[str, Module]
Rule: TypeAlias = Callable[[Modules], Iterator[str]]


# Reading the source


def load(root: Path) -> dict[str, Module]:
    paths = {name_of(path, root): path for path in sorted(root.rglob("*.py"))}
    return {name: read(name, path, set(paths)) for name, path in paths.items()}


def name_of(path: Path, root: Path) -> str:
    parts = (root.name, *path.relative_to(root).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def read(name: str, path: Path, known: set[str]) -> Module:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    stub = path.with_suffix(".pyi")  # what a package loads when it is first used
    trees = [tree, ast.parse(stub.read_text(encoding="utf-8"), str(stub))] if stub.exists() else [tree]
    found = [
        Import(target, node.lineno, inside)
        for each in trees
        for node, inside in walk(each, False)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for target in targets(node, package, known)
    ]
    return Module(name, tree, tuple(found))


def walk(node: ast.AST, inside: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Give each node below this one, and whether a function holds it."""
    inside = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    for child in ast.iter_child_nodes(node):
        yield child, inside
        yield from walk(child, inside)


def targets(node: ast.Import | ast.ImportFrom, package: str, known: set[str]) -> Iterator[str]:
    """Give the modules that a statement imports: `from a import b` means a.b where that is a module, else a."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    base = absolute(node, package)
    for alias in node.names:
        full = f"{base}.{alias.name}"
        yield full if full in known else base


def absolute(node: ast.ImportFrom, package: str) -> str:
    if node.level == 0:
        return node.module or ""
    parts = package.split(".")
    above = parts[: len(parts) - node.level + 1]
    return ".".join([*above, *([node.module] if node.module else [])])


# The rules: each gives one line a violation


def layers_are_known(modules: Modules) -> Iterator[str]:
    for module in modules.values():
        if layer(module.name) not in CHAIN:
            yield module.at(1, f"no layer is called {layer(module.name)}")


def layers_import_to_the_left(modules: Modules) -> Iterator[str]:
    for module in modules.values():
        for found in ours(module):
            if rank(found.target) > rank(module.name):
                yield module.at(found.line, f"{found.target} stands to the right of {layer(module.name)}")


def rooms_import_to_the_left(modules: Modules) -> Iterator[str]:
    for module in modules.values():
        rooms = ROOMS.get(layer(module.name), ())
        if rooms and room(module.name) not in rooms:
            yield module.at(1, f"no room of {layer(module.name)} is called {room(module.name)}")
            continue
        for found in ours(module) if rooms else ():
            same = layer(found.target) == layer(module.name) and room(found.target) in rooms
            if same and rooms.index(room(found.target)) > rooms.index(room(module.name)):
                yield module.at(found.line, f"{found.target} stands to the right of {room(module.name)}")


def functions_import_nothing(modules: Modules) -> Iterator[str]:
    for module in modules.values():
        for found in module.imports:
            if found.inside and top(found.target) not in OPTIONAL:
                yield module.at(found.line, f"{found.target} is imported inside a function")


def no_import_cycles(modules: Modules) -> Iterator[str]:
    graph = {name: {found.target for found in ours(module)} for name, module in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield "import cycle: " + " -> ".join(reversed(error.args[1]))


def only_executors_use_dask(modules: Modules) -> Iterator[str]:
    for module in modules.values():
        below = module.name.removeprefix(PACKAGE).lstrip(".")
        if any(below == name or below.startswith(f"{name}.") for name in MAY_USE_DASK):
            continue
        for found in module.imports:
            if top(found.target) in DASK:
                yield module.at(found.line, f"{found.target} may not be imported here")


def no_global_statements(modules: Modules) -> Iterator[str]:
    for module in modules.values():
        for node, _ in walk(module.tree, False):
            if isinstance(node, ast.Global):
                yield module.at(node.lineno, f"global {', '.join(node.names)}")


def no_pass_imports_a_pass(modules: Modules) -> Iterator[str]:
    for module in modules.values():
        for found in module.imports:
            if one_pass(module.name) and one_pass(found.target) and one_pass(found.target) != one_pass(module.name):
                yield module.at(found.line, f"the pass {one_pass(found.target)} is imported by another one")


def one_pass(name: str) -> str:
    """Give the pass that a module belongs to, which is a file or a folder of its own; "" for any other module."""
    return name.removeprefix(PASSES).partition(".")[0] if name.startswith(PASSES) else ""


def modules_have_docstrings(modules: Modules) -> Iterator[str]:
    for module in modules.values():
        if not ast.get_docstring(module.tree):
            yield module.at(1, "no docstring")


def modules_are_short(modules: Modules) -> Iterator[str]:
    for name, lines in long_modules(modules).items():
        if name not in STILL_LONG:
            yield modules[name].at(1, f"{lines} lines are more than {LONGEST}; take it apart along its seams")


def long_modules(modules: Modules) -> dict[str, int]:
    lengths = {m.name: max((node.end_lineno or 0 for node in m.tree.body), default=0) for m in modules.values()}
    return {name: lines for name, lines in lengths.items() if lines > LONGEST}


def folders_are_small(modules: Modules) -> Iterator[str]:
    for folder, count in full_folders(modules).items():
        if folder not in STILL_FULL:
            yield f"{folder}: {count} modules on one level are more than {FULLEST}; give some of them a room"


def full_folders(modules: Modules) -> dict[str, int]:
    folders = {name.rpartition(".")[0] for name in modules}
    leaves = Counter(name.rpartition(".")[0] for name in modules if name not in folders)
    counts = {folder: count + 1 for folder, count in leaves.items() if folder}  # with its `__init__`
    return {folder: count for folder, count in counts.items() if count > FULLEST}


def functions_say_their_arguments(modules: Modules) -> Iterator[str]:
    """Ask it of functions and methods that other modules may call; docs/design.md says which layers are free of it."""
    for module in modules.values():
        if layer(module.name) not in SAYS_ITSELF:
            yield from (module.at(f.lineno, f"{f.name} says nothing of its arguments") for f in silent(module.tree))


def silent(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Give the functions and methods of many parameters whose docstrings have no section for them."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from silent(child)
        elif not child.name.startswith("_") and not is_overload(child) and count_of(child.args) >= MANY:
            text = ast.get_docstring(child) or ""
            if "Arguments:" not in text and not re.search(REFERS, text):
                yield child


def is_overload(f: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(name, ast.Name) and name.id == "overload" for name in f.decorator_list)


def count_of(args: ast.arguments) -> int:
    named = [a for a in (*args.posonlyargs, *args.args, *args.kwonlyargs) if a.arg not in ("self", "cls")]
    return len([*named, *filter(None, (args.vararg, args.kwarg))])


def top(name: str) -> str:
    return name.partition(".")[0]


def layer(name: str) -> str:
    """Give the first name below the package, or "" for the package itself."""
    return name.partition(".")[2].partition(".")[0]


def room(name: str) -> str:
    """Give the second name below the package, or "" for a layer itself."""
    return layer(name.partition(".")[2])


def rank(name: str) -> int:
    return CHAIN.index(layer(name)) if layer(name) in CHAIN else len(CHAIN)


def ours(module: Module) -> Iterator[Import]:
    return (found for found in module.imports if top(found.target) == PACKAGE)


RULES: tuple[Rule, ...] = (
    layers_are_known,
    layers_import_to_the_left,
    rooms_import_to_the_left,
    functions_import_nothing,
    no_import_cycles,
    only_executors_use_dask,
    no_global_statements,
    no_pass_imports_a_pass,
    modules_have_docstrings,
    modules_are_short,
    folders_are_small,
    functions_say_their_arguments,
)


# The tests


@pytest.fixture(scope="module")
def package() -> Modules:
    return load(ROOT)


@pytest.mark.parametrize("rule", RULES)
def test_the_package_keeps_the_rule(rule: Rule, package: Modules) -> None:
    violations = list(rule(package))
    assert not violations, "\n".join(violations)


def test_each_exception_is_still_needed(package: Modules) -> None:
    assert not STILL_LONG - set(long_modules(package)), "short by now: take them off STILL_LONG"
    assert not STILL_FULL - set(full_folders(package)), "small by now: take them off STILL_FULL"


def test_the_package_was_read(package: Modules) -> None:
    assert f"{PACKAGE}.errors" in package


# The checker itself, on small trees with one fault each

SOUND = {
    "__init__.py": "from backprop.api import grad as grad",
    "errors.py": "import enum",
    "ops/__init__.py": "from .core import types as types",
    "ops/core/op.py": "from ...errors import E",
    "ops/arrays/views.py": "from ..core.types import Shape",
    "graph/graph.py": "from backprop import errors\nfrom backprop.ops import types",
    "graph/passes/__init__.py": "from .alone import run as run\nfrom .tiles.tile import tile as tile",
    "graph/passes/alone.py": "from ..graph import Graph",
    "graph/passes/tiles/rows.py": "",
    "graph/passes/tiles/tile.py": "from .rows import rows",
    "scheduler/lower.py": "import dask.threaded",
    "scheduler/executors/cluster.py": "from distributed import Client",
    "api.py": "import dask\nfrom backprop.graph.graph import Graph",
    "cli/__init__.py": "import backprop\ndef html():\n    import attrs",
}

RIGHT = "backprop.graph.graph stands to the right of ops"
FAULTS = [
    (layers_are_known, "util.py", "", "backprop.util:1: no layer is called util"),
    (layers_import_to_the_left, "ops/core/op.py", "import backprop.graph.graph", RIGHT),
    (layers_import_to_the_left, "ops/core/op.py", "from ...graph import graph", RIGHT),
    (layers_import_to_the_left, "ops/core/op.py", "from ... import api", "backprop.api stands to the right of ops"),
    (layers_import_to_the_left, "api.py", "from backprop import grad", "backprop stands to the right of api"),
    (layers_import_to_the_left, "errors.py", "if TYPE_CHECKING:\n    import backprop.ops", "ops stands to the right"),
    (
        layers_import_to_the_left,
        "ops/core/op.py",
        "from backprop.util import x",
        "backprop.util stands to the right",
    ),
    (
        rooms_import_to_the_left,
        "ops/core/op.py",
        "from ..arrays import views",
        "arrays.views stands to the right",
    ),
    (rooms_import_to_the_left, "ops/core/op.py", "from ... import ops", "backprop.ops stands to the right of core"),
    (
        rooms_import_to_the_left,
        "graph/autodiff/a.py",
        "from ..passes import alone",
        "alone stands to the right of autod",
    ),
    (rooms_import_to_the_left, "graph/verify.py", "from .tracing import x", "tracing stands to the right of verify"),
    (
        rooms_import_to_the_left,
        "scheduler/machine/m.py",
        "from .. import lower",
        "lower stands to the right of machine",
    ),
    (rooms_import_to_the_left, "ops/odd/op.py", "", "backprop.ops.odd.op:1: no room of ops is called odd"),
    (functions_import_nothing, "errors.py", "def f():\n    import os", "backprop.errors:3: os is imported inside"),
    (
        functions_import_nothing,
        "ops/core/op.py",
        "async def f():\n    if 1:\n        import re",
        "inside a function",
    ),
    (functions_import_nothing, "api.py", "class A:\n    def f(self):\n        import re", "re is imported inside"),
    (no_import_cycles, "errors.py", "import backprop.graph.graph", "backprop.errors"),
    (no_import_cycles, "ops/core/types.py", "from .. import name", "import cycle: backprop.ops"),
    (no_import_cycles, "errors.py", "import backprop.errors", "backprop.errors -> backprop.errors"),
    (only_executors_use_dask, "graph/graph.py", "from dask import delayed", "backprop.graph.graph:2: dask may not be"),
    (only_executors_use_dask, "scheduler/cost.py", "import distributed.utils", "distributed.utils may not be imported"),
    (only_executors_use_dask, "scheduler/lower_more.py", "import dask", "dask may not be imported here"),
    (no_pass_imports_a_pass, "graph/passes/more.py", "from .alone import run", "passes.more:2: the pass alone is"),
    (no_pass_imports_a_pass, "graph/passes/tiles/rows.py", "from ..alone import run", "the pass alone is imported"),
    (no_pass_imports_a_pass, "graph/passes/more.py", "from .tiles.rows import x", "the pass tiles is imported"),
    (no_global_statements, "errors.py", "def f():\n    global x, y", "backprop.errors:3: global x, y"),
    (functions_say_their_arguments, "api.py", "def f(a, b, c): pass", "backprop.api:2: f says nothing of its argum"),
    (
        functions_say_their_arguments,
        "errors.py",
        'class E:\n    def f(self, a, *, b, **c):\n        "x"',
        "f says noth",
    ),
    (layers_import_to_the_left, "ops/__init__.pyi", "from ..graph import graph as graph", RIGHT),
]


def write_tree(folder: Path, files: Mapping[str, str]) -> Path:
    root = folder / PACKAGE
    for name, source in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'"""A module."""\n{source}\n', encoding="utf-8")
    return root


def violations_in(root: Path, rule: Rule) -> list[str]:
    return list(rule(load(root)))


@pytest.mark.parametrize("rule", RULES)
def test_a_sound_tree_has_no_violation(rule: Rule, tmp_path: Path) -> None:
    assert violations_in(write_tree(tmp_path, SOUND), rule) == []


@pytest.mark.parametrize(("rule", "name", "source", "expected"), FAULTS)
def test_a_fault_is_found(rule: Rule, name: str, source: str, expected: str, tmp_path: Path) -> None:
    found = violations_in(write_tree(tmp_path, {**SOUND, name: source}), rule)
    assert len(found) == 1
    assert expected in found[0]


def test_a_long_module_is_found(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {**SOUND, "ops/types.py": "x = 1\n" * 299})
    assert violations_in(root, modules_are_short) == []
    root = write_tree(tmp_path, {**SOUND, "ops/types.py": "x = 1\n" * 300})
    assert len(violations_in(root, modules_are_short)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "def f(a, b): pass",
        "def _f(a, b, c): pass",
        'def f(a, b, c):\n    """Do.\n\n    Arguments:\n        a, b, c: numbers.\n    """',
        'def f(a, b, c):\n    """Do; the arguments are those of `g`."""',
        "@overload\ndef f(a, b, c): ...",
        "def g():\n    def f(a, b, c): pass",
    ],
)
def test_what_needs_no_section_or_has_one_is_no_fault(source: str, tmp_path: Path) -> None:
    root = write_tree(tmp_path, {**SOUND, "errors.py": source})
    assert violations_in(root, functions_say_their_arguments) == []


def test_a_full_folder_is_found(tmp_path: Path) -> None:
    files = {f"service/part{k}.py": "" for k in range(11)}
    assert violations_in(write_tree(tmp_path, {**SOUND, **files}), folders_are_small) == []
    (found,) = violations_in(write_tree(tmp_path, {**SOUND, **files, "service/more.py": ""}), folders_are_small)
    assert found.startswith("backprop.service: 13 modules")


def test_a_module_without_a_docstring_is_found(tmp_path: Path) -> None:
    root = write_tree(tmp_path, SOUND)
    (root / "ops" / "bare.py").write_text("x = 1\n", encoding="utf-8")
    assert violations_in(root, modules_have_docstrings) == ["backprop.ops.bare:1: no docstring"]
