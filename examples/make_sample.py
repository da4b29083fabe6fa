"""Make the sample of Fashion-MNIST that the package carries: 1/10 of its images, every class as often as the others.

    python examples/make_sample.py [SOURCE [TARGET]]

takes of each class the first 600 training and the first 100 test images of SOURCE (Debian's dataset-fashion-mnist by
default), in their original order, and writes them to TARGET (backprop/examples_mnist/sample by default).
The same SOURCE gives the same arrays always, and the same bytes with the same zlib.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backprop.examples_mnist.idx import read_idx, write_idx
from backprop.examples_mnist.places import DEBIAN, SAMPLE

CLASSES = 10
COUNTS = {"train": 600, "t10k": 100}


def choose(labels: NDArray[np.uint8], count: int) -> NDArray[np.intp]:
    """Give the positions of the first `count` labels of each class, in ascending order."""
    return np.sort(np.concatenate([np.flatnonzero(labels == label)[:count] for label in range(CLASSES)]))


def make_part(source: Path, target: Path, part: str, count: int) -> None:
    """Write the images and labels of one part, `count` of each class."""
    images, labels = f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz"
    all_labels = read_idx(source / labels)
    chosen = choose(all_labels, count)
    write_idx(target / images, read_idx(source / images)[chosen])
    write_idx(target / labels, all_labels[chosen])


def make_sample(source: Path = DEBIAN, target: Path = SAMPLE) -> None:
    """Write the four files of the sample."""
    for part, count in COUNTS.items():
        make_part(source, target, part, count)


if __name__ == "__main__":
    make_sample(*map(Path, sys.argv[1:3]))
