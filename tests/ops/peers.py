"""What other libraries answer on the rows of docs/edges.md: `python -m tests.ops.peers` writes it into the page.

Each library gets the expression as it stands, with its own namesake of NumPy, in float64. "-" stands for an error or a
function that it does not have.
"""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.ops.test_edges import PAGE, Row, rows

PEERS = ("autograd", "JAX", "PyTorch")
MODULES = {"autograd": "autograd", "JAX": "jax", "PyTorch": "torch"}


def is_installed(peer: str) -> bool:
    """Whether a library can be asked."""
    return importlib.util.find_spec(MODULES[peer]) is not None


def answer(peer: str, row: Row) -> list[Any] | None:
    """The derivatives of a row by each variable, second ones where the row has those; None for an error."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return [np.asarray(value) for value in ASK[peer](row)]
    except Exception:
        return None


def evaluated(row: Row, names: dict[str, Any], values: Any) -> Any:
    return eval(row.code, {**names, **dict(zip(row.point, values, strict=True))})


def _autograd(row: Row) -> list[Any]:
    from autograd import grad, hessian
    from autograd import numpy as anp
    from autograd.scipy import special

    def f(*values: Any) -> Any:
        return anp.sum(evaluated(row, {"np": anp, "sp": special}, values))

    values = [value[()] for value in row.point.values()]
    if row.second:
        return [hessian(f)(values[0])]
    return [grad(f, k)(*values) for k in range(len(values))]


def _jax(row: Row) -> list[Any]:
    import jax
    import jax.numpy as jnp
    import jax.scipy.special as special

    jax.config.update("jax_enable_x64", True)
    ops = SimpleNamespace(
        relu=jax.nn.relu, softplus=jax.nn.softplus, softmax=jax.nn.softmax, logsumexp=special.logsumexp
    )

    def f(*values: Any) -> Any:
        return jnp.sum(evaluated(row, {"np": jnp, "sp": special, "bp": SimpleNamespace(ops=ops)}, values))

    values = [jnp.asarray(value) for value in row.point.values()]
    if row.second:
        return [jax.hessian(f)(values[0])]
    return [jax.grad(f, k)(*values) for k in range(len(values))]


class _Torch:
    """NumPy's names, as far as PyTorch has them under these or others."""

    inf, nan, pi = np.inf, np.nan, np.pi

    def __init__(self, torch: Any, names: dict[str, Callable[..., Any]]) -> None:
        self.torch = torch
        self.names = names

    def __getattr__(self, name: str) -> Any:
        return self.names.get(name) or getattr(self.torch, name)


def _torch(row: Row) -> list[Any]:
    import torch

    def number(value: Any) -> Any:
        return torch.as_tensor(value, dtype=torch.float64) if type(value) in (int, float) else value

    def lifted(f: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args: f(*map(number, args))

    names = {
        "array": lambda x: torch.tensor(x),
        "maximum": lifted(torch.maximum),
        "minimum": lifted(torch.minimum),
        "max": torch.amax,
        "min": torch.amin,
        "power": lifted(torch.pow),
        "sort": lambda x: torch.sort(x, stable=True).values,
        "std": lambda x: torch.std(x, correction=0),
        "cumprod": lambda x: torch.cumprod(x, 0),
        "cumsum": lambda x: torch.cumsum(x, 0),
        "ptp": lambda x: torch.amax(x) - torch.amin(x),
        "clip": torch.clamp,
        "abs": torch.abs,
        "fabs": torch.abs,
        "where": lambda c, x, y: torch.where(c, x, y),
        "real": torch.real,
    }
    special = _Torch(torch.special, {"y0": torch.special.bessel_y0})
    ops = SimpleNamespace(
        relu=torch.relu,
        softplus=torch.nn.functional.softplus,
        softmax=lambda x: torch.softmax(x, 0),
        logsumexp=lambda x: torch.logsumexp(x, 0),
    )

    def f(*values: Any) -> Any:
        names_of = {"np": _Torch(torch, names), "sp": special, "bp": SimpleNamespace(ops=ops)}
        return torch.sum(torch.as_tensor(evaluated(row, names_of, values)))

    values = [torch.tensor(value, requires_grad=True) for value in row.point.values()]
    if row.second:
        return [torch.autograd.functional.hessian(f, values[0]).numpy()]
    found = torch.autograd.grad(f(*values), values, allow_unused=True, materialize_grads=True)
    return [np.conj(g.numpy()) for g in found]  # PyTorch's convention is the conjugate of ours


ASK: dict[str, Callable[[Row], list[Any]]] = {"autograd": _autograd, "JAX": _jax, "PyTorch": _torch}


def is_same(row: Row, found: list[Any]) -> bool:
    """Whether an answer is the page's own."""
    pairs = zip(found, row.expected, strict=True)
    return all(a.size == b.size and np.allclose(a.ravel(), b.ravel(), 1e-8, 1e-12, equal_nan=True) for a, b in pairs)


def cell(row: Row, answers: dict[str, list[Any] | None]) -> str:
    """The text of a row about other libraries: who answers otherwise, and what."""
    parts = {peer: shown(row, found) for peer, found in answers.items()}
    if set(parts.values()) == {"same"}:
        return "all the same"
    return "; ".join(f"{peer} {text}" for peer, text in parts.items())


def shown(row: Row, found: list[Any] | None) -> str:
    if found is None:
        return "-"
    if is_same(row, found):
        return "same"
    return ", ".join(_text(value) for value in found)


def _text(value: Any) -> str:
    """An array, or a number, shortly."""
    if value.ndim:
        return f"[{', '.join(_text(part) for part in value)}]"
    number = value.item() if np.iscomplexobj(value) else float(value)
    return f"{number + 0.0:.4g}"


def written(page: str) -> str:
    """The page with a fresh column about other libraries."""
    lines, rest = [], rows(page)
    for line in page.splitlines():
        if re.match(r"\| `(.+?)` \| `(.+?)` \| `(.+?)` \|", line):
            row = next(rest)
            parts = re.match(r"\| (`.+?`) \| (`.+?`) \| (`.+?`) \|(.*)\|$", line)
            assert parts is not None
            note = parts[4].split("|")[-1].strip()
            text = cell(row, {peer: answer(peer, row) for peer in PEERS})
            line = f"| {parts[1]} | {parts[2]} | {parts[3]} | {text} | {note} |".replace("|  |", "| |")
        elif line.startswith("| expression"):
            line = re.sub(r"(derivative) \|.*$", r"\1 | others | |", line)
        elif line.startswith("|---") and lines and lines[-1].startswith("| expression"):
            line = "|---|---|---|---|---|"
        lines.append(line)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
