#!/usr/bin/env python3
"""Holds the library's algorithms against what FedJAX itself returned (tests/data/fedjax).

    fedjax_cases.py --fedc build/bin/fedc CASE…     (a case is a record of algorithms.json and a program CASE.fed here)

The cohort changes from round to round, so each round is a run of its own: `--clients` names the cohort, `--init` takes up
the state that the round before saved, optimizer state and all. After each round the model must agree with FedJAX's to
1e-5 relative plus 1e-6 absolute, in every element.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

here = Path(__file__).resolve().parent
data = here.parent / "data" / "fedjax"


def run_round(fedc, program, cohort, before, after):
    """One round of `program` over the clients `cohort`, from the state in `before` (or from init) to `after`."""
    command = [fedc, "run", program, "--data", data / "federation.h5", "--rounds", 1, "--clients", ",".join(cohort),
               "--clients-per-round", "all", "--save", after, "--no-out"]
    if before:
        command += ["--init", before]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"fedc failed with {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def worst(found, expected):
    """The largest error in units of what is allowed; above 1 is too much."""
    expected = np.asarray(expected, np.float64)
    if found.shape != expected.shape:
        sys.exit(f"shape {list(found.shape)}, expected {list(expected.shape)}")
    ratio = np.abs(found - expected) / (1e-6 + 1e-5 * np.abs(expected))
    return float(np.where(np.isnan(ratio), np.inf, ratio).max())


def check_case(fedc, name, rounds):
    """True if every round of the case agrees."""
    agree = True
    with tempfile.TemporaryDirectory() as directory:
        before = None
        for number, record in enumerate(rounds):
            after = Path(directory) / f"round_{number}.npz"
            run_round(fedc, here / f"{name}.fed", record["cohort"], before, after)
            with np.load(after) as state:
                for leaf, expected in record["params"].items():
                    # A state that is nothing but the model is saved without the common prefix.
                    key = f"model.{leaf}" if f"model.{leaf}" in state.files else leaf
                    if key not in state.files:
                        sys.exit(f"{name}: the saved state has {sorted(state.files)}, no model.{leaf}")
                    error = worst(state[key], expected)
                    ok = error <= 1
                    agree &= ok
                    print(f"{name} round {number} {leaf}: {error:.3f} of the tolerance {'ok' if ok else 'TOO LARGE'}")
            before = after
    return agree


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fedc", required=True)
    parser.add_argument("case", nargs="+")
    args = parser.parse_args()
    cases = json.loads((data / "algorithms.json").read_text())["cases"]
    for name in args.case:
        if name not in cases or not cases[name]:
            sys.exit(f"there is no case {name}; there are {', '.join(cases)}")
    # Every case is run, also after one that fails.
    results = [check_case(args.fedc, name, cases[name]) for name in args.case]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
