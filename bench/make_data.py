#!/usr/bin/env python3
"""Writes a task's federation to DIR/<task>.h5, in TensorFlow Federated's layout:  bench/make_data.py DIR TASK…

The numbers are those that the peers draw for themselves (NumPy's RandomState, seed 0): class prototypes plus noise.
An existing file is kept.
"""
import os
import sys

import h5py
import numpy as np

# Classes, clients, examples a client; an example is 784 features.
TASKS = {"lr": (10, 1000, 60), "softmax": (62, 500, 100)}
FEATURES = 784


def write(directory, task):
    """Writes one task's file and returns its path; a file that is there is complete, because it is renamed into place."""
    path = os.path.join(directory, f"{task}.h5")
    if os.path.exists(path):
        return path
    os.makedirs(directory, exist_ok=True)
    classes, clients, examples = TASKS[task]
    rng = np.random.RandomState(0)
    prototypes = rng.randn(classes, FEATURES).astype(np.float32)
    with h5py.File(path + ".part", "w") as file:
        for client in range(clients):
            y = rng.randint(0, classes, examples).astype(np.int32)
            x = 0.3 * prototypes[y] + rng.randn(examples, FEATURES).astype(np.float32)
            file[f"examples/c{client:05d}/x"] = x.astype(np.float32)
            file[f"examples/c{client:05d}/y"] = y
    os.replace(path + ".part", path)
    return path


if __name__ == "__main__":
    for name in sys.argv[2:]:
        print(write(sys.argv[1], name))
