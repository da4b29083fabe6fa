"""A recurrent network over many steps as one node: `scan`, whose graph does not grow with the steps."""

from __future__ import annotations

from typing import Any

import numpy as np

import backprop as bp


def loss(params: dict[str, Any], xs: Any, target: Any) -> Any:
    """The squared error of what the network says at the end."""

    def step(h: Any, x: Any) -> tuple[Any, None]:
        return np.tanh(params["recur"] @ h + params["enter"] @ x), None

    h, _ = bp.scan(step, np.zeros(8), xs)
    error = params["leave"] @ h - target
    return error @ error


def main() -> None:
    """Train to tell the sum of the last two inputs, and count nodes."""
    rng = np.random.default_rng(0)
    params = {"recur": 0.5 * np.eye(8), "enter": rng.normal(size=(8, 1)) / 2, "leave": np.zeros((1, 8))}
    step = bp.compile(bp.value_and_grad(loss))
    errors = []
    for _ in range(400):
        xs = rng.normal(size=(20, 1)) / 4
        value, gradient = step(params, xs, xs[-1] + xs[-2])
        errors.append(value)
        params = {name: params[name] - 0.1 * gradient[name] for name in params}
    sizes = [len(step.graph(params, rng.normal(size=(n, 1)), np.zeros(1))) for n in (100, 10_000)]
    print(f"error {np.mean(errors[:20]):.3f}, at the end {np.mean(errors[-20:]):.3f}; nodes {sizes}")
    assert np.mean(errors[-20:]) < 0.5 * np.mean(errors[:20])
    assert sizes[0] == sizes[1]


if __name__ == "__main__":
    main()
