#!/usr/bin/env python3
"""docs/conformance.md against the tests that it names, and against the list of cases where that is at hand."""
import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"


def rows(text):
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and cells[0].isdigit():
            yield int(cells[0]), cells


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fedc")
    parser.parse_args()
    wrong = []
    named = {}
    for path in sorted((TESTS / "conformance").glob("*.fed")):
        for number in re.findall(r'^test "(\d+) ', path.read_text(), re.M):
            named.setdefault(path.name, set()).add(int(number))
    table = dict(rows((ROOT / "docs" / "conformance.md").read_text()))
    told = set()
    for number, cells in table.items():
        files = re.findall(r"`([^`]+)`", cells[2])
        if not files and not cells[2].startswith("open: "):
            wrong.append(f"row {number} names no test")
        for file in files:
            if "/" in file:
                told.add(file)
                if not (TESTS / file).exists():
                    wrong.append(f"row {number}: tests/{file} is not there")
            elif number not in named.get(file, ()):
                wrong.append(f"row {number}: {file} has no test of that number")
    for file, numbers in named.items():
        wrong += [f"{file} tests row {n}, which the table does not say" for n in numbers if f"`{file}`" not in table.get(n, ["", "", ""])[2]]
    for path in sorted((TESTS / "programs").glob("conformance_*.fed")):
        if f"programs/{path.name}" not in told:
            wrong.append(f"{path.name} is in no row")
    different = [number for number, cells in table.items() if cells[3]]
    if len(different) > 10:
        wrong.append(f"{len(different)} rows say that Fed does something else, at most ten may: {different}")
    cases = ROOT.parent / "shared" / "conformance" / "tff.md"
    if cases.exists():
        listed = {number for number, _ in rows(cases.read_text())}
        wrong += [f"row {n} is missing" for n in sorted(listed - table.keys())]
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
