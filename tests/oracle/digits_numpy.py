#!/usr/bin/env python3
"""NumPy as the oracle of a whole run: FedAvg of examples/digits_softmax.fed, without its shuffle.

    digits_numpy.py --fedc build/bin/fedc --program examples/digits_softmax.fed --data examples/data/digits_train.h5

Runs fedc with 1, 2 and 8 threads on clients 0..N, all of them each round; the three saved models must be the same
bytes, and each leaf must be within 1e-5 (relative, in norm) of what NumPy computes from the same file.
`--model F.npz` compares a given model instead of running fedc; `--save F.npz` keeps NumPy's.
"""
import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np


def clients_of(path, count):
    """[(x, y)] of the first `count` clients by name: inverted pixels [n, 784] and labels [n]."""
    with h5py.File(path, "r") as file:
        examples = file["examples"]
        names = sorted(examples)[:count]
        if len(names) < count:
            sys.exit(f"{path} has {len(names)} clients, {count} are wanted")
        return [(1 - examples[n]["pixels"][()].reshape(-1, 784), examples[n]["label"][()]) for n in names]


def train(w, b, x, y, lr, batch):
    """One pass over a client in file order; the last batch is short."""
    w, b = w.copy(), b.copy()
    for start in range(0, len(y), batch):
        xs, ys = x[start:start + batch], y[start:start + batch]
        z = xs @ w + b
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        p[np.arange(len(ys)), ys] -= 1
        p *= lr / len(ys)
        w -= xs.T @ p
        b -= p.sum(0)
    return w, b


def federated_averaging(clients, rounds, lr, batch, dtype):
    """(w, b) after `rounds` of FedAvg from zero: the server adds the mean of the deltas, weighted by examples."""
    w, b = np.zeros((784, 10), dtype), np.zeros(10, dtype)
    clients = [(x.astype(dtype), y) for x, y in clients]
    total = sum(len(y) for _, y in clients)
    for _ in range(rounds):
        dw, db = np.zeros_like(w), np.zeros_like(b)
        for x, y in clients:
            lw, lb = train(w, b, x, y, dtype(np.float32(lr)), batch)
            dw += len(y) * (lw - w)
            db += len(y) * (lb - b)
        w += dw / total
        b += db / total
    return w, b


def run_fedc(args, directory):
    """The model that fedc saves, the same for 1, 2 and 8 threads."""
    source = Path(args.program).read_text()
    if source.count(".shuffle(k)") != 1:
        sys.exit(f"{args.program} has {source.count('.shuffle(k)')} places `.shuffle(k)`, not one")
    program = directory / "digits_in_order.fed"
    program.write_text(source.replace(".shuffle(k)", ""))
    saved = []
    for threads in (1, 2, 8):
        out = directory / f"model_{threads}.npz"
        command = [args.fedc, "run", program, "--data", args.data, "--rounds", args.rounds, "--clients-per-round", "all",
                   "--clients", f"0..{args.clients}", "-p", f"lr={args.lr}", "-p", f"batch={args.batch}", "-p", "epochs=1",
                   "--eval-data", args.eval_data, "--threads", threads, "--save", out, "--no-out"]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"fedc failed with {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
        saved.append(out)
    for other in saved[1:]:
        if other.read_bytes() != saved[0].read_bytes():
            sys.exit(f"{other.name} and {saved[0].name} differ: the result depends on the number of threads")
    print("1, 2 and 8 threads: the same bytes")
    return saved[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fedc")
    parser.add_argument("--program", default="examples/digits_softmax.fed")
    parser.add_argument("--data", default="examples/data/digits_train.h5")
    parser.add_argument("--eval-data", default="examples/data/digits_test.h5")
    parser.add_argument("--clients", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float64")
    parser.add_argument("--model")
    parser.add_argument("--save")
    args = parser.parse_args()
    if not (args.fedc or args.model or args.save):
        parser.error("nothing to do: give --fedc, --model or --save")

    w, b = federated_averaging(clients_of(args.data, args.clients), args.rounds, args.lr, args.batch, getattr(np, args.dtype))
    if args.save:
        np.savez(args.save, w=w, b=b)
    failed = False
    with tempfile.TemporaryDirectory() as directory:
        model = args.model or (args.fedc and run_fedc(args, Path(directory)))
        if model:
            with np.load(model) as leaves:
                if sorted(leaves.files) != ["b", "w"]:
                    sys.exit(f"the model has the leaves {sorted(leaves.files)}, not b and w")
                for name, expected in (("w", w), ("b", b)):
                    found = leaves[name]
                    if found.shape != expected.shape or found.dtype != np.float32:
                        sys.exit(f"{name}: {found.dtype}{list(found.shape)}, expected float32{list(expected.shape)}")
                    error = np.linalg.norm(found - expected) / np.linalg.norm(expected)
                    # Written so that a NaN fails.
                    ok = error <= 1e-5
                    failed |= not ok
                    print(f"{name}: relative error {error:.2e} {'ok' if ok else 'TOO LARGE, 1e-5 is allowed'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
