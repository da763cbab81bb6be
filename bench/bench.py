#!/usr/bin/env python3
"""What `make bench` runs:  bench/bench.py [TASK…] [--fedc build/bin/fedc] [--rounds 20] [--repeats 3] [--threads 2]

With the peers at hand (--peers: a folder with compare.py; --installed: where its install.sh has put them) fedc, NumPy and FedJAX
take turns on each task and the ratios of their times per round are printed; otherwise fedc's own figures are.
Last comes the digits program on the shipped data: from a cold start to the end of round 1, and the share of the time
that is spent waiting for data.
"""
import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import make_data

here = Path(__file__).resolve().parent
project = here.parent


def summary_of(command):
    """The last JSON line of a run of fedc, and the run's seconds."""
    start = time.perf_counter()
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    seconds = time.perf_counter() - start
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        sys.exit(f"fedc failed with {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return json.loads(lines[-1]), seconds


def alone(args, task):
    """fedc without anyone to compare it with."""
    data = make_data.write(args.data, task)
    command = [args.fedc, "run", here / f"{task}.fed", "--data", data, "--rounds", args.rounds, "--threads", args.threads, "--no-out", "--json"]
    runs = [summary_of(command)[0] for _ in range(args.repeats)]
    print(f"{task:18s} fedc     {statistics.median(r['round_s'] for r in runs) * 1e3:10.3f} ms/round   "
          f"first {statistics.median(r['first_round_s'] for r in runs) * 1e3:.1f} ms, "
          f"compile {statistics.median(r['compile_s'] for r in runs) * 1e3:.0f} ms")


def beside_peers(args, task):
    """One run of everyone in turns; compare.py prints the medians and the ratios."""
    fedc = f"{args.fedc} run {here}/{{task}}.fed --data {{data}} --rounds {{rounds}} --threads {args.threads} --no-out --json"
    done = subprocess.run([sys.executable, str(Path(args.peers) / "compare.py"), task, "--peers", args.installed, "--data", args.data,
                           "--rounds", str(args.rounds), "--repeats", str(args.repeats), "--fedc", fedc])
    if done.returncode != 0:
        sys.exit(f"compare.py failed on {task}")


def digits(args):
    """Start-up and data on the shipped digits."""
    command = [args.fedc, "run", project / "examples" / "digits_softmax.fed", "--data", project / "examples/data/digits_train.h5",
               "--eval-data", project / "examples/data/digits_test.h5", "--clients-per-round", 10, "--threads", args.threads, "--no-out", "--json"]
    cold = [summary_of([*command, "--rounds", 1])[1] for _ in range(args.repeats)]
    long, _ = summary_of([*command, "--rounds", 100])
    training = long["first_round_s"] + 99 * long["round_s"]
    print(f"digits             start to the end of a run of one round, evaluation included: {statistics.median(cold):.3f} s")
    print(f"digits             100 rounds: {long['round_s'] * 1e3:.3f} ms/round, waiting for data {long['data_wait_s'] / training:.1%} of the rounds' time")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", nargs="*", choices=[[], *make_data.TASKS])
    parser.add_argument("--fedc", default=project / "build" / "bin" / "fedc")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--data", default="/tmp/fedc-bench-data")
    parser.add_argument("--peers", default=project.parent / "shared" / "peers")
    parser.add_argument("--installed", default=str(Path.home() / ".cache" / "fedc-peers"))
    args = parser.parse_args()

    found = (Path(args.peers) / "compare.py").exists() and (Path(args.installed) / "jax" / "bin" / "python").exists()
    if not found:
        print(f"the peers are not installed (looked for {args.peers}/compare.py and {args.installed}/jax): fedc's own figures")
    for task in args.task or make_data.TASKS:
        (beside_peers if found else alone)(args, task)
    digits(args)


if __name__ == "__main__":
    main()
