"""Full waveform inversion as people write it: the wave equation in place, two time levels that are swapped.

Only the making of the arrays is ours: `bp.zeros` is `np.zeros` outside of a traced function.
"""

import numpy as np

import backprop as bp

N, STEPS, SOURCES = 40, 90, (10, 30)
PULSE = np.exp(-0.02 * (np.arange(STEPS) - 20.0) ** 2)


def laplacian(u):
    return u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]


def seismogram(speed, source):
    old, now = bp.zeros((N, N)), bp.zeros((N, N))
    traces = bp.zeros((STEPS, N))
    factor = (0.5 * speed[1:-1, 1:-1]) ** 2
    for k in range(STEPS):
        old[1:-1, 1:-1] = 2 * now[1:-1, 1:-1] - old[1:-1, 1:-1] + factor * laplacian(now)
        old[2, source] += PULSE[k]
        old, now = now, old
        traces[k] = now[-3]
    return traces


def misfit(speed, observed):
    return 0.5 * sum(np.sum((seismogram(speed, s) - seen) ** 2) for s, seen in zip(SOURCES, observed, strict=True))


true = np.ones((N, N))
true[15:25, 15:25] = 1.15
observed = [seismogram(true, source) for source in SOURCES]  # plain NumPy
assert type(observed[0]) is np.ndarray

gradient = bp.compile(bp.value_and_grad(misfit))
speed = np.ones((N, N))
first, g = gradient(speed, observed)
assert np.isclose(first, misfit(speed, observed))

direction = np.random.default_rng(0).normal(size=(N, N))
difference = (misfit(speed + 1e-5 * direction, observed) - misfit(speed - 1e-5 * direction, observed)) / 2e-5
assert np.isclose(np.sum(g * direction), difference, rtol=1e-5)

for _ in range(12):
    value, g = gradient(speed, observed)
    speed -= 0.02 * g / np.abs(g).max()
assert gradient(speed, observed)[0] < 0.6 * first
