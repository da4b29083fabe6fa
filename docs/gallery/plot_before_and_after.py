"""
Before and after: the plumbing of a gradient
============================================

Packages that fit parameters of simulators carry code that hands gradients on: the chain rule from each observation back
to the parameters, jobs for a pool, a sum of what comes back, a dictionary of which simulator wants which parameter.
Here is a small problem of that shape, written twice: with the plumbing by hand, and with none. The simulator is the
same.

The first version has the shape of what SimPEG (``meta``), pyPESTO (``aggregated``) and QUEENS (``adjoint``) do; the
code is our own.
"""

import ast
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.linalg import solveh_banded

import backprop as bp

# %%
# The simulator, and its adjoint
# ------------------------------
#
# Heat in a rod whose conductivity varies, at rest: a symmetric banded system. The adjoint is one more solve. Both
# versions use these two functions.

CELLS, SENSORS = 40_000, 50


def solve(conductivity, source):
    bands = np.zeros((2, CELLS))
    bands[0, 1:] = -conductivity[1:-1]
    bands[1] = conductivity[:-1] + conductivity[1:]
    return solveh_banded(bands, source / CELLS**2, overwrite_ab=True, check_finite=False)


def by_adjoint(conductivity, heat, g):
    """The cotangents of conductivity and source, from that of the temperature."""
    adjoint = solve(conductivity, g * CELLS**2)
    steps = np.diff(heat, prepend=0.0, append=0.0)
    return -np.diff(adjoint, prepend=0.0, append=0.0) * steps, adjoint / CELLS**2


places = np.linspace(0.0, 1.0, CELLS)
sensors = np.linspace(0, CELLS - 1, SENSORS + 2).astype(int)[1:-1]
sources = [1e3 * np.exp(-300 * (places - centre) ** 2) for centre in np.linspace(0.1, 0.9, 8)]
knots = np.linspace(0.0, 1.0, 12)
hats = np.maximum(0.0, 1 - abs(np.linspace(0, 1, CELLS + 1)[:, None] - knots) * (len(knots) - 1))
truth = np.sin(3 * knots)

# %%
# Before
# ------
#
# A pool, jobs, the chain rule through ``exp`` and the interpolation, sums of values and of each gradient, and the
# amplitude of each source, which is unknown as well, at its own place in the vector of parameters.


class Misfit:
    """The misfit of all experiments, and its gradient."""

    def __init__(self, observed, pool):
        self.observed = observed
        self.pool = pool
        self.kept = {}

    def split(self, parameters):
        return parameters[: len(knots)], parameters[len(knots) :]

    def predict(self, k, conductivity, amplitude):
        heat = solve(conductivity, amplitude * sources[k])
        self.kept[k] = heat
        return heat[sensors]

    def experiment(self, k, conductivity, amplitude):
        residual = self.predict(k, conductivity, amplitude) - self.observed[k]
        return residual @ residual, residual

    def pull_back(self, k, conductivity, residual):
        g = np.zeros(CELLS)
        g[sensors] = 2 * residual
        by_conductivity, by_source = by_adjoint(conductivity, self.kept.pop(k), g)
        return by_conductivity, by_source @ sources[k]

    def job(self, k, conductivity, amplitude):
        value, residual = self.experiment(k, conductivity, amplitude)
        by_conductivity, by_amplitude = self.pull_back(k, conductivity, residual)
        return value, by_conductivity, by_amplitude

    def __call__(self, parameters):
        logs, amplitudes = self.split(parameters)
        conductivity = np.exp(hats @ logs)
        jobs = [self.pool.submit(self.job, k, conductivity, a) for k, a in enumerate(amplitudes)]
        values, by_conductivity, by_amplitudes = zip(*[job.result() for job in jobs], strict=True)
        total = np.zeros_like(conductivity)
        for each in by_conductivity:
            total += each
        by_logs = hats.T @ (total * conductivity)
        rough = np.diff(logs)
        by_logs[1:] += 2e-4 * rough
        by_logs[:-1] -= 2e-4 * rough
        return sum(values) + 1e-4 * rough @ rough, np.concatenate([by_logs, by_amplitudes])


# %%
# After
# -----
#
# The same misfit as a function.

simulate = bp.op(
    lambda c, s: (heat := solve(c, s), (c, heat)), lambda kept, g: by_adjoint(*kept, g), like=1, seconds=2e-3
)


def misfit(logs, amplitudes, observed):
    conductivity = np.exp(hats @ logs)
    total = 1e-4 * np.sum(np.diff(logs) ** 2)
    for k, seen in enumerate(observed):
        total = total + np.sum((simulate(conductivity, amplitudes[k] * sources[k])[sensors] - seen) ** 2)
    return total


# %%
# The same numbers
# ----------------

observed = tuple(solve(np.exp(hats @ truth), source)[sensors] for source in sources)
after = bp.compile(bp.value_and_grad(misfit, argnums=(0, 1)), executor=bp.Threads(2))
logs, amplitudes = np.zeros(len(knots)), np.full(len(sources), 1.2)
value, (by_logs, by_amplitudes) = after(logs, amplitudes, observed)
with ThreadPoolExecutor(2) as pool:
    before = Misfit(observed, pool)
    known, gradient = before(np.concatenate([logs, amplitudes]))
    assert np.isclose(value, known, rtol=1e-12)
    assert np.allclose(np.concatenate([by_logs, by_amplitudes]), gradient, rtol=1e-9, atol=1e-12 * abs(gradient).max())

    def seconds(function, *args):
        begin = time.perf_counter()
        function(*args)
        return time.perf_counter() - begin

    flat = np.concatenate([logs, amplitudes])
    times = [(seconds(before, flat), seconds(after, logs, amplitudes, observed)) for _ in range(9)]


tree = ast.parse(Path(misfit.__code__.co_filename).read_text())
written = {node.name: node.end_lineno - node.lineno + 1 for node in tree.body if hasattr(node, "name")}
counts = written["Misfit"], written["misfit"] + 3  # and the op
ratio = statistics.median(b / a for b, a in times)
print(f"lines: {counts[0]} before, {counts[1]} after")
print(f"time of a gradient on two threads: before / after = {ratio:.2f}")
assert counts[0] > 4 * counts[1]

serial = bp.compile(bp.value_and_grad(misfit, argnums=(0, 1)), executor=bp.Serial())
ratios = [seconds(serial, logs, amplitudes, observed) / seconds(after, logs, amplitudes, observed) for _ in range(9)]
print(f"two threads are {statistics.median(ratios):.2f} times as fast as one")

figure, axes = plt.subplots(1, 2, figsize=(8.4, 2.8))
for ax, numbers, title in (
    (axes[0], counts, "lines beside the simulator"),
    (axes[1], [1e3 * statistics.median(t) for t in zip(*times, strict=True)], "ms of a gradient, two threads"),
):
    ax.barh(["after", "before"], numbers[::-1], color=["C0", "C7"])
    ax.set_title(title)
figure.tight_layout()
