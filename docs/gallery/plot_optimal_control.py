"""
Optimal control of an ensemble
==============================

A cart has to carry a hanging load from one place to another and leave it at rest. Neither the load nor the length of
its rope is known: the control is shared by two hundred scenarios, and has to be good for all of them. The gradient of
a scenario is a loop back through time, and scenarios do not depend on each other.
"""

import statistics
import time

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize

import backprop as bp

STEPS, DT, SCENARIOS, GOAL = 120, 0.05, 200, 2.0

# %%
# The plant
# ---------
#
# A cart with a pendulum, by the semi-implicit method of Euler, for many scenarios at once: each number of the state is
# a vector with an entry a scenario.


def loss(control, length, load):
    """How far from rest at the goal the loads are at the end, on average, and what the control costs."""

    def body(state, push):
        place, speed, angle, turn = state
        inertia = 1.0 + load * np.sin(angle) ** 2
        force = push + load * np.sin(angle) * (length * turn**2 + 9.81 * np.cos(angle))
        pull = -push * np.cos(angle) - load * length * turn**2 * np.sin(angle) * np.cos(angle)
        speed = speed + DT * force / inertia
        turn = turn + DT * (pull - (1.0 + load) * 9.81 * np.sin(angle)) / (length * inertia)
        return (place + DT * speed, speed, angle + DT * turn, turn), None

    rest = np.zeros(length.shape)
    (place, speed, angle, turn), _ = bp.scan(body, (rest, rest, rest, rest), control)
    missed = (place - GOAL) ** 2 + speed**2 + angle**2 + turn**2
    return np.mean(missed) + 1e-4 * np.sum(control**2)


rng = np.random.default_rng(0)
length, load = rng.uniform(0.6, 1.0, SCENARIOS), rng.uniform(0.1, 0.5, SCENARIOS)
ensemble = bp.minibatch(loss, (1, 2), shards=2)
step = bp.compile(bp.value_and_grad(ensemble), executor=bp.Threads(2))

# %%
# The control
# -----------
#
# What is best for the mean scenario, and what is best for all of them.


def best(length, load):
    found = minimize(
        step, np.zeros(STEPS), args=(length, load), jac=True, method="L-BFGS-B", options={"maxiter": 120, "maxcor": 30}
    )
    return found.x


mean = best(np.full(SCENARIOS, length.mean()), np.full(SCENARIOS, load.mean()))
robust = best(length, load)
of_mean, of_robust = (step(control, length, load)[0] for control in (mean, robust))
print(f"cost over the ensemble: {of_mean:.4f} by the mean scenario, {of_robust:.4f} by all of them")
assert of_robust < 0.8 * of_mean
assert of_robust < 0.1

# %%
# What the loads do
# -----------------


def swung(control):
    """The place of each load over time; the same plant, step by step."""
    place = speed = angle = turn = np.zeros(SCENARIOS)
    places = []
    for push in control:
        inertia = 1.0 + load * np.sin(angle) ** 2
        force = push + load * np.sin(angle) * (length * turn**2 + 9.81 * np.cos(angle))
        pull = -push * np.cos(angle) - load * length * turn**2 * np.sin(angle) * np.cos(angle)
        speed = speed + DT * force / inertia
        turn = turn + DT * (pull - (1.0 + load) * 9.81 * np.sin(angle)) / (length * inertia)
        place, angle = place + DT * speed, angle + DT * turn
        places.append(place + length * np.sin(angle))
    return np.array(places)


times = DT * np.arange(1, STEPS + 1)
figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.4), sharey=True)
for ax, control, title in zip(axes, (mean, robust), ("for the mean scenario", "for all scenarios"), strict=True):
    ax.plot(times, swung(control)[:, ::5], color="C0", alpha=0.25, linewidth=0.8)
    ax.axhline(GOAL, color="k", linewidth=0.8)
    ax.set(xlabel="seconds", title=f"control {title}")
axes[0].set_ylabel("place of the load")
figure.tight_layout()

# %%
# Two threads against one
# -----------------------
#
# With two hundred scenarios a step of the loop is a few microseconds of NumPy, during which Python's lock is held; with
# many more, arrays are long enough for two threads to work at the same time. ``bp.explain`` says which it is.

print(str(bp.explain(step, robust, length, load)).splitlines()[0])
many = rng.uniform(0.6, 1.0, 20_000), rng.uniform(0.1, 0.5, 20_000)
serial = bp.compile(bp.value_and_grad(ensemble), executor=bp.Serial())


def seconds(function):
    begin = time.perf_counter()
    function(robust, *many)
    return time.perf_counter() - begin


ratios = [seconds(serial) / seconds(step) for _ in range(3)]
print(f"20,000 scenarios: two threads are {statistics.median(ratios):.2f} times as fast as one")
assert np.array_equal(serial(robust, length, load)[1], step(robust, length, load)[1])  # to the bit
