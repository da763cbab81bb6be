#!/usr/bin/env python3
"""NumPy as the oracle of synthetic clients: the law of docs/data.md, with Threefry, the normal quantile and exp from elsewhere.

    synthetic_numpy.py --fedc build/bin/fedc --program tests/oracle/synthetic_sums.fed
"""
import argparse
import json
import math
import statistics
import subprocess
import sys

import numpy as np

M = np.uint64(0xFFFFFFFF)


def threefry(key, counter):
    """Both words (uint64 arrays below 2^32) of Threefry-2x32-20; key and counter are pairs of words."""
    k = [np.uint64(key[0]), np.uint64(key[1])]
    k.append(k[0] ^ k[1] ^ np.uint64(0x1BD11BDA))
    x, y = (counter[0] + k[0]) & M, (counter[1] + k[1]) & M
    for group in range(5):
        for r in ((13, 15, 26, 6), (17, 29, 16, 24))[group % 2]:
            x = (x + y) & M
            y = (((y << np.uint64(r)) | (y >> np.uint64(32 - r))) & M) ^ x
        x = (x + k[(group + 1) % 3]) & M
        y = (y + k[(group + 2) % 3] + np.uint64(group + 1)) & M
    return x, y


def fold_in(key, data):
    x, y = threefry(key, (np.uint64(0), np.uint64(data)))
    return int(x), int(y)


quantile = np.vectorize(statistics.NormalDist().inv_cdf)


def normals(key, count):
    """JAX's: 23 bits give u in (-1, 1), and u its quantile."""
    counters = np.arange(count, dtype=np.uint64)
    x, y = threefry(key, (np.zeros_like(counters), counters))
    u = ((x ^ y) >> np.uint64(9)).astype(np.float64) * 2.0**-22 - 1 + 2.0**-24
    return quantile((u + 1) / 2)


def client(k, alpha, beta, seed, dim=60, classes=10, max_rows=1000):
    key = fold_in((seed >> 32, seed & 0xFFFFFFFF), k)
    u, b, z = normals(fold_in(key, 0), 3)
    n = min(math.floor(math.exp(4 + 2 * z)) + 50, max_rows)
    w = normals(fold_in(key, 1), dim * classes).reshape(dim, classes) + alpha * u
    bias = normals(fold_in(key, 2), classes) + alpha * u
    v = normals(fold_in(key, 3), dim) + beta * b
    x = v + normals(fold_in(key, 4), n * dim).reshape(n, dim) * np.arange(1, dim + 1) ** -0.6
    return x, np.argmax(x @ w + bias, axis=1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fedc", required=True)
    parser.add_argument("--program", required=True)
    arguments = parser.parse_args()
    for alpha, beta, seed, k in ((1, 1, 0, 0), (0.5, 2, 7, 123456), (0, 0, 2**40 + 3, 999999)):
        data = f"synthetic:clients=1000000,alpha={alpha},beta={beta},seed={seed}"
        command = [arguments.fedc, "run", arguments.program, "--data", data, "--clients", f"client_{k:08}"]
        got = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        x, y = client(k, alpha, beta, seed)
        labels = np.bincount(y, minlength=10)
        print(f"{data}, client {k}: {got['rows']} rows, labels {got['labels']}")
        if got["rows"] != len(x) or not np.array_equal(got["labels"], labels):
            sys.exit(f"NumPy has {len(x)} rows, labels {labels.tolist()}")
        for name, wanted, size in (("x", x.sum(axis=0), np.abs(x).sum(axis=0)), ("squares", (x * x).sum(axis=0), (x * x).sum(axis=0))):
            worst = np.max(np.abs(np.array(got[name]) - wanted) / size)
            print(f"  {name}: largest difference {worst:.2g} of the summands")
            if worst > 1e-5:
                sys.exit("that is too much")


if __name__ == "__main__":
    main()
