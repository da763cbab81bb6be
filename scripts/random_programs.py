#!/usr/bin/python3
"""Runs many random programs (docs/testing.md), JOBS batches at a time:

    scripts/random_programs.py [--first 100001] [--count 100000] [--batch 500] [--jobs 2] [--shrink 1000]
                               [--log build/log/random]

Each batch has its log; a batch whose log says that it passed is not run again, so that an interrupted run goes on where it was. The exit code is 1 if
there is a finding, and each is printed.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def passed(text):
    return "[  PASSED  ]" in text and "[  FAILED  ]" not in text


def batch(first, count, options):
    log = options.log / f"{first}-{first + count - 1}.log"
    if not log.exists() or not passed(log.read_text(errors="replace")):
        environment = dict(os.environ, FEDC_RANDOM_SEED=str(first), FEDC_RANDOM_COUNT=str(count), FEDC_RANDOM_ALL="1", FEDC_RANDOM_SHRINK=str(options.shrink))
        part = log.with_suffix(f".{os.getpid()}.part")
        with part.open("wb") as out:
            subprocess.run(
                [options.build / "bin/random_tests", "--gtest_filter=Random/Programs.*"],
                stdout=out, stderr=subprocess.STDOUT, env=environment, check=False, cwd=options.build,
            )
        part.rename(log)
    text = log.read_text(errors="replace")
    if not passed(text):
        print(f"[random: {first}-{first + count - 1}] FINDING, in {log}\n{text[-6000:]}", flush=True)
    return text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--first", type=int, default=100001)
    parser.add_argument("--count", type=int, default=100000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--shrink", type=int, default=1000, help="how many smaller programs are tried behind a finding")
    parser.add_argument("--log", type=pathlib.Path, default=ROOT / "build/log/random")
    options = parser.parse_args()
    options.log.mkdir(parents=True, exist_ok=True)
    end = options.first + options.count
    batches = [(first, min(options.batch, end - first)) for first in range(options.first, end, options.batch)]
    counts = collections.Counter()
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for text in pool.map(lambda b: batch(*b, options), batches):
            failed += not passed(text)
            for line in re.findall(r"^\d+ \w.*$", text, re.M):
                counts.update({what: int(n) for n, what in re.findall(r"(\d+) ([^,]+)", line)})
    print(f"[random] {options.count:,} programs in {len(batches)} batches, {failed} with findings; {dict(counts)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
