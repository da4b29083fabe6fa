"""
One service, three clients
==========================

A model runs as a service, beside the data or on the machine that is fast. Three clients use it: a Python program by
this library, one that speaks plain HTTP and JSON, as any language can, and one that speaks the protocol of UM-Bridge,
whose clients exist for R, C++, Julia, MUQ and PyMC. All get the same bits.
"""

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import backprop as bp

# %%
# The model of the operator's
# ---------------------------
#
# A rope that hangs between two walls and is loaded by its user: springs in a row. The file is all that the service
# needs.

MODEL = '''
import numpy as np

def hanging(stiffness):
    """The energy of springs that share a load, by the logarithm of their stiffness."""
    weights = np.linspace(1.0, 2.0, 8)
    return (np.sum(weights**2 * np.exp(-stiffness)) / 2 + 0.1 * np.sum(stiffness**2),)

hanging.input_sizes = [8]
hanging.output_sizes = [1]

def energy(stiffness):
    return hanging(stiffness)[0]
'''

folder = Path(tempfile.mkdtemp())
(folder / "rope.py").write_text(MODEL)
words = ["serve", "--bind", "127.0.0.1:0", "--state", str(folder / "state"), "--umbridge"]
words += ["--models", "rope:hanging", "--models", "rope:energy"]
server = subprocess.Popen(
    [sys.executable, "-m", "backprop", *words],
    env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])},
    stdout=subprocess.PIPE,
    text=True,
)
url = server.stdout.readline().split()[-1]
print(url)

# %%
# This library
# ------------
#
# The model may as well be a function of the client's own: a graph travels as data, no code does.

sys.path.insert(0, str(folder))
import rope

start = np.linspace(-1.0, 1.0, 8)
connection = bp.connect(url)
value, slope = bp.value_and_grad(rope.energy, executor=connection)(start)
print("by this library:", float(value), slope.round(3))

# %%
# HTTP and JSON
# -------------


def encoded(array):
    data = base64.b64encode(array.tobytes()).decode()
    return {"array": {"dtype": array.dtype.str, "shape": list(array.shape), "data": data}}


def decoded(value):
    fields = next(iter(value.values()))
    found = np.frombuffer(base64.b64decode(fields["data"]), fields["dtype"])
    return found.reshape(fields.get("shape", ()))


def posted(path, content, **headers):
    headers = {"content-type": "application/json", "accept": "application/json", **headers}
    request = urllib.request.Request(url + path, json.dumps(content).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


call = {"kind": "call", "model": "energy", "verb": "value_and_grad", "wrt": [0], "values": [encoded(start)]}
answer = posted("/v1/runs?wait=30", call, **{"idempotency-key": "the-first"})
by_json = [decoded(value) for value in answer["values"]]
print("by JSON:", float(by_json[0]), by_json[1].round(3))

# %%
# UM-Bridge
# ---------

question = {"name": "hanging", "input": [start.tolist()], "config": {}}
by_bridge = posted("/umbridge/Evaluate", question)["output"][0][0]
question |= {"outWrt": 0, "inWrt": 0, "sens": [1.0]}
bridged = np.array(posted("/umbridge/Gradient", question)["output"])
print("by UM-Bridge:", by_bridge, bridged.round(3))

assert float(value) == float(by_json[0]) == by_bridge
assert np.array_equal(slope, by_json[1])
assert np.array_equal(slope, bridged)

# %%
# Work of one client
# ------------------
#
# Sixteen descents at once: what waits is sent together, and the service shares itself between clients.

starts = [start + 0.2 * k for k in range(16)]
gradient = bp.value_and_grad(rope.energy)
paths = [[] for _ in starts]
for _ in range(25):
    for k, (energy, slope) in enumerate(connection.gather(connection.map(gradient, starts))):
        paths[k].append(float(energy))
        starts[k] = starts[k] - 0.4 * slope
assert np.ptp([path[-1] for path in paths]) < 0.05 * np.ptp([path[0] for path in paths])
connection.close()
server.send_signal(signal.SIGTERM)
assert server.wait(30) == 0

figure, axes = plt.subplots(figsize=(6, 3.2))
axes.plot(np.array(paths).T, color="C0", alpha=0.5)
axes.set(xlabel="step", ylabel="energy", title="sixteen descents by one service")
figure.tight_layout()
