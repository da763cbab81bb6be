#!/usr/bin/python3
"""Adds up what gcov has counted in a build:  scripts/coverage_report.py BUILD

A line counts as run if it was in any of the programs and templates that contain it. Prints a row for each directory of compiler/, for runtime/
and for tools/, and writes the lines that were not run to BUILD/not-run.txt.
"""
import collections
import concurrent.futures
import json
import os
import subprocess
import sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
build = Path(sys.argv[1]).resolve()


def counted(file):
    """[(source, line, how often)] of one object."""
    text = subprocess.run(["gcov", "--json-format", "--stdout", file], cwd=build, capture_output=True, text=True, check=True).stdout
    found = []
    for report in text.splitlines():
        for source in json.loads(report)["files"] if report.startswith("{") else []:
            path = Path(os.path.normpath(build / source["file"]))
            if path.is_relative_to(root) and path.relative_to(root).parts[0] in ("compiler", "runtime", "embed", "tools"):
                found += [(path.relative_to(root).as_posix(), line["line_number"], line["count"]) for line in source["lines"]]
    return found


def directory(source):
    parts = source.split("/")
    return "/".join(parts[:2]) if parts[0] == "compiler" else parts[0]


def main():
    # Objects that no test has loaded have only a .gcno: nothing of them was run.
    files = [file.with_suffix(".gcda") if file.with_suffix(".gcda").exists() else file for file in build.rglob("*.gcno")]
    lines = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(counted, files):
            for source, line, count in found:
                lines[source, line] += count
    if not lines:
        sys.exit(f"{build} has no counters: it is no coverage build")
    all_lines, run = collections.Counter(), collections.Counter()
    for (source, _), count in lines.items():
        for name in (directory(source), "all"):
            all_lines[name] += 1
            run[name] += count > 0
    print("| directory | lines | run |\n|---|---|---|")
    for name in sorted(all_lines, key=lambda n: (n == "all", n)):
        print(f"| `{name}` | {all_lines[name]:,} | {100 * run[name] / all_lines[name]:.1f} % |")
    missed = collections.defaultdict(list)
    for (source, line), count in sorted(lines.items()):
        if count == 0:
            missed[source].append(str(line))
    (build / "not-run.txt").write_text("".join(f"{source}: {' '.join(numbers)}\n" for source, numbers in missed.items()))


if __name__ == "__main__":
    main()
