"""
A network that reads images
===========================

This page trains a classifier on images of 28 x 28 points, with a network written in plain NumPy on types of its
own, and looks at what runs. Everything on it is run when the page is built.

The images are a sample of Fashion-MNIST that comes with the package: ten kinds of clothes. ``backprop train
mnist`` does the same on all 60,000.
"""

# %%
# Types
# -----
#
# A layer is a matrix and a vector, a network is three layers. They are plain dataclasses: data, apart from what
# is done with it. The library takes a dataclass apart by itself, so that a network can be an argument, a gradient
# is a network as well, and nothing has to be declared.

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np

import backprop as bp
from backprop.examples_mnist.dataset import load_dataset
from backprop.examples_mnist.places import SAMPLE


@dataclass
class Layer:
    w: np.ndarray  # (outputs, inputs)
    b: np.ndarray  # (outputs,)


@dataclass
class Network:
    first: Layer
    second: Layer
    last: Layer


# %%
# Ops
# ---
#
# There is nothing to declare here either: NumPy's own functions are the ops. The logistic function is a formula,
# and its derivative follows from that of ``np.tanh``. (An op of your own, such as a solver in another language,
# is made with ``bp.op``.)


def logistic(z):
    return 0.5 + 0.5 * np.tanh(0.5 * z)


def softmax(z):
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


# %%
# Running the network
# -------------------
#
# A network applied to images, a row each. It is an ordinary function: it runs on arrays, as here, and when a
# gradient is wanted it runs on stand-ins for arrays, which remember what is done with them.


def apply(layer, x):
    return x @ layer.w.T + layer.b


def run(net, images):
    hidden = logistic(apply(net.first, images))
    hidden = logistic(apply(net.second, hidden))
    return softmax(apply(net.last, hidden))


rng = np.random.default_rng(0)


def random_layer(inputs, outputs):
    return Layer(rng.normal(size=(outputs, inputs)) / np.sqrt(inputs), np.zeros(outputs))


net = Network(random_layer(784, 100), random_layer(100, 50), random_layer(50, 10))
data = load_dataset(SAMPLE, "the sample")
images, labels = data.train_images.astype(float), data.train_labels
print(images.shape, "images;", run(net, images[:2]).shape, "are the answers for two of them")

# %%
# The magic
# ---------
#
# The error of a network is the mean cross entropy between its answers and what they should be.
# ``bp.value_and_grad`` turns the function into another one, that gives the error and its gradient, a network of
# derivatives.

targets = np.eye(10)[labels]


def error(net, images, targets):
    return -np.mean(np.sum(targets * np.log(run(net, images)), axis=1))


value, gradient = bp.value_and_grad(error)(net, images[:100], targets[:100])
print(f"error {value:.3f}; the gradient is a {type(gradient).__name__} whose last layer is {gradient.last.w.shape}")

# %%
# Training
# --------
#
# A step goes a little way down the gradient. ``bp.minibatch`` splits the rows of a batch into four shards, whose
# errors are independent of each other: branches, which may run at the same time. ``bp.compile`` traces the
# function once, and replays it from then on.

step = bp.compile(bp.value_and_grad(bp.minibatch(error, (1, 2), shards=4)), executor=bp.Threads(2))


def trained(net, images, targets, rate=0.5):
    value, gradient = step(net, images, targets)
    return bp.tree_map(lambda p, g: p - rate * g, net, gradient), value


# %%
# Pulling it all together
# -----------------------

test_images, test_labels = data.test_images.astype(float), data.test_labels


def share_right(net, images, labels):
    return np.mean(np.argmax(run(net, images), axis=1) == labels)


errors, batch = [], 200
for _epoch in range(12):
    order = rng.permutation(len(images))
    for start in range(0, len(images) - batch + 1, batch):
        chosen = order[start : start + batch]
        net, value = trained(net, images[chosen], targets[chosen])
        errors.append(value)

right = share_right(net, test_images, test_labels)
print(f"{len(errors)} steps; {right:.0%} of the test images are read correctly; traced {step.traces} time")
assert right > 0.6
assert step.traces == 1

# %%
# Result
# ------

figure, axes = plt.subplots(figsize=(7, 3))
axes.plot(errors)
axes.set(xlabel="step", ylabel="error", title="The error falls")
figure.tight_layout()

# %%
# Some test images, and what the network takes them for.

NAMES = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot")
figure, grid = plt.subplots(2, 6, figsize=(8, 3.2))
for k, axes in enumerate(grid.flat):
    answer = int(np.argmax(run(net, test_images[k : k + 1])))
    axes.imshow(test_images[k].reshape(28, 28), cmap="gray_r")
    axes.set_title(NAMES[answer], color="black" if answer == test_labels[k] else "crimson", fontsize=9)
    axes.axis("off")
figure.tight_layout()

# %%
# The graph
# ---------
#
# What was traced is a typed graph. Each line is an op, its operands, and the type of its value.

graph = bp.compile(error).graph(net, images[:batch], targets[:batch])
print(graph)

# %%
# The timeline of a step
# ----------------------
#
# ``bp.profile`` measures calls: when each task ran on which thread. Each shard goes forward and back before its
# gradient is added to the others. The additions have a fixed order, so that one thread, two, or a cluster give
# the same bits.


def drawn(report, title):
    description = report.description
    figure, axes = plt.subplots(figsize=(8, 0.7 + 0.5 * len(description.run.workers)))
    for interval in description.run.intervals:
        task = description.tasks[interval.task]
        left, width = interval.start * 1e3, (interval.end - interval.start) * 1e3
        back = task.derivative_share * width
        axes.barh(interval.worker, width - back, left=left, color="#3478c6", edgecolor="white")
        axes.barh(interval.worker, back, left=left + width - back, color="#d9822b", edgecolor="white")
    axes.set_yticks(range(len(description.run.workers)), description.run.workers)
    axes.set(xlabel="ms", title=f"{title} (blue: forward, orange: derivative)")
    axes.invert_yaxis()
    figure.tight_layout()


chosen = order[:batch]
report = bp.profile(step, net, images[chosen], targets[chosen])
drawn(report, "A step on two threads")

# %%
# The same on a cluster of two processes on this machine; ``executor=`` is all that changes.

if __name__ == "__main__":  # as the processes of a cluster import this file
    with bp.Cluster(n_workers=2) as cluster:
        elsewhere = bp.compile(bp.value_and_grad(bp.minibatch(error, (1, 2), shards=4)), executor=cluster)
        by_cluster = elsewhere(net, images[chosen], targets[chosen])
        drawn(bp.profile(elsewhere, net, images[chosen], targets[chosen]), "A step on a cluster")
    by_threads = step(net, images[chosen], targets[chosen])
    assert np.array_equal(bp.ravel(by_cluster)[0], bp.ravel(by_threads)[0])  # the same bits

# %%
# Main takeaways
# --------------
#
# * Types of your own, functions of your own, plain NumPy: nothing was declared, and nothing was rewritten.
# * The same definition runs, is differentiated, and is cut into branches.
# * What runs where is a choice of the caller, and changes no bit.

print(report)
