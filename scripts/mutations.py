#!/usr/bin/env python3
"""Shows that the tests notice when a rule of the compiler or the runtime is broken:  scripts/mutations.py [--only NAME…]

tests/mutations/list.toml holds the mutations: a text of one source file, what replaces it, and the tests that have to notice. For each
the changed file is compiled by itself and linked in front of the libraries of the finished build, so that neither the sources nor the
build are touched; then the tests run until the first that fails. A mutation that no test notices is an error, and so is one that does
not compile or whose text the sources no longer hold.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

root = Path(__file__).resolve().parent.parent
list_file = root / "tests" / "mutations" / "list.toml"
fields = {"name", "file", "breaks", "old", "new", "tests"}


def read_list():
    """All mutations, or every reason why the list does not fit the sources."""
    mutations = tomllib.loads(list_file.read_text())["mutation"]
    wrong, names = [], set()
    for m in mutations:
        name = m.get("name", "?")
        if set(m) != fields:
            wrong.append(f"{name}: has the fields {', '.join(sorted(m))}; wanted are {', '.join(sorted(fields))}")
            continue
        if name in names:
            wrong.append(f"{name}: there are two of this name")
        names.add(name)
        if not re.fullmatch(r"[a-z0-9-]+", name):
            wrong.append(f"{name}: a name is made of small letters, digits and `-`")
        for test in m["tests"]:
            if not (root / "tests" / test.split()[0]).is_dir():
                wrong.append(f"{name}: there is no tests/{test.split()[0]}")
        path = root / m["file"]
        if path.suffix != ".cpp" or not path.is_file():
            wrong.append(f"{name}: {m['file']} is no source file")
            continue
        count = path.read_text().count(m["old"])
        if count != 1:
            wrong.append(f"{name}: its text occurs {count} times in {m['file']}")
        if m["old"] == m["new"] or not m["tests"]:
            wrong.append(f"{name}: it changes nothing, or has no tests")
    if wrong:
        sys.exit("\n".join(wrong))
    return mutations


class Build:
    """A finished build: how its sources are compiled and its programs linked."""

    def __init__(self, folder):
        self.folder = folder
        self.out = folder / "mutations"
        commands = json.loads((folder / "compile_commands.json").read_text())
        self.compile_commands = {c["file"]: c["command"] for c in commands}
        self.link_commands = {}

    def make(self, programs):
        targets = sorted(f"bin/{p}" for p in programs)
        done = subprocess.run(["ninja", "-C", self.folder, *targets], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"the build as it is does not succeed:\n{done.stdout[-3000:]}{done.stderr}")
        for program in programs:
            text = subprocess.run(["ninja", "-C", self.folder, "-t", "commands", f"bin/{program}"], capture_output=True, text=True, check=True).stdout
            self.link_commands[program] = next(line for line in reversed(text.splitlines()) if f" -o bin/{program} " in line)

    def compile(self, mutation):
        """The changed file as an object, or what the compiler says."""
        source = root / mutation["file"]
        folder = self.out / mutation["name"]
        folder.mkdir(parents=True, exist_ok=True)
        changed, changed_object = folder / source.name, folder / "changed.o"
        changed.write_text(source.read_text().replace(mutation["old"], mutation["new"]))
        command = shlex.split(self.compile_commands[str(source)])
        command[command.index("-o") + 1] = str(changed_object)
        command[command.index(str(source))] = str(changed)
        # What a mutation leaves unused is no mistake here.
        done = subprocess.run([*command, "-Wno-error"], cwd=self.folder, capture_output=True, text=True)
        return (changed_object, "") if done.returncode == 0 else (None, done.stderr)

    def link(self, program, changed_object):
        """The program with this object before its libraries: what the object defines is no longer taken from them."""
        out = changed_object.parent / program
        command = self.link_commands[program].replace(f" -o bin/{program} ", f" {shlex.quote(str(changed_object))} -o {shlex.quote(str(out))} ")
        done = subprocess.run(command, shell=True, cwd=self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"cannot link {program}:\n{done.stderr}")
        return out


def programs_of(mutation):
    programs = {f"{test.split()[0]}_tests" for test in mutation["tests"]}
    # They run the compiler itself.
    return programs | {"fedc"} if "cli_tests" in programs else programs


def run_tests(binary, fedc, filter_, limit):
    """(tests run, first that failed or None, how). A crash and a timeout are failures of the test that was running."""
    command = [binary, "--gtest_fail_fast", "--gtest_color=no", *([f"--gtest_filter={filter_}"] if filter_ else [])]
    environment = {**os.environ, "FEDC_BINARY": str(fedc)}
    process = subprocess.Popen(command, cwd=binary.parent, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace", start_new_session=True)
    how = "crash"
    try:
        text, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        how = "no end"
        os.killpg(process.pid, signal.SIGKILL)
        text, _ = process.communicate()
    started = re.findall(r"^\[ RUN      \] (\S+)", text, re.MULTILINE)
    failed = re.findall(r"^\[  FAILED  \] ([^\s,]+)", text, re.MULTILINE)
    if failed:
        return len(started), failed[0], ""
    if process.returncode == 0:
        return len(started), None, ""
    return len(started), started[-1] if started else "", how


def judge(build, mutation, limit):
    """('killed', test) | ('survived', '') | ('does not compile', why)."""
    changed, why = build.compile(mutation)
    if changed is None:
        return "does not compile", why
    binaries = {p: build.link(p, changed) for p in programs_of(mutation)}
    try:
        for test in mutation["tests"]:
            name, _, filter_ = test.partition(" ")
            program = f"{name}_tests"
            count, failed, how = run_tests(binaries[program], binaries.get("fedc"), filter_, limit)
            if count == 0 and not how:
                sys.exit(f"{mutation['name']}: `{test}` selects no test")
            if failed is None:
                continue
            # A test that fails anyway shows nothing.
            _, anyway, _ = run_tests(build.folder / "bin" / program, build.folder / "bin" / "fedc", failed, limit)
            if anyway is not None:
                sys.exit(f"{name}.{failed} fails without a mutation")
            return "killed", f"{name}.{failed}" + (f" ({how})" if how else "")
        return "survived", ""
    finally:
        for binary in binaries.values():
            binary.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="prints the mutations and ends")
    parser.add_argument("--check", action="store_true", help="only looks whether the list fits the sources")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these mutations")
    parser.add_argument("--build", type=Path, default=root / "build", help="a configured release build (build)")
    parser.add_argument("--jobs", type=int, default=1, help="mutations at a time (1)")
    parser.add_argument("--limit", type=int, default=240, help="seconds that a run of tests may take (240)")
    args = parser.parse_args()
    mutations = read_list()
    if args.list:
        for m in mutations:
            print(f"{m['name']:32} {m['breaks']}")
        return
    if args.check:
        print(f"{len(mutations)} mutations fit the sources")
        return
    if args.only:
        unknown = set(args.only) - {m["name"] for m in mutations}
        if unknown:
            sys.exit(f"there is no mutation {', '.join(sorted(unknown))}")
        mutations = [m for m in mutations if m["name"] in args.only]
    build = Build(args.build.resolve())
    build.make(set().union(*map(programs_of, mutations)))
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        verdicts = pool.map(lambda m: judge(build, m, args.limit), mutations)
        print("| mutation | breaks | noticed by |\n|---|---|---|")
        for m, (verdict, detail) in zip(mutations, verdicts):
            bad += verdict != "killed"
            print(f"| `{m['name']}` | {m['breaks']} | {f'`{detail}`' if verdict == 'killed' else verdict.upper()} |", flush=True)
            if verdict == "does not compile":
                print(detail, file=sys.stderr)
    print(f"\n{len(mutations) - bad} of {len(mutations)} mutations are noticed")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
