#!/usr/bin/env python3
"""Writes docs/stdlib/, the reference of the standard library, as `fedc doc --markdown DIR` makes it:

    scripts/stdlib_reference.py [--check] [--fedc PROGRAM]

What it says stands in stdlib/**/*.fed (signatures, and the `///` lines before them) and in compiler/check/builtins.def (functions
that the compiler itself knows), so build fedc first. With --check nothing is written, and a page that is not current is an error.

Always an error: a public function or struct without `///`; a function without a line `/// Source: …` that says where its formula is from; a
function that can end a run (an `assert` in it, or in a private function that it calls) without a line `/// Error …`.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

root = Path(__file__).resolve().parent.parent
folder = root / "docs" / "stdlib"
item = re.compile(r"^(fn|struct|native fn) (\w+)", re.MULTILINE)


def items_of(text):
    """(kind, name, documentation, text) of every declaration of a file that `fedc fmt` has laid out."""
    starts = [m for m in item.finditer(text)]
    for match, following in zip(starts, [*starts[1:], None]):
        body = text[match.start() : following.start() if following else len(text)]
        doc = []
        for line in reversed(text[: match.start()].splitlines()):
            if not line.startswith("///"):
                break
            doc.insert(0, line[3:].strip())
        yield match.group(1), match.group(2), doc, re.sub(r"//.*", "", body)


def gaps(path):
    """What the documentation of a module lacks."""
    found = list(items_of(path.read_text()))
    ends = {name for _, name, _, body in found if "assert(" in body}
    for _ in found:
        ends |= {name for _, name, _, body in found if any(re.search(rf"\b{other}\(", body) for other in ends if other.startswith("_"))}
    name_of = path.relative_to(root).as_posix()
    for kind, name, doc, _ in found:
        if name.startswith("_"):
            continue
        if not doc:
            yield f"{name_of}: `{name}` has no `///`"
        elif not doc[0].endswith((".", ":", ",")) and len(doc) == 1:
            yield f"{name_of}: what is said of `{name}` is no sentence"
        if kind != "struct" and not any(line.startswith("Source:") for line in doc):
            yield f"{name_of}: `{name}` has no line `/// Source: …`"
        if kind != "struct" and name in ends and not any(line.startswith("Error") for line in doc):
            yield f"{name_of}: `{name}` can end a run and has no line `/// Error …`"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--fedc", default=root / "build" / "bin" / "fedc", help="default: build/bin/fedc")
    args = parser.parse_args()
    modules = sorted((root / "stdlib").rglob("*.fed"))
    missing = [gap for path in modules for gap in gaps(path)]
    if missing or not modules:
        sys.exit("\n".join(missing) or "there is no stdlib/")
    environment = {**os.environ, "FEDC_STDLIB": str(root / "stdlib")}
    with tempfile.TemporaryDirectory() as made:
        run = subprocess.run([args.fedc, "doc", "--markdown", made], env=environment, capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(run.stderr)
        pages = {path.name: path.read_text() for path in Path(made).iterdir()}
    present = {path.name: path.read_text() for path in folder.iterdir()} if folder.is_dir() else {}
    stale = sorted(name for name in pages.keys() | present.keys() if pages.get(name) != present.get(name))
    if args.check and stale:
        sys.exit(f"docs/stdlib/ is not what stdlib/ and builtins.def say ({', '.join(stale)}); scripts/stdlib_reference.py renews it")
    if not args.check:
        folder.mkdir(exist_ok=True)
        for name in stale:
            if name in pages:
                (folder / name).write_text(pages[name])
            else:
                (folder / name).unlink()
    print(f"docs/stdlib/: {len(pages)} pages, current")


if __name__ == "__main__":
    main()
