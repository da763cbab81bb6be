#!/usr/bin/env python3
"""A new user's first hour, as a program:  first_hour_test.py --fedc build/bin/fedc

The README's results are what fedc prints, times apart; then a project from `fedc new` is checked with two mistakes in it, explained, looked up, run
twice with another learning rate, killed with SIGKILL and gone on with. Every command is printed with what it said.
"""

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

root = Path(__file__).resolve().parents[2]
failures = []


def say(text):
    print(text, flush=True)


def expect(condition, what):
    if not condition:
        failures.append(what)
        say(f"!! {what}")


class User:
    """Types commands in a folder, and reads what they print."""

    def __init__(self, fedc, folder):
        self.fedc, self.folder = str(Path(fedc).resolve()), folder
        self.environment = {**os.environ, "LANG": "C.UTF-8", "LC_ALL": "", "FEDC_CACHE": str(Path(folder) / "cache")}

    def types(self, command, code=0):
        words = command.split()
        done = subprocess.run([self.fedc, *words[1:]], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=300)
        say(f"$ {command}\n{done.stdout}{done.stderr}")
        expect(done.returncode == code, f"`{command}` ends with {done.returncode}, not {code}")
        return done.stdout, done.stderr


def readme_block():
    """The block below `make run` ends with."""
    text = (root / "README.md").read_text()
    return re.search(r"`make run` ends with.*?```\n(.*?)```", text, re.S).group(1)


def without_times(text):
    """Lines whose numbers are the machine's are kept by their first word alone."""
    return [re.sub(r"^(time|spent) .*", r"\1", line) for line in text.splitlines()]


def the_readme(user):
    printed, _ = user.types(f"fedc run {root / 'examples' / 'digits_softmax.fed'}")
    expect(without_times(printed) == without_times(readme_block()), "the README's results are what fedc prints")
    for line in readme_block().splitlines():
        if line not in printed and not line.startswith(("time", "spent")):
            say(f"!! only in the README: {line}")


def two_mistakes(user, program):
    """Both are found at once, each names its line; each code is explained."""
    good = program.read_text()
    bad = good.replace("f.size @ m.w", "f.sizes @ m.w").replace("loss = loss,", "los = loss,")
    expect(bad.count("sizes") == 1 and "los = loss" in bad, "the project's program has the lines to spoil")
    program.write_text(bad)
    _, errors = user.types(f"fedc check {program.name}", 1)
    lines = [n for n, line in enumerate(bad.splitlines(), 1) if "sizes" in line or "los = loss" in line]
    for line in lines:
        expect(f"{program.name}:{line}:" in errors, f"`fedc check` names line {line}")
    codes = sorted(set(re.findall(r"error\[(E\d+)\]", errors)))
    expect(len(codes) >= 2, f"`fedc check` finds both mistakes, not only {codes}")
    for code in codes:
        explained, _ = user.types(f"fedc explain {code}")
        expect(code in explained and len(explained) > 200, f"`fedc explain {code}` explains")
    program.write_text(good)
    user.types(f"fedc check {program.name}")


def look_around(user):
    said, _ = user.types("fedc doc federated_mean")
    expect("weight" in said and "@server" in said, "`fedc doc` shows the signature")
    said, _ = user.types("fedc data info data/train.h5")
    expect("struct Example {" in said and "40 clients" in said, "`fedc data info` shows the struct and the clients")
    user.types("fedc doctor")


def two_runs(user, name):
    user.types(f"fedc run {name}.fed")
    said, _ = user.types(f"fedc run {name}.fed -p lr=0.5")
    expect("before     runs/" in said and "changed    lr 0.1 -> 0.5" in said and re.search(r"effect     \w+ [\d.]+ -> [\d.]+, ", said), "the second run says how it differs")


def kill_and_resume(user, name):
    """SIGKILL somewhere in the middle; what goes on ends in the same bits as what was never killed."""
    folder = Path(user.folder)
    arguments = f"run {name}.fed --rounds 2000 --checkpoint-every 1"
    start = time.time()
    user.types(f"fedc {arguments} --out whole")
    seconds = time.time() - start
    wait = random.Random(7)
    for attempt in range(20):
        out = folder / f"killed{attempt}"
        say(f"$ fedc {arguments} --out {out.name} &\n$ kill -9 $!")
        child = subprocess.Popen([user.fedc, *arguments.split(), "--out", out.name], cwd=folder, env=user.environment, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        time.sleep(wait.uniform(0.3, 0.8) * seconds)
        child.send_signal(signal.SIGKILL)
        # Before its first checkpoint, or after its end, there was nothing to interrupt.
        if child.wait() == -signal.SIGKILL and (out / "state" / "checkpoint.npz").exists():
            break
    else:
        expect(False, "a run was killed in the middle")
        return
    said, _ = user.types(f"fedc resume {out.name}")
    expect("of them now" in said, "`fedc resume` says what it did")
    expect((out / "model.npz").read_bytes() == (folder / "whole" / "model.npz").read_bytes(), "killed and resumed, the model has the same bits")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fedc", required=True)
    args = parser.parse_args()
    start = time.time()
    with tempfile.TemporaryDirectory() as folder:
        the_readme(User(args.fedc, folder))
        user = User(args.fedc, folder)
        user.types("fedc new flowers")
        project = Path(folder) / "flowers"
        user = User(args.fedc, str(project))
        two_mistakes(user, project / "flowers.fed")
        look_around(user)
        two_runs(user, "flowers")
        kill_and_resume(user, "flowers")
    say(f"{time.time() - start:.0f} s in all")
    if failures:
        sys.exit("\n".join(["not as a new user expects:", *failures]))


if __name__ == "__main__":
    main()
