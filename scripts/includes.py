#!/usr/bin/env python3
"""Keeps what README.md and docs/ quote from files the same as the files:  scripts/includes.py [--check]

After a line `<!-- include PATH -->` stands a fenced block that holds the file PATH, word for word. Without --check the
blocks are rewritten; with it nothing is written, and a block that differs, a marker without a block or a README that
does not quote the main example is an error.
"""
import argparse
import re
import sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
marker = re.compile(r"^<!-- include (\S+) -->\n(```\w*\n)(.*?)(^```$)", re.MULTILINE | re.DOTALL)
must_quote = ("README.md", "examples/digits_softmax.fed")


def included(page, text, quoted):
    """`text` with every block replaced by its file; the quoted files are added to `quoted` as (page, file)."""
    def replace(match):
        file = root / match.group(1)
        if not file.is_file():
            sys.exit(f"{page}: there is no file {match.group(1)} to include")
        quoted.add((page, match.group(1)))
        return f"<!-- include {match.group(1)} -->\n{match.group(2)}{file.read_text().rstrip()}\n```"
    result, count = marker.subn(replace, text)
    if count != len(re.findall(r"^<!-- include ", text, re.MULTILINE)):
        sys.exit(f"{page}: an include marker without a fenced block right after it")
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    quoted, stale = set(), []
    for path in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
        page = path.relative_to(root).as_posix()
        text = path.read_text()
        current = included(page, text, quoted)
        if current != text:
            stale.append(page)
            if not args.check:
                path.write_text(current)
    if must_quote not in quoted:
        sys.exit(f"{must_quote[0]} does not quote {must_quote[1]}")
    if args.check and stale:
        sys.exit(f"what they quote has changed: {', '.join(stale)}; scripts/includes.py renews it")
    print(f"{len(quoted)} quoted files, {'all as they are' if not stale else 'renewed: ' + ', '.join(stale)}")


if __name__ == "__main__":
    main()
