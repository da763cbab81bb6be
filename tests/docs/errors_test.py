#!/usr/bin/env python3
"""The wrong programs of tests/errors/ get messages that teach:  errors_test.py --fedc build/bin/fedc [NAME…]

Each wrong program ends with exit code 1 and exactly one error, which names a line of the program or, where data or a flag is at fault,
the file or the flag. NN_short_name.fixed.fed, the same put right, succeeds; where the help is text to insert, the program with that text is
the fixed one. There are at least fifty-eight, numbered without gaps, and docs/errors.md shows what fedc says of them. A NAME is the beginning of
a program's file name.
"""
import argparse
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

root = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(root / "scripts"))
import errors_page  # noqa: E402

at_least = 58
longest = 25
# A flag, or a file of data: what a message names that is about no line of the program.
flag_or_file = re.compile(r"`(-p \w+|--[a-z][a-z-]*\b|[^`\s]+\.h5`)")


def errors_of(run):
    reports = [json.loads(line) for line in run.stderr.splitlines() if line.startswith("{")]
    return [r for r in reports if r["severity"] == "error"]


def names_a_place(program, error):
    """Whether the error's place is a line of the program's code, or its text names the flag or the file."""
    if error.get("file") == program.name and error["line"] >= program.first:
        return True
    fix = error["fix"] or {"help": ""}
    return flag_or_file.search(error["message"] + " " + fix["help"]) is not None


def with_fix(program, fix):
    """The code of the program with the edits of the help in it, or nothing if they are elsewhere."""
    text = program.path.read_bytes()
    for edit in sorted(fix["edits"], key=lambda e: e["begin"], reverse=True):
        if edit["file"] != program.name:
            return None
        text = text[: edit["begin"]] + edit["replacement"].encode() + text[edit["end"] :]
    return text.decode().splitlines()[program.first - 1 :]


def check_wrong(fedc, program):
    """What is wrong with a wrong program and its message."""
    faults = [f"has no `// {d}:`" for d in ("title", "seen", "command") if not getattr(program, d)]
    lines = sum(bool(line.strip()) for line in program.code)
    if lines > longest:
        faults.append(f"is long: {lines} lines of code")
    plain, run = program.run(fedc), program.run(fedc, ["--error-format", "json"])
    said = plain.stdout + plain.stderr
    if plain.returncode != 1:
        faults.append(f"exit code {plain.returncode}")
    if re.search("internal error", said, re.IGNORECASE):
        faults.append("an internal error")
    try:
        errors = errors_of(run)
    except json.JSONDecodeError:
        return faults + ["no JSON", run.stderr]
    if len(errors) != 1:
        faults.append(f"{len(errors)} errors: {' '.join(e['code'] for e in errors)}")
    for error in errors:
        if not names_a_place(program, error):
            faults.append(f"{error['code']} names neither a line of the program nor a flag or a file")
        if not error["fix"] or not error["fix"]["edits"]:
            continue
        if with_fix(program, error["fix"]) != errors_page.Program(errors_page.fixed_of(program.path)).code:
            faults.append(f"the help of {error['code']} does not put it right as the fixed program does")
    return faults + [said] if faults else []


def check_fixed(fedc, program):
    """What is wrong with a program that was put right."""
    if not program.path.is_file():
        return ["there is no such file"]
    run = program.run(fedc)
    # `fedc run` reports its progress there.
    loud = run.stderr.strip() if " check " in f" {program.command} " else ""
    return [f"exit code {run.returncode}", run.stderr] if run.returncode != 0 or loud else []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fedc", required=True)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    fedc = Path(args.fedc).resolve()
    if not fedc.is_file():
        sys.exit(f"there is no {args.fedc}: build the target `fedc` first")
    paths = errors_page.wrong_programs()
    wrong = []
    if len(paths) < at_least:
        wrong.append(f"there are {len(paths)} programs in tests/errors/, at least {at_least} are wanted")
    if [p.name[:2] for p in paths] != [f"{i + 1:02}" for i in range(len(paths))]:
        wrong.append("the numbers of the programs in tests/errors/ have a gap or one is there twice")
    known = {p for path in paths for p in (path, errors_page.fixed_of(path))}
    strangers = [p for p in sorted(errors_page.programs.iterdir()) if p not in known]
    wrong += [f"{p.relative_to(root).as_posix()}: no wrong program, and none put right" for p in strangers]
    chosen = [p for p in paths if not args.names or any(p.name.startswith(n) for n in args.names)]
    if not chosen:
        sys.exit("no program begins with " + " or ".join(args.names))
    jobs = [job for p in chosen for job in ((check_wrong, p), (check_fixed, errors_page.fixed_of(p)))]
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(lambda job: job[0](fedc, errors_page.Program(job[1])), jobs))
    for (_, path), faults in zip(jobs, results):
        if faults:
            wrong.append(f"{path.relative_to(root).as_posix()}: " + "\n  ".join(faults))
    if not args.names:
        command = [sys.executable, "-B", str(root / "scripts" / "errors_page.py"), "--check"]
        page = subprocess.run(command, env={**os.environ, "FEDC": str(fedc)}, capture_output=True, text=True)
        if page.returncode != 0:
            wrong.append(page.stdout + page.stderr)
    if wrong:
        sys.exit("\n".join(wrong) + f"\n{sum(bool(f) for f in results)} of {len(jobs)} programs")
    print(f"{len(chosen)} wrong programs, each with one error and put right")


if __name__ == "__main__":
    main()
