"""
A character model with ``scan``
===============================

A recurrent network reads a text letter by letter and guesses the next one. ``bp.scan`` makes one node of all its steps:
the graph is as long for ten letters as for ten thousand, and the loop runs in one generated function. Sequences of a
batch are independent, and run on two threads.
"""

import statistics
import time

import matplotlib.pyplot as plt
import numpy as np

import backprop as bp

TEXT = (
    "the gradient of a sum is the sum of the gradients. the gradient of a chain is the product of its links. "
    "what does not depend on another may run beside it. what is added in a fixed order gives the same bits. "
) * 12
LETTERS = sorted(set(TEXT))
CODES = np.array([LETTERS.index(letter) for letter in TEXT])
HIDDEN, LENGTH, BATCH = 96, 48, 32

# %%
# The model
# ---------
#
# A gated recurrent unit, over all sequences of a batch at once: a state is a matrix with a row a sequence.


def advance(params, h, x):
    update = 1 / (1 + np.exp(-(x @ params["enter_update"] + h @ params["update"])))
    fresh = np.tanh(x @ params["enter"] + h @ params["recur"])
    return update * h + (1 - update) * fresh


def loss(params, letters, following):
    """The mean surprise at the next letter, in nats; arrays of (sequences, steps, letters)."""

    def body(h, row):
        x, y = row
        h = advance(params, h, x)
        said = h @ params["leave"]
        return h, np.sum(np.log(np.sum(np.exp(said), axis=1)) - np.sum(said * y, axis=1))

    rows = np.swapaxes(letters, 0, 1), np.swapaxes(following, 0, 1)
    _, surprise = bp.scan(body, np.zeros((letters.shape[0], HIDDEN)), rows)
    return np.sum(surprise) / (letters.shape[0] * letters.shape[1])


rng = np.random.default_rng(0)
n = len(LETTERS)
shapes = {
    "enter": (n, HIDDEN),
    "enter_update": (n, HIDDEN),
    "recur": (HIDDEN, HIDDEN),
    "update": (HIDDEN, HIDDEN),
    "leave": (HIDDEN, n),
}
params = {name: rng.normal(size=shape) / np.sqrt(shape[0]) for name, shape in shapes.items()}
one_hot = np.eye(n)


def batch():
    starts = rng.integers(0, len(CODES) - LENGTH - 1, size=BATCH)
    places = starts[:, None] + np.arange(LENGTH)
    return one_hot[CODES[places]], one_hot[CODES[places + 1]]


sharded = bp.minibatch(loss, (1, 2), shards=2)
step = bp.compile(bp.value_and_grad(sharded), executor=bp.Threads(2))

# %%
# Training
# --------

first = slow = bp.tree_map(np.zeros_like, params)
history = []
for t in range(1, 201):
    value, slope = step(params, *batch())
    history.append(value)
    first = bp.tree_map(lambda m, g: 0.9 * m + 0.1 * g, first, slope)
    slow = bp.tree_map(lambda v, g: 0.99 * v + 0.01 * g * g, slow, slope)
    rate = 0.01 * np.sqrt(1 - 0.99**t) / (1 - 0.9**t)
    params = bp.tree_map(lambda p, m, v, r=rate: p - r * m / (np.sqrt(v) + 1e-8), params, first, slow)

print(f"surprise {history[0]:.2f} -> {history[-1]:.2f} nats a letter; guessing blindly costs {np.log(n):.2f}")
assert history[-1] < 0.5

# %%
# What it writes
# --------------


def written(start, count):
    h, text = np.zeros((1, HIDDEN)), start
    for letter in start[:-1]:
        h = advance(params, h, one_hot[[LETTERS.index(letter)]])
    for _ in range(count):
        h = advance(params, h, one_hot[[LETTERS.index(text[-1])]])
        text += LETTERS[int(np.argmax(h @ params["leave"]))]
    return text


text = written("the gradient of", 60)
print(text)
assert text.startswith("the gradient of a ")

figure, axes = plt.subplots(figsize=(6, 3.2))
axes.semilogy(history)
axes.set(xlabel="step", ylabel="nats a letter", title=f"“{text[:48]}...”")
figure.tight_layout()

# %%
# Two threads against one
# -----------------------

serial = bp.compile(bp.value_and_grad(sharded), executor=bp.Serial())
rows = batch()


def seconds(function):
    begin = time.perf_counter()
    function(params, *rows)
    return time.perf_counter() - begin


ratios = [seconds(serial) / seconds(step) for _ in range(7)]
print(f"two threads are {statistics.median(ratios):.2f} times as fast as one")
one, two = serial(params, *rows), step(params, *rows)
assert one[0] == two[0]
assert all(np.array_equal(one[1][name], two[1][name]) for name in params)  # to the bit
