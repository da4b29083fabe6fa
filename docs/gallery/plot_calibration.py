"""
Calibration of unlike simulators
================================

Three experiments, three simulators that have nothing in common but two parameters: a formula, an ordinary
differential equation solved by SciPy, and a program that runs in a process of its own. The first is traced; the
other two are ops, one with a derivative by sensitivities, one with finite differences, as an external program
often leaves nothing else.
"""

import statistics
import subprocess
import sys
import time

import matplotlib.pyplot as plt
import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import minimize

import backprop as bp

# %%
# Three simulators
# ----------------

TIMES = np.linspace(0.0, 4.0, 30)


def relaxation(rate, strength):
    """Plain NumPy, which is traced."""
    return strength * (1.0 - np.exp(-rate * TIMES))


def sensitivities(t, state, rate, strength):
    """A logistic growth, with its derivatives by both parameters."""
    u, by_rate, by_strength = state
    slope = rate * (1 - 2 * u / strength)
    free = u * (1 - u / strength)
    return rate * free, slope * by_rate + free, slope * by_strength + rate * (u / strength) ** 2


def grown(rate, strength):
    answer = solve_ivp(sensitivities, (0.0, 4.0), (0.1, 0.0, 0.0), t_eval=TIMES, args=(rate, strength), rtol=1e-8)
    return answer.y[0], answer.y[1:]


# Without `infer` the op would be run once on zeros to learn what it returns; a growth with strength 0 has no end.
growth = bp.op(grown, lambda by, g: (by[0] @ g, by[1] @ g), infer=lambda *_: bp.ArrayType(TIMES.size), seconds=5e-3)

PROGRAM = "import sys, math; r, s = map(float, sys.argv[1:]); print(s * math.sin(r), s * math.cos(r))"


def asked(rate, strength):
    """An external program: it reads two numbers and prints two."""
    words = [sys.executable, "-c", PROGRAM, repr(float(rate)), repr(float(strength))]
    return np.array(subprocess.run(words, capture_output=True, check=True, text=True).stdout.split(), float)


def differences(g, out, rate, strength):
    step = 1e-6
    return tuple(g @ (asked(rate + a, strength + b) - out) / step for a, b in ((step, 0), (0, step)))


sloped = bp.op(differences, infer=lambda *_: (bp.ScalarType(), bp.ScalarType()), seconds=0.06)
external = bp.op(asked, vjp=sloped, infer=lambda *_: bp.ArrayType(2), seconds=0.02)

# %%
# The residuals of all three
# --------------------------

truth = np.array([1.3, 0.7])
rng = np.random.default_rng(0)
seen = (
    relaxation(*truth) + 0.01 * rng.normal(size=TIMES.size),
    grown(*truth)[0] + 0.01 * rng.normal(size=TIMES.size),
    asked(*truth),
)


def misfit(p):
    rate, strength = p[0], p[1]
    return (
        np.sum((relaxation(rate, strength) - seen[0]) ** 2)
        + np.sum((growth(rate, strength) - seen[1]) ** 2)
        + np.sum((external(rate, strength) - seen[2]) ** 2)
    )


step = bp.compile(bp.value_and_grad(misfit), executor=bp.Threads(2))
start = np.array([0.6, 1.4])
print(bp.explain(step, start, executor=bp.Threads(2)))

# %%
# Calibration
# -----------

found = minimize(step, start, jac=True, method="BFGS")
print(found.x, "of", truth)
assert np.allclose(found.x, truth, atol=0.02)

figure, axes = plt.subplots(figsize=(6, 3.4))
axes.plot(TIMES, seen[0], ".", TIMES, seen[1], ".")
axes.set_prop_cycle(None)
axes.plot(TIMES, relaxation(*found.x), TIMES, grown(*found.x)[0])
axes.set(xlabel="time", title="Two of the experiments, and the calibrated models")
figure.tight_layout()

# %%
# Two threads against one
# -----------------------
#
# The external program runs beside this one; what SciPy's solver does holds Python's lock most of the time.

serial = bp.compile(bp.value_and_grad(misfit), executor=bp.Serial())


def seconds(function):
    begin = time.perf_counter()
    function(start)
    return time.perf_counter() - begin


ratios = [seconds(serial) / seconds(step) for _ in range(7)]
print(f"two threads are {statistics.median(ratios):.2f} times as fast as one")
assert all(map(np.array_equal, serial(start), step(start)))  # to the bit
