"""The checks fail on wrong rules under `python -O` too, which leaves out `assert`."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
from dataclasses import replace

import numpy as np

import backprop as bp
from backprop.ops.elementwise.exponential import exp
from backprop.testing import check_grads, check_op, check_value_laws


class Tally:
    def __init__(self, n):
        self.n = n


assert False, "python -O leaves this out"
bp.register(Tally, zeros_like=lambda t: Tally(0), add=lambda a, b: Tally(a.n - b.n))
CHECKS = {
    "op": lambda: check_op(replace(exp, name="other", home="", compute=np.expm1), np.array([0.3, 0.7])),
    "view": lambda: check_op(replace(exp, name="other", home="", compute=np.asarray), np.array([0.3, 0.7])),
    "laws": lambda: check_value_laws(Tally, Tally(1), Tally(2)),
    "grads": lambda: check_grads(lambda x: bp.stop_gradient(x) * x, (0.7,), order=1),
}
for name, check in CHECKS.items():
    try:
        check()
    except AssertionError as error:
        print(name, "failed")
"""


def test_wrong_rules_fail_without_assert() -> None:
    run = subprocess.run([sys.executable, "-O", "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["op failed", "view failed", "laws failed", "grads failed"]
