"""Optimal control, as people write it: a pendulum is swung up by torques that are clipped, simulated step by step."""

import numpy as np
from scipy.optimize import minimize

import backprop as bp

STEPS, DT, LIMIT = 40, 0.05, 9.0


def step(state, torque):
    angle, speed = state
    speed = speed + DT * (9.81 * np.sin(angle) - 0.1 * speed + torque)
    return np.array([angle + DT * speed, speed])


def simulate(torques):
    states = np.zeros_like(torques, shape=(len(torques) + 1, 2))
    states[0] = [np.pi, 0.0]  # hanging down
    for k, torque in enumerate(torques):
        states[k + 1] = step(states[k], np.clip(torque, -LIMIT, LIMIT))
    return states


def cost(torques):
    states = simulate(torques)
    angle, speed = states[-1]
    running = 0.0
    for state, torque in zip(states, torques, strict=False):
        running += 0.01 * torque**2 + 0.01 * state[1] ** 2
        if abs(state[1]) > 12:  # faster than the bearing allows
            running += (abs(state[1]) - 12) ** 2
    return DT * running + 50 * (1 - np.cos(angle)) + 5 * speed**2


start = 0.5 * np.sin(np.arange(STEPS))
value, gradient = bp.value_and_grad(cost)(start)
assert np.isclose(value, cost(start))
for k in (0, STEPS - 1):
    nudge = 1e-6 * np.eye(STEPS)[k]
    assert np.isclose(gradient[k], (cost(start + nudge) - cost(start - nudge)) / 2e-6, rtol=1e-4, atol=1e-6)

both = bp.compile(bp.value_and_grad(cost))
found = minimize(both, start, jac=True, method="L-BFGS-B", options={"maxiter": 60})
angle, speed = simulate(found.x)[-1]
assert found.fun < 0.3 * value
assert abs(np.cos(angle) - 1) < 0.05  # it stands upright
assert abs(speed) < 1

# How the last state answers to a nudge of each torque: a linear controller starts from here.
sensitivity = bp.jacobian(lambda torques: simulate(torques)[-1])(found.x)
assert sensitivity.shape == (2, STEPS)
