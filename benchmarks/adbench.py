"""Are the two objectives of ADBench as fast as gradients written by hand: Gaussian mixtures, and an LSTM?

The mixture's data term is one expression over arrays (component, point, dimension); points are split into shards, which
are the branches. The LSTM is a chain of some fifty thousand ops on vectors of 14 numbers: all overhead, no parallelism.

Source: microsoft/ADBench (objectives, data layout); gradbench/gradbench (generator of the mixture's data).
Limits: the prior is ADBench's, whose sign GradBench corrected; the gradient of Wishart's constant is zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.special import multigammaln

import backprop as bp

from . import ours, rivals
from .harness import Case, by_hand
from .memory import peak_memory
from .targets import ratio


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of the mixture: dimensions, components, points, shards. Of the LSTM: bits of a letter, layers, letters."""

    dimensions: int = 32
    components: int = 25
    points: int = 10_000
    shards: int = 4
    bits: int = 14
    layers: int = 2
    letters: int = 1_024


FULL, TINY = Sizes(), Sizes(3, 2, 9, 2, 3, 2, 6)
GAMMA, M = 1.0, 0

# Gaussian mixtures.


def triangle(n: int) -> tuple[Any, Any]:
    """Where the entries of L stand in `icf`, column by column below the diagonal: (places, mask), each (n, n)."""
    columns, rows = np.triu_indices(n, 1)
    places, mask = np.zeros((n, n), int), np.zeros((n, n))
    places[rows, columns] = np.arange(len(rows))
    mask[rows, columns] = 1.0
    return places, mask


def factors(xp: Any, icf: Any, n: int) -> Any:
    """Q of each component: exp(q) on the diagonal, l below it."""
    places, mask = triangle(n)
    below = icf[:, n + places] * mask if n > 1 else 0.0
    return below + xp.exp(icf[:, :n])[:, :, None] * np.eye(n)


def log_sum_exp(xp: Any, a: Any, axis: int) -> Any:
    top = xp.max(a, axis)
    return top + xp.log(xp.sum(xp.exp(a - xp.expand_dims(top, axis)), axis))


def mixture_data(xp: Any, params: Any, x: Any) -> Any:
    """The sum over points of the log of the mixture."""
    alpha, mu, icf = params
    n = x.shape[1]
    moved = (x[None] - mu[:, None]) @ xp.swapaxes(factors(xp, icf, n), 1, 2)
    beta = (alpha + xp.sum(icf[:, :n], 1))[:, None] - 0.5 * xp.sum(moved * moved, 2)
    return xp.sum(log_sum_exp(xp, beta, 0))


def mixture_rest(xp: Any, params: Any, points: int) -> Any:
    """The normalisation and the Wishart prior."""
    alpha, mu, icf = params
    k, n = mu.shape
    q, below = icf[:, :n], icf[:, n:]
    prior = 0.5 * GAMMA**2 * (xp.sum(xp.exp(2 * q)) + xp.sum(below * below)) - M * xp.sum(q)
    freedom = n + M + 1
    constant = freedom * n * (math.log(GAMMA) - 0.5 * math.log(2)) - float(multigammaln(0.5 * freedom, n))
    return -points * log_sum_exp(xp, alpha, 0) + prior - k * constant - 0.5 * points * n * math.log(2 * math.pi)


def mixture(xp: Any, params: Any, x: Any) -> Any:
    """ADBench's objective as one expression."""
    return mixture_data(xp, params, x) + mixture_rest(xp, params, len(x))


def sharded_mixture(shards: int, params: Any, x: Any) -> Any:
    """The same, its points in shards."""
    data_term = bp.minibatch(partial(mixture_data, np), 1, shards, reduction="sum")
    return data_term(params, x) + mixture_rest(np, params, len(x))


def hand_mixture(params: Any, x: Any) -> Any:
    """The gradient of the mixture, vectorised over components and points, in place where possible."""
    alpha, mu, icf = params
    n = x.shape[1]
    places, mask = triangle(n)
    q = icf[:, :n]
    e = np.exp(q)
    big_q = factors(np, icf, n)
    centred = x[None] - mu[:, None]
    moved = centred @ big_q.transpose(0, 2, 1)
    beta = np.einsum("kid,kid->ki", moved, moved)
    beta *= -0.5
    beta += (alpha + q.sum(1))[:, None]
    beta -= beta.max(0)
    np.exp(beta, out=beta)
    beta /= beta.sum(0)
    share = beta.sum(1)
    moved *= beta[:, :, None]
    d_big = moved.transpose(0, 2, 1) @ centred
    d_big *= -1
    d_mu = np.matmul(moved.sum(1)[:, None], big_q)[:, 0]
    weights = np.exp(alpha - alpha.max())
    d_alpha = share - len(x) * weights / weights.sum()
    d_q = share[:, None] + np.einsum("kii->ki", d_big) * e + GAMMA**2 * e * e - M
    rows, columns = np.nonzero(mask)
    order = np.argsort(places[rows, columns])
    d_below = d_big[:, rows[order], columns[order]] + GAMMA**2 * icf[:, n:]
    return d_alpha, d_mu, np.concatenate([d_q, d_below], 1)


def mixture_problem(sizes: Sizes) -> tuple[Any, Any]:
    """Parameters and points, as GradBench draws them."""
    rng = np.random.default_rng(31337)
    n, k = sizes.dimensions, sizes.components
    x = rng.normal(size=(sizes.points, n))
    alpha, mu = rng.normal(size=k), rng.uniform(size=(k, n))
    q, below = rng.normal(size=(k, n)), rng.normal(size=(k, n * (n - 1) // 2))
    return (alpha, mu, np.concatenate([q, below], 1)), x


# LSTM.


def lstm(xp: Any, params: Any, states: Any, letters: Any) -> Any:
    """The mean loss of the letters behind the first.

    Arguments:
        xp: the namespace of array functions.
        params: weights and biases of the layers (2 layers, 4 bits), and the scales and shift in front and behind.
        states: (2 layers, bits): of each layer the hidden state, then the cell.
        letters: (letters, bits), 0 or 1.
    """
    main, extra = params
    count, bits = len(letters) - 1, letters.shape[1]
    state = [states[k] for k in range(len(states))]
    total = 0.0
    for t in range(count):
        x = letters[t] * extra[0]
        for k in range(0, len(state), 2):
            state[k], state[k + 1] = cell(xp, main[k], main[k + 1], state[k], state[k + 1], x, bits)
            x = state[k]
        y = x * extra[1] + extra[2]
        total = total + xp.sum(letters[t + 1] * (y - xp.log(xp.sum(xp.exp(y)) + 2)))
    return -total / (bits * count)


def cell(xp: Any, w: Any, b: Any, hidden: Any, memory: Any, x: Any, n: int) -> tuple[Any, Any]:
    """The next hidden state and cell of a layer; the weights are diagonal."""
    forget = sigmoid(xp, x * w[:n] + b[:n])
    enter = sigmoid(xp, hidden * w[n : 2 * n] + b[n : 2 * n])
    out = sigmoid(xp, x * w[2 * n : 3 * n] + b[2 * n : 3 * n])
    change = xp.tanh(hidden * w[3 * n :] + b[3 * n :])
    memory = memory * forget + enter * change
    return out * xp.tanh(memory), memory


def sigmoid(xp: Any, z: Any) -> Any:
    return 1 / (1 + xp.exp(-z))


def hand_lstm(params: Any, states: Any, letters: Any) -> Any:
    """Back through time by hand; the four gates of a layer are one array (4, bits)."""
    main, extra = params
    layers, bits = len(main) // 2, letters.shape[1]
    w, b = main[::2].reshape(layers, 4, bits), main[1::2].reshape(layers, 4, bits)
    tape, tops = hand_forward(w, b, extra, states, letters)
    y = tops * extra[1] + extra[2]
    d_y = np.exp(y)
    d_y *= letters[1:].sum(1, keepdims=True) / (d_y.sum(1, keepdims=True) + 2)
    d_y -= letters[1:]
    d_y /= bits * len(tops)
    d_w, d_b, d_x = hand_reverse(w, b, d_y * extra[1], tape)
    d_extra = np.stack([(d_x * letters[:-1]).sum(0), (d_y * tops).sum(0), d_y.sum(0)])
    d_main = np.empty_like(main)
    d_main[::2], d_main[1::2] = d_w.reshape(layers, -1), d_b.reshape(layers, -1)
    return d_main, d_extra


def hand_forward(w: Any, b: Any, extra: Any, states: Any, letters: Any) -> tuple[Any, Any]:
    """What the reverse pass needs of each cell, and the outputs of the last layer."""
    h, c = list(states[::2]), list(states[1::2])
    tape, tops = [], np.empty((len(letters) - 1, letters.shape[1]))
    for t, x in enumerate(letters[:-1] * extra[0]):
        for k in range(len(w)):
            given = np.stack([x, h[k], x, h[k]])
            gates = given * w[k]
            gates += b[k]
            gates[:3] = 1 / (1 + np.exp(-gates[:3]))
            np.tanh(gates[3], out=gates[3])
            before = c[k]
            c[k] = before * gates[0] + gates[1] * gates[3]
            squashed = np.tanh(c[k])
            h[k] = x = gates[2] * squashed
            tape.append((given, gates, before, squashed))
        tops[t] = x
    return tape, tops


def hand_reverse(w: Any, b: Any, d_tops: Any, tape: Any) -> tuple[Any, Any, Any]:
    """The cotangents of weights, biases, and of the first layer's inputs."""
    layers, bits = len(w), w.shape[2]
    d_w, d_b, d_x = np.zeros_like(w), np.zeros_like(b), np.empty_like(d_tops)
    d_h, d_c = np.zeros((layers, bits)), np.zeros((layers, bits))
    for t in range(len(d_tops) - 1, -1, -1):
        d = d_tops[t]
        for k in range(layers - 1, -1, -1):
            given, gates, before, squashed = tape[t * layers + k]
            d = d + d_h[k]
            inner = d_c[k] + d * gates[2] * (1 - squashed * squashed)
            d_gates = np.stack([inner * before, inner * gates[3], d * squashed, inner * gates[1]])
            d_gates[:3] *= gates[:3] * (1 - gates[:3])
            d_gates[3] *= 1 - gates[3] * gates[3]
            d_c[k] = inner * gates[0]
            d_w[k] += d_gates * given
            d_b[k] += d_gates
            d_gates *= w[k]
            d = d_gates[0] + d_gates[2]
            d_h[k] = d_gates[1] + d_gates[3]
        d_x[t] = d
    return d_w, d_b, d_x


def lstm_problem(sizes: Sizes) -> tuple[Any, Any, Any]:
    """Parameters, states, and letters as bits."""
    rng = np.random.default_rng(2)
    n, k = sizes.bits, sizes.layers
    params = rng.normal(size=(2 * k, 4 * n)), rng.normal(size=(3, n))
    return params, rng.normal(size=(2 * k, n)), rng.integers(0, 2, (sizes.letters, n)).astype(float)


# Cases.


def cases(sizes: Sizes = FULL, with_rivals: bool = False) -> Iterator[Case]:
    """The mixture, then the LSTM."""
    yield mixture_case(sizes, with_rivals)
    yield lstm_case(sizes, with_rivals)


def mixture_case(sizes: Sizes, with_rivals: bool) -> Case:
    params, x = mixture_problem(sizes)
    gradient = bp.grad(partial(sharded_mixture, sizes.shards))
    variants = {
        "by hand": by_hand(hand_mixture, params, x),
        **ours.executors(gradient, params, x),
        "serial, one expression": ours.compiled(bp.grad(partial(mixture, np)), params, x),
        **(rivals.gradients(mixture, params, x, skip=("torch",)) if with_rivals else {}),
    }
    targets = (
        ratio("serial / by hand", "serial", "by hand", 1.0),
        ratio("threads / by hand", "threads", "by hand", 0.62),
        ratio("serial in one expression / by hand", "serial, one expression", "by hand", None),
        *ours.common_targets(gradient, params, x),
    )
    name = "ADBench's mixture of Gaussians"
    return Case(name, variants, "by hand", targets, 1e-9, partial(peak_memory, "adbench", name))


def lstm_case(sizes: Sizes, with_rivals: bool) -> Case:
    params, states, letters = lstm_problem(sizes)
    gradient = bp.grad(partial(lstm, np))
    variants = {
        "by hand": by_hand(hand_lstm, params, states, letters),
        **ours.executors(gradient, params, states, letters),
        **(rivals.gradients(lstm, params, states, letters, skip=("jax",)) if with_rivals else {}),
    }
    targets = (
        ratio("serial / by hand", "serial", "by hand", None),
        *ours.common_targets(gradient, params, states, letters),
    )
    return Case("ADBench's LSTM", variants, "by hand", targets, 1e-8)
