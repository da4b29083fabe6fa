"""
A network that reads images
===========================

This page trains a classifier on images of 28 x 28 points, with a network written in plain NumPy on types of its
own, and looks at what runs. Everything on it is run when the page is built.

The images are a sample of Fashion-MNIST that comes with the package: ten kinds of clothes. ``backprop train
mnist`` does the same on all 60,000.
"""

# %%
# Introduction
# ------------
#
# A network is a function of an image and of some thousand numbers, its parameters. To train it is to find parameters
# for which its answers are nearly right: one measures by one number, the error, how wrong they are, asks how that
# number changes with each parameter, which is the gradient, and goes a little way against it, again and again.
#
# The gradient is the part that one would rather not write by hand. Here the error is written as a NumPy program, and
# its gradient is another program, made of it: by the chain rule, from the error backwards, so that it costs about as
# much as two or three evaluations, however many parameters there are.

# %%
# Types
# -----
#
# A layer is a matrix and a vector, a network is three layers. They are plain dataclasses: data, apart from what
# is done with it. The library takes a dataclass apart by itself, so that a network can be an argument, a gradient
# is a network as well, and nothing has to be declared.

from dataclasses import dataclass
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

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
# Instances
# ---------
#
# In other libraries one would now write how networks are added, what their zero is, and how they are taken apart.
# None of that is needed: gradients are added where they meet, number by number. A class that is no dataclass says
# how it is taken apart by ``bp.register``.

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
# Every step by hand
# ------------------
#
# What happens in there can be written out: a graph is built op by op, each applied to stand-ins for values that have a
# type, and nothing is computed meanwhile. This is a layer in the explicit style, and just for fun.

builder = bp.GraphBuilder()
w = builder.input("w", bp.ArrayType((50, 100), "float64"))
b = builder.input("b", bp.ArrayType((50,), "float64"))
x = builder.input("x", bp.ArrayType((2, 100), "float64"))
product = builder.apply(bp.ops.matmul, x, builder.apply(bp.ops.transpose, w))
builder.output(builder.apply(bp.ops.add, product, b))
explicit = builder.build()

hidden = rng.normal(size=(2, 100))
assert np.array_equal(bp.evaluate(explicit)(net.second.w, net.second.b, hidden), apply(net.second, hidden))
print(explicit)

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
# Computing errors
# ----------------
#
# What counts is how many images are read correctly, of those that the network has never seen. It is no smooth function,
# and needs no gradient: plain NumPy, on the same ``run``.

test_images, test_labels = data.test_images.astype(float), data.test_labels


def share_right(net, images, labels):
    return np.mean(np.argmax(run(net, images), axis=1) == labels)


print(f"before training {share_right(net, test_images, test_labels):.0%} are read correctly, a tenth by chance")

# %%
# Pulling it all together
# -----------------------
#
# Twelve times through the images, in a new order each time, in batches of 200.


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
# The same graph drawn, from the parameters and the images on the left to the error on the right.


def draw_graph(graph, arguments):
    names, depth, edges = dict(enumerate(arguments)), dict.fromkeys(range(graph.first), 0), []
    for i, node in enumerate(graph.nodes, graph.first):
        if node.op.name != "literal":
            names[i] = node.op.name.replace("reduce_", "")
            depth[i] = 1 + max(depth.get(j, 0) for j in node.inputs)
            edges += [(j, i) for j in node.inputs if j in names]
    place, filled = {}, [0] * (max(depth.values()) + 1)
    for i in names:
        if i < graph.first:  # an argument stands before the first op that reads it
            depth[i] = min(depth[end] for start, end in edges if start == i) - 1
        place[i] = (depth[i], -1.5 * filled[depth[i]])
        filled[depth[i]] += 1
    figure, axes = plt.subplots(figsize=(11, 3.6))
    for start, end in edges:
        axes.annotate("", place[end], place[start], arrowprops={"arrowstyle": "->", "color": "#8a94a6"})
    for i, name in names.items():
        colour = "#bcd8f5" if i in graph.outputs else "#f6e3cf" if i < graph.first else "#ffffff"
        box = {"boxstyle": "round", "facecolor": colour, "edgecolor": "#3478c6"}
        axes.text(*place[i], name, ha="center", va="center", fontsize=7, rotation=40, bbox=box, color="black")
    axes.set(xlim=(-1, len(filled)), ylim=(-1.5 * max(filled), 1))
    axes.axis("off")
    figure.tight_layout()


LEAVES = [f"{layer}.{field}" for layer in ("first", "second", "last") for field in ("w", "b")]
draw_graph(graph, [*LEAVES, "images", "targets"])

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
# Performance
# -----------
#
# Somebody who knows the chain rule can write the gradient of this network by hand. It takes an afternoon, has to be
# done again for each change of the network, and is the mark to be measured by.


def by_hand(net, x, targets):
    first = logistic(apply(net.first, x))
    second = logistic(apply(net.second, first))
    answers = softmax(apply(net.last, second))
    d_last = (answers - targets) / len(x)
    d_second = (d_last @ net.last.w) * second * (1 - second)
    d_first = (d_second @ net.second.w) * first * (1 - first)
    return Network(
        Layer(d_first.T @ x, d_first.sum(axis=0)),
        Layer(d_second.T @ first, d_second.sum(axis=0)),
        Layer(d_last.T @ second, d_last.sum(axis=0)),
    )


compiled = bp.compile(bp.grad(error), executor=bp.Serial())
x, t = images[chosen], targets[chosen]
assert np.allclose(bp.ravel(compiled(net, x, t))[0], bp.ravel(by_hand(net, x, t))[0])


def seconds(f, repeats=50):
    times = []
    for _ in range(repeats):
        start = perf_counter()
        f(net, x, t)
        times.append(perf_counter() - start)
    return sorted(times)[repeats // 2]


for _ in range(10):
    compiled(net, x, t)  # the first calls are measured, and plans corrected by them
with threadpool_limits(1, "blas"):  # as the compiled gradient has, so that the same is compared
    for name, f in {"evaluated": error, "gradient by hand": by_hand, "gradient, compiled": compiled}.items():
        print(f"{name:20} {seconds(f) * 1e3:6.2f} ms")

# %%
# Main takeaways
# --------------
#
# * Types of your own, functions of your own, plain NumPy: nothing was declared, and nothing was rewritten.
# * The same definition runs, is differentiated, and is cut into branches.
# * What runs where is a choice of the caller, and changes no bit.

print(report)

# %%
# Boring stuff
# ------------
#
# The images are files of the IDX format: some numbers that say what is in it and how long, big end first, and then a
# byte for each point. The package reads them, and says what is wrong with a file that is damaged. This is the core.


def read_idx(data):
    dimensions = data[3]
    shape = np.frombuffer(data, ">u4", dimensions, offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


small = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, *range(6)])
print(read_idx(small))
