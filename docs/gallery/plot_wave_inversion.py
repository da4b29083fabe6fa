"""
Wave inversion with sixteen shots
=================================

Sixteen sources send waves through a medium, one after the other; receivers below record them. What is the medium?
The simulation is a solver of its own, here plain NumPy with its adjoint written by hand, wrapped as an op by ``bp.op``.
It takes eight shots at once: then a call of NumPy takes some 50 us, of which little holds the interpreter's lock. The
two groups do not depend on each other, so that they run side by side, forward and back.

Source: R.-E. Plessix, A review of the adjoint-state method, Geophysical Journal International 167(2), 2006.
"""

import statistics
import time

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize

import backprop as bp

EDGE, STEPS, SHOTS, GROUP, COURANT = 120, 280, 16, 8, 0.35

# %%
# The solver
# ----------
#
# The wave equation by leapfrog, its border kept at zero. The adjoint runs backwards in time, driven by the cotangent of
# what was recorded, and so does the wave beside it: a step of leapfrog taken back is a step of leapfrog, so that of all
# times only the last two are kept. A solver in Fortran or C++ would stand here just as well.


def laplacian(u, out):
    np.multiply(u[:, 1:-1, 1:-1], -4.0, out=out)
    for neighbour in (u[:, :-2, 1:-1], u[:, 2:, 1:-1], u[:, 1:-1, :-2], u[:, 1:-1, 2:]):
        out += neighbour


def wavelet(t):
    a = (0.12 * (t - 17)) ** 2
    return (1 - 2 * a) * np.exp(-a)


def step_in_time(before, now, change):
    """Write the wave one step beyond ``now`` in the place of the one a step before it."""
    inner = before[:, 1:-1, 1:-1]
    change -= inner
    np.multiply(now[:, 1:-1, 1:-1], 2.0, out=inner)
    inner += change


def forward(medium, columns):
    sources = np.arange(GROUP), 2, columns.astype(int) + 1
    before, now = np.zeros((2, GROUP, EDGE + 2, EDGE + 2))
    record, speed = np.empty((STEPS, GROUP, EDGE)), COURANT * medium
    change = np.empty((GROUP, EDGE, EDGE))
    for t in range(STEPS):
        laplacian(now, change)
        change *= speed
        step_in_time(before, now, change)
        before, now = now, before
        now[sources] += wavelet(t)
        record[t] = now[:, -4, 1:-1]
    return record, (speed, sources, before, now)


def backward(residuals, g):
    speed, sources, now, after = residuals
    now, after = now.copy(), after.copy()
    later, adjoint, scaled = np.zeros((3, GROUP, EDGE + 2, EDGE + 2))
    total, bend, change = np.zeros((3, GROUP, EDGE, EDGE))
    for t in range(STEPS - 1, -1, -1):
        np.multiply(adjoint[:, 1:-1, 1:-1], speed, out=scaled[:, 1:-1, 1:-1])
        laplacian(scaled, change)
        step_in_time(later, adjoint, change)
        later, adjoint = adjoint, later
        adjoint[:, -4, 1:-1] += g[t]
        laplacian(now, bend)
        np.multiply(adjoint[:, 1:-1, 1:-1], bend, out=change)
        total += change
        after[sources] -= wavelet(t)
        bend *= speed
        step_in_time(after, now, bend)
        now, after = after, now
    return COURANT * total.sum(axis=0), None


simulate = bp.op(forward, backward, seconds=0.05)

# %%
# The misfit
# ----------
#
# The true medium has two lenses in it. What is observed comes from a simulation with it.

y, x = np.mgrid[:EDGE, :EDGE] / EDGE
lenses = 0.3 * np.exp(-60 * ((x - 0.35) ** 2 + (y - 0.5) ** 2)) - 0.2 * np.exp(-80 * ((x - 0.7) ** 2 + (y - 0.4) ** 2))
true = 0.8 + lenses
groups = np.split(np.linspace(5, EDGE - 6, SHOTS), SHOTS // GROUP)
observed = [forward(true, columns)[0] for columns in groups]


def misfit(medium):
    total = 0.0
    for columns, seen in zip(groups, observed, strict=True):
        total = total + np.sum((simulate(medium, columns) - seen) ** 2)
    rough = np.sum(np.diff(medium, axis=0) ** 2) + np.sum(np.diff(medium, axis=1) ** 2)
    return 1e3 * total + 1e-3 * rough


step = bp.compile(bp.value_and_grad(misfit), executor=bp.Threads(2))
print(bp.explain(step, np.full((EDGE, EDGE), 0.8), executor=bp.Threads(2)))

# %%
# Inversion
# ---------
#
# SciPy's optimiser asks for values and gradients; it never learns that they came from two threads.

start = np.full(EDGE * EDGE, 0.8)
unknown = (np.arange(EDGE) >= 13)[:, None] * np.ones(EDGE)  # the medium near the sources is known


def value_and_slope(flat):
    value, slope = step(flat.reshape(EDGE, EDGE))
    return value, (slope * unknown).ravel()


found = minimize(
    value_and_slope, start, jac=True, method="L-BFGS-B", bounds=[(0.4, 1.4)] * start.size, options={"maxiter": 25}
)
recovered = found.x.reshape(EDGE, EDGE)
before, after = misfit(start.reshape(EDGE, EDGE)), found.fun
print(f"misfit {before:.3g} -> {after:.3g}")
assert after < before / 20
inside = (y > 0.15) & (y < 0.85)
assert np.corrcoef(true[inside], recovered[inside])[0, 1] > 0.6

figure, axes = plt.subplots(1, 2, figsize=(8, 3.6))
for ax, image, title in zip(axes, (true, recovered), ("true", "recovered"), strict=True):
    shown = ax.imshow(image, vmin=0.55, vmax=1.15, cmap="viridis")
    ax.set_title(title)
figure.colorbar(shown, ax=axes, shrink=0.8)

# %%
# Two threads against one
# -----------------------

serial = bp.compile(bp.value_and_grad(misfit), executor=bp.Serial())


def seconds(function):
    begin = time.perf_counter()
    function(recovered)
    return time.perf_counter() - begin


for _ in range(4):  # the first calls compile and measure
    serial(recovered)
ratios = [seconds(serial) / seconds(step) for _ in range(5)]
print(f"two threads are {statistics.median(ratios):.2f} times as fast as one")
assert all(map(np.array_equal, serial(recovered), step(recovered)))  # to the bit
