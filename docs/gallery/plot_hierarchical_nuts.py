"""
A hierarchical model, sampled by NUTS
=====================================

Twelve clinics of very unlike sizes, each with a logistic regression of its own whose coefficients vary around common
ones. Each clinic is a branch of the log density, so that its gradient runs on two threads; the sampler is
`nutpie <https://github.com/pymc-devs/nutpie>`_, which asks for values and gradients and knows nothing of this library.

Source: M. D. Hoffman and A. Gelman, The No-U-Turn Sampler, JMLR 15, 2014.
"""

import statistics
import time
import warnings

import matplotlib.pyplot as plt
import numpy as np

import backprop as bp

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what it imports announces changes of its own
    import nutpie
    from nutpie.compiled_pyfunc import from_pyfunc

# %%
# The data
# --------
#
# Signs are multiplied into the rows: what is left of a patient is a row ``s``, whose probability is that of
# ``s @ w``.

CLINICS, COEFFICIENTS = 12, 3
rng = np.random.default_rng(0)
sizes = (240_000 / np.arange(1, CLINICS + 1)).astype(int)
common = np.array([0.5, -1.0, 0.3])
own = common + 0.4 * rng.normal(size=(CLINICS, COEFFICIENTS))


def patients(count, w):
    rows = rng.normal(size=(count, COEFFICIENTS))
    signs = np.where(rng.uniform(size=count) < 1 / (1 + np.exp(-rows @ w)), 1.0, -1.0)
    return signs[:, None] * rows


clinics = tuple(patients(count, w) for count, w in zip(sizes, own, strict=True))

# %%
# The model
# ---------


def log_density(position):
    mean, log_spread = position[:COEFFICIENTS], position[COEFFICIENTS : 2 * COEFFICIENTS]
    each = position[2 * COEFFICIENTS :].reshape(CLINICS, COEFFICIENTS)
    total = -0.5 * (mean @ mean) - np.sum((log_spread + 1) ** 2) - CLINICS * np.sum(log_spread)
    total = total - 0.5 * np.sum(((each - mean) / np.exp(log_spread)) ** 2)
    for rows, w in zip(clinics, each, strict=True):
        total = total - np.sum(np.logaddexp(0.0, -(rows @ w)))
    return total


SIZE = (2 + CLINICS) * COEFFICIENTS
step = bp.compile(bp.value_and_grad(log_density), executor=bp.Threads(2))
print(bp.explain(step, np.zeros(SIZE)))

# %%
# Sampling
# --------


def expanded(seed, more, chain):
    return lambda position: {"mean": position[:COEFFICIENTS], "spread": np.exp(position[COEFFICIENTS:][:COEFFICIENTS])}


calls = 0


def value_and_slope(position):
    global calls
    calls += 1
    return step(position)


model = from_pyfunc(
    SIZE,
    lambda: value_and_slope,
    expanded,
    [np.dtype(float)] * 2,
    [(COEFFICIENTS,)] * 2,
    ["mean", "spread"],
    make_initial_point_fn=lambda seed: np.random.default_rng(seed).normal(size=SIZE) / 10,
)
begin = time.perf_counter()
trace = nutpie.sample(model, draws=100, tune=100, chains=1, cores=1, seed=1, progress_bar=False)
taken = time.perf_counter() - begin
mean = trace.posterior["mean"].values.reshape(-1, COEFFICIENTS)
print(f"{calls:,} gradients in {taken:.1f} s, {len(mean)} draws, mean {mean.mean(0).round(2)}")
print(f"divergences: {int(trace.sample_stats['diverging'].sum())}")
expected, error = own.mean(0), own.std(0) / np.sqrt(CLINICS)
assert np.all(abs(mean.mean(0) - expected) < 3 * error)
assert np.all(mean.std(0) < 3 * error)

figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.2))
for k in range(COEFFICIENTS):
    axes[0].plot(mean[:, k], linewidth=0.8)
    axes[0].axhline(expected[k], color=f"C{k}", linestyle=":")
    axes[1].hist(mean[:, k], bins=20, color=f"C{k}", alpha=0.6)
    axes[1].axvline(expected[k], color=f"C{k}", linestyle=":")
axes[0].set(xlabel="draw", title="the common coefficients")
axes[1].set(title="and how sure they are")
figure.tight_layout()

# %%
# Two threads against one
# -----------------------

serial = bp.compile(bp.value_and_grad(log_density), executor=bp.Serial())
position = np.random.default_rng(2).normal(size=SIZE) / 10  # at 0, logaddexp takes a short way


def seconds(function):
    begin = time.perf_counter()
    for _ in range(10):
        function(position)
    return time.perf_counter() - begin


for _ in range(2):  # the first calls compile and measure
    seconds(serial)
ratios = [seconds(serial) / seconds(step) for _ in range(7)]
print(f"two threads are {statistics.median(ratios):.2f} times as fast as one")
assert all(map(np.array_equal, serial(position), step(position)))  # to the bit
