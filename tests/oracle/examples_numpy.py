#!/usr/bin/env python3
"""NumPy as the oracle of the examples that are TensorFlow Federated's own: each is run by fedc, and computed again
from the same data.

    examples_numpy.py --fedc build/bin/fedc --examples examples [NAME…]
"""
import argparse
import collections
import functools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np


class Run:
    """What a run printed and saved."""

    def __init__(self, fedc, program, *flags):
        with tempfile.TemporaryDirectory() as folder:
            saved = Path(folder) / "state.npz"
            has_state = "process(" in program.read_text() or "fed_avg(" in program.read_text() or "k_means(" in program.read_text()
            command = [str(fedc), "run", str(program), "--json", *map(str, flags)]
            command += ["--no-out"] + (["--save", str(saved)] if has_state else [])
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
            self.lines = [json.loads(line) for line in done.stdout.splitlines()]
            self.metrics = self.lines[-1]["metrics"]
            self.eval = self.lines[-1].get("eval")
            self.state = dict(np.load(saved)) if has_state else {}


def clients(path):
    """The clients in order of their ids: (pixels, labels)."""
    with h5py.File(path) as file:
        return [(np.array(file["examples"][i]["pixels"], np.float64), np.array(file["examples"][i]["label"])) for i in sorted(file["examples"])]


def agree(name, found, expected, tolerance):
    """Fails unless all numbers agree to `tolerance`, relative to the largest."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    if found.shape != expected.shape:
        sys.exit(f"{name}: shape {found.shape}, expected {expected.shape}")
    error = np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-30)
    print(f"{name}: largest difference {error:.2g}")
    if not error <= tolerance:
        sys.exit(f"{name}: found {found.ravel()[:10]}, expected {expected.ravel()[:10]}")


def temperature(run, train, test):
    hot = [(100 * (1 - x)).mean(axis=(1, 2)).mean() > 13 for x, _ in train]
    agree("share", run().metrics["value"], np.mean(hot), 1e-6)


def digit_counts(run, train, test):
    found = run().metrics
    agree("histogram", found["histogram"], sum(np.bincount(y, minlength=10) for _, y in train), 0)
    agree("sizes", [found["clients"], found["fewest"], found["most"]],
          [len(train), min(len(y) for _, y in train), max(len(y) for _, y in train)], 0)


def min_of_max(run, train, test):
    agree("ink", run().metrics["value"], min((100 * (1 - x)).mean(axis=(1, 2)).max() for x, _ in train), 1e-5)


def heavy_hitters(run, train, test):
    counts = np.bincount(np.concatenate([(x.astype(np.float32) < 0.5).sum(axis=(1, 2)) for x, _ in train]), minlength=785)
    found = run().metrics
    agree("images", found["images"], np.sort(counts)[::-1][:10], 0.02)
    agree("images of these", found["images"], counts[found["pixels"]], 0.02)


def softmax_model(pixels, w, b):
    return (1 - pixels).reshape(len(pixels), 784) @ w + b


def evaluation(run, train, test):
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        # A model that is right now and then: each digit's mean image, less the mean of all.
        x = np.concatenate([x for x, _ in train]).reshape(-1, 784)
        y = np.concatenate([y for _, y in train])
        w = (np.stack([(1 - x[y == c]).mean(axis=0) for c in range(10)]).T - (1 - x).mean(axis=0)[:, None]).astype(np.float32)
        b = (rng.normal(size=10) * 0.1).astype(np.float32)
        path = Path(folder) / "model.npz"
        np.savez(path, w=w, b=b)
        found = run("--init", path).eval
    accuracy = np.sort([(softmax_model(x, w.astype(float), b.astype(float)).argmax(axis=1) == y).mean() for x, y in test])
    n = len(accuracy)
    agree("accuracy", [found[k] for k in ("mean", "worst", "p10", "median", "p90", "best")],
          [accuracy.mean()] + [accuracy[int(np.float32(q) * np.float32(n - 1))] for q in (0, 0.1, 0.5, 0.9, 1)], 1e-6)


def one_step(data, w, b):
    """start - trained of a client that takes one step of size 0.1 with all its data, so that the order of examples does not matter."""
    x, y = data
    z = softmax_model(x, w, b)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    return 0.1 * (1 - x).reshape(len(x), 784).T @ p / len(y), 0.1 * p.mean(axis=0)


ALL_AT_ONCE = ("--rounds", 3, "--clients-per-round", "all", "-p", "batch=1000")


def server_momentum(run, train, test):
    w, b, vw, vb = np.zeros((784, 10)), np.zeros(10), 0.0, 0.0
    found = run(*ALL_AT_ONCE)
    for _ in range(3):
        steps = [one_step(c, w, b) for c in train]
        weights = [len(y) for _, y in train]
        vw = 0.9 * vw + np.average([dw for dw, _ in steps], axis=0, weights=weights)
        vb = 0.9 * vb + np.average([db for _, db in steps], axis=0, weights=weights)
        w, b = w - 0.5 * vw, b - 0.5 * vb
    agree("w", found.state["model.w"], w, 1e-5)
    agree("b", found.state["model.b"], b, 1e-5)
    hits = sum((softmax_model(x, w, b).argmax(axis=1) == y).sum() for x, y in test)
    agree("accuracy", found.eval["value"], hits / sum(len(y) for _, y in test), 2e-3)


def adaptive_clipping(run, train, test):
    w, b, bound = np.zeros((784, 10)), np.zeros(10), 0.5
    found = run(*ALL_AT_ONCE)
    for _ in range(3):
        steps = [one_step(c, w, b) for c in train]
        norms = np.array([np.sqrt((dw**2).sum() + (db**2).sum()) for dw, db in steps])
        scale = np.minimum(1, bound / norms)
        w = w - np.mean([s * dw for s, (dw, _) in zip(scale, steps)], axis=0)
        b = b - np.mean([s * db for s, (_, db) in zip(scale, steps)], axis=0)
        bound *= np.exp(-0.2 * ((norms <= bound).mean() - 0.8))
    agree("w", found.state["model.w"], w, 1e-5)
    agree("b", found.state["model.b"], b, 1e-5)
    agree("bound", found.state["agg"], bound, 1e-5)


def select(run, train, test):
    m = np.zeros((10, 784))
    for _ in range(3):
        total, n = np.zeros((10, 784)), np.zeros(10)
        for x, y in train:
            for label in list(dict.fromkeys(y.tolist()))[:4]:
                mine = (1 - x[y == label]).reshape(-1, 784)
                total[label] += (mine - m[label]).sum(axis=0)
                n[label] += len(mine)
        m = m + total / np.maximum(n, 1)[:, None]
    found = run()
    agree("counts", found.metrics["value"], n, 0)
    agree("prototypes", list(found.state.values())[0], m, 1e-5)


def k_means(run, train, test):
    at = np.array(run("--rounds", 0).state["at"], np.float64)
    weight = np.ones(len(at))
    x = np.concatenate([(1 - x).reshape(len(x), 7, 4, 7, 4).mean(axis=(2, 4)).reshape(len(x), 49) for x, _ in train])
    rounds = 3
    for _ in range(rounds):
        nearest = ((x[:, None] - at) ** 2).sum(axis=2).argmin(axis=1)
        n = np.bincount(nearest, minlength=len(at))
        sums = np.stack([x[nearest == c].sum(axis=0) for c in range(len(at))])
        at = (at * weight[:, None] + sums) / (weight + n)[:, None]
        weight = weight + n
    found = run("--rounds", rounds)
    agree("drawn", found.metrics["value"], n, 0)
    agree("centres", found.state["at"], at, 1e-4)


def geometric_mean(run, train, test):
    agree("mean", run().metrics["value"], np.exp(np.mean([np.log(len(y)) for _, y in train])), 1e-5)


def digits_compressed(run, train, test):
    """Rounding at random is right on average, so that training goes as without; what a client has sent is 4 bits a number and 64 a leaf, each round."""
    found = run()
    plain = Run(run.args[0], run.args[1].parent / "digits_library.fed")
    agree("accuracy", found.eval["value"], plain.eval["accuracy"], 0.03)
    agree("bits", found.state["agg.inner.inner.bits"], 20 * (7850 * 4 + 2 * 64), 0)
    agree("zeroed", found.state["agg.zeroed"], 0, 0)


SHAKESPEARE = Path(__file__).resolve().parents[3] / "shared" / "data" / "shakespeare_train.h5"


def speeches(folder):
    """Files of speeches with what is in them, client by client: the plays where they are at hand, and a few in strings of fixed length."""
    some = {"a": ["to be or not to be", "that  is\nthe question", ""], "b": ["to", "Zoë question"], "c": []}
    path = Path(folder) / "speeches.h5"
    with h5py.File(path, "w") as file:
        for client, texts in some.items():
            file[f"examples/{client}/snippets"] = np.array([t.encode() for t in texts], "S40")
    yield path, some
    if SHAKESPEARE.exists():
        with h5py.File(SHAKESPEARE) as file:
            yield SHAKESPEARE, {i: [t.decode() for t in file["examples"][i]["snippets"]] for i in sorted(file["examples"])}


def spoken(texts):
    return [word for text in texts for line in text.split("\n") for word in line.split(" ") if word]


def most(counts):
    """By how often, then by bytes."""
    return sorted(counts, key=lambda word: (-counts[word], word.encode()))


def equal(name, found, expected):
    print(f"{name}: {expected}")
    if found != expected:
        sys.exit(f"{name}: found {found}, expected {expected}")


def word_counts(run, train, test):
    with tempfile.TemporaryDirectory() as folder:
        for path, texts in speeches(folder):
            counts = collections.Counter(word for client in texts.values() for word in spoken(client))
            found = run("--data", path, "-p", "top=5").metrics
            best = most(counts)[:5]
            equal("words", found["words"], best)
            equal("times", found["times"], [counts[word] for word in best])
            equal("different", [found["different"], found["lost"]], [len(counts), 0])


def vote(run, train, test):
    with tempfile.TemporaryDirectory() as folder:
        for path, texts in speeches(folder):
            own = [collections.Counter(word for word in spoken(client) if len(word.encode()) >= 5) for client in texts.values()]
            votes = collections.Counter(most(counts)[0] if counts else "" for counts in own)
            equal("vote", run("--data", path).metrics["value"], most(votes)[0])


CASES = {c.__name__: c for c in (temperature, digit_counts, min_of_max, heavy_hitters, evaluation, server_momentum, select, k_means, geometric_mean,
                                 adaptive_clipping, digits_compressed, word_counts, vote)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fedc", required=True)
    parser.add_argument("--examples", required=True, type=Path)
    parser.add_argument("case", nargs="*", default=list(CASES))
    args = parser.parse_args()
    data = args.examples / "data"
    train, test = clients(data / "digits_train.h5"), clients(data / "digits_test.h5")
    for name in args.case:
        print(f"-- {name}")
        program = args.examples / f"{name}.fed"
        if not program.exists():
            program = args.examples / "extend" / f"{name}.fed"
        run = functools.partial(Run, args.fedc, program)
        CASES[name](run, train, test)


if __name__ == "__main__":
    main()
