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

EDGE, STEPS, SHOTS, GROUP, COURANT = 100, 280, 16, 8, 0.3

# %%
# The solver
# ----------
#
# The wave equation by leapfrog, its border kept at zero. The adjoint runs backwards in time, driven by the cotangent of
# what was recorded. A solver in Fortran or C++ would stand here just as well.


def laplacian(u, out):
    np.add(u[:, :-2, 1:-1], u[:, 2:, 1:-1], out=out)
    out += u[:, 1:-1, :-2]
    out += u[:, 1:-1, 2:]
    out -= 4.0 * u[:, 1:-1, 1:-1]


def wavelet(t):
    a = (0.12 * (t - 17)) ** 2
    return (1 - 2 * a) * np.exp(-a)


def step_in_time(before, now, change):
    inner = before[:, 1:-1, 1:-1]
    change -= inner
    np.multiply(now[:, 1:-1, 1:-1], 2.0, out=inner)
    inner += change


def forward(medium, columns):
    shots, at = np.arange(GROUP), columns.astype(int) + 1
    before, now = np.zeros((2, GROUP, EDGE + 2, EDGE + 2))
    bends, change = np.empty((STEPS, GROUP, EDGE, EDGE)), np.empty((GROUP, EDGE, EDGE))
    record, speed = np.empty((STEPS, GROUP, EDGE)), COURANT * medium
    for t in range(STEPS):
        laplacian(now, bends[t])
        np.multiply(bends[t], speed, out=change)
        step_in_time(before, now, change)
        before, now = now, before
        now[shots, 2, at] += wavelet(t)
        record[t] = now[:, -4, 1:-1]
    return record, (speed, bends)


def backward(residuals, g):
    speed, bends = residuals
    later, now, scaled = np.zeros((3, GROUP, EDGE + 2, EDGE + 2))
    total, change = np.zeros((2, GROUP, EDGE, EDGE))
    for t in range(STEPS - 1, -1, -1):
        np.multiply(now[:, 1:-1, 1:-1], speed, out=scaled[:, 1:-1, 1:-1])
        laplacian(scaled, change)
        step_in_time(later, now, change)
        later, now = now, later
        now[:, -4, 1:-1] += g[t]
        np.multiply(now[:, 1:-1, 1:-1], bends[t], out=change)
        total += change
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
    value_and_slope, start, jac=True, method="L-BFGS-B", bounds=[(0.4, 1.4)] * start.size, options={"maxiter": 30}
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
