#!/usr/bin/env python3
"""Writes docs/stdlib.md, the reference of the standard library, as `fedc doc --markdown` prints it:

    scripts/stdlib_reference.py [--check] [--fedc PROGRAM]

What it says stands in stdlib/**/*.fed (signatures, and the `///` lines before them) and in compiler/check/builtins.def (functions
that the compiler itself knows), so build fedc first. With --check nothing is written, and a page that is not current is an error.
A public function or struct without `///` is always one.
"""
import argparse
import os
import subprocess
import sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
page = root / "docs" / "stdlib.md"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--fedc", default=root / "build" / "bin" / "fedc", help="default: build/bin/fedc")
    args = parser.parse_args()
    environment = {**os.environ, "FEDC_STDLIB": str(root / "stdlib")}
    made = subprocess.run([args.fedc, "doc", "--markdown"], env=environment, capture_output=True, text=True)
    if made.returncode != 0:
        sys.exit(made.stderr)
    name = page.relative_to(root).as_posix()
    if args.check:
        if not page.is_file() or page.read_text() != made.stdout:
            sys.exit(f"{name} is not what stdlib/ and builtins.def say; scripts/stdlib_reference.py renews it")
    else:
        page.write_text(made.stdout)
    print(f"{name}: {made.stdout.count(chr(10))} lines, current")


if __name__ == "__main__":
    main()
