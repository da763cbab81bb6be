#!/usr/bin/env python3
"""Writes docs/errors.md from the wrong programs of tests/errors/:  scripts/errors_page.py [--check]

A program NN_short_name.fed begins with comments that say what is wanted (`// title:`), where people meet the mistake in other systems
(`// seen:`, which may go on in lines that begin with `//` and three spaces) and what is run (`// command: fedc check FILE`; FILE is the
program; plugins of tests/plugins are in build/plugins). Beside it stands NN_short_name.fixed.fed, the same put right, with a command of its own. The page shows the program, what fedc
says and the lines that change. The compiler is the environment's FEDC, else build/bin/fedc.

With --check nothing is written, and a page that is not current is an error.
"""
import argparse
import difflib
import os
import re
import shlex
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

root = Path(__file__).resolve().parent.parent
programs = root / "tests" / "errors"
page = root / "docs" / "errors.md"
default_command = "fedc check FILE"
shown_plugins = "build/plugins"

# What `seen` calls the repositories whose issues it names.
repositories = {
    "TFF": "google-parfait/tensorflow-federated",
    "Flower": "flwrlabs/flower",
    "FedJAX": "google/fedjax",
    "Fed-BioMed": "fedbiomed/fedbiomed",
    "FedML": "FedML-AI/FedML",
    "FedScale": "SymbioticLab/FedScale",
    "NVFlare": "NVIDIA/NVFlare",
    "PFLlib": "TsingZ0/PFLlib",
    "JAX": "jax-ml/jax",
    "dm-haiku": "google-deepmind/dm-haiku",
    "TensorFlow": "tensorflow/tensorflow",
    "Ultralytics": "ultralytics/ultralytics",
    "google-research/federated": "google-research/federated",
}

introduction = """# Errors that teach

<!-- Written by scripts/errors_page.py from tests/errors/ and what fedc prints. Change those, then run it. -->

{count} programs with one mistake each, of the kind that users of TensorFlow Federated, Flower and FedJAX make (from 31 on
about placements, intrinsics, policies and data): what was wanted, where the mistake is met there, the program, what `fedc` says, and the lines that put it right. The programs are in `tests/errors/`; lines are numbered as in
the files, whose first lines hold the text above the program.

`fedc explain CODE` tells more about a code. How messages are written is said in [diagnostics](diagnostics.md#how-a-message-reads).
"""


class Program:
    """A file of tests/errors: its directives and its code."""

    def __init__(self, path):
        self.path = path
        self.name = path.relative_to(root).as_posix()
        lines = path.read_text().splitlines() if path.is_file() else []
        said, last, at = {}, None, 0
        while at < len(lines) and lines[at].startswith("//"):
            directive = re.fullmatch(r"// (title|seen|command): (.*)", lines[at])
            if directive:
                last = directive.group(1)
                said[last] = directive.group(2).strip()
            elif last and lines[at].startswith("//   "):
                said[last] += " " + lines[at][2:].strip()
            at += 1
        while at < len(lines) and not lines[at].strip():
            at += 1
        self.first = at + 1
        self.code = lines[at:]
        self.title, self.seen = said.get("title"), said.get("seen")
        self.command = said.get("command", default_command)

    def shown_command(self):
        return self.command.replace("FILE", self.name)

    def run(self, fedc, flags=()):
        words = shlex.split(self.shown_command())
        if words[0] != "fedc":
            raise ValueError(f"{self.name}: the command does not begin with fedc")
        environment = {**os.environ, "NO_COLOR": "1"}
        # The tests' plugins are in the compiler's own build.
        plugins = str(Path(fedc).resolve().parents[1] / "plugins")
        words = [word.replace(shown_plugins, plugins) for word in words[1:]]
        # What a run would keep is not part of the page.
        if words[0] == "run":
            flags = ("--no-out", *flags)
        done = subprocess.run([str(fedc), *words, *flags], cwd=root, env=environment, capture_output=True, text=True, timeout=120)
        done.stderr = done.stderr.replace(plugins, shown_plugins)
        return done


def wrong_programs():
    """The files of the wrong programs, by number."""
    return [p for p in sorted(programs.glob("[0-9][0-9]_*.fed")) if not p.stem.endswith(".fixed")]


def fixed_of(path):
    """The file where a wrong program is put right."""
    return path.with_suffix(".fixed.fed")


def compiler():
    path = Path(os.environ.get("FEDC", root / "build" / "bin" / "fedc")).resolve()
    if not path.is_file():
        sys.exit(f"there is no {path}: build the target `fedc` first")
    return path


def linked(text):
    """`TFF #303 and #305` with links to the issues of the repository that was named last."""
    names = "|".join(sorted(map(re.escape, repositories), key=len, reverse=True))
    repository, parts, end = None, [], 0
    for match in re.finditer(rf"(?<![\w/])({names})(?![\w/])|#(\d+)", text):
        if match.group(1):
            repository = repositories[match.group(1)]
            continue
        if repository is None:
            raise ValueError(f"`{match.group()}` of no repository: {text}")
        parts += [text[end : match.start()], f"[#{match.group(2)}](https://github.com/{repository}/issues/{match.group(2)})"]
        end = match.end()
    return "".join(parts) + text[end:]


def numbered(program):
    width = len(str(program.first + len(program.code)))
    return "\n".join(f"{program.first + i:>{width}} | {line}".rstrip() for i, line in enumerate(program.code))


def changes(wrong, fixed):
    """The lines that differ, as a diff without context; of the command, if only that differs."""
    before, after = (wrong.code, fixed.code) if wrong.code != fixed.code else ([wrong.command], [fixed.command])
    return "\n".join(line for line in list(difflib.unified_diff(before, after, lineterm="", n=0))[2:] if not line.startswith("@@"))


def section(fedc, number, wrong, fixed):
    said = wrong.run(fedc).stderr.replace(f"{root}/", "").strip("\n")
    heading = wrong.path.stem.partition("_")[2].replace("_", " ")
    codes = re.findall(r"^error\[(E\d{4})\]", said, re.MULTILINE)
    seen = textwrap.fill(f"Seen: {linked(wrong.seen)}", 145, break_long_words=False, break_on_hyphens=False)
    lines = [f"## {number}. {heading[0].upper()}{heading[1:]}", "", f"Wanted: {wrong.title}.", "", seen, ""]
    lines += ["```", numbered(wrong), "```", "", "```", f"$ {wrong.shown_command()}", said, "```", ""]
    lines += ["Put right:", "", "```diff", changes(wrong, fixed), "```", ""]
    return f"| {number} | {heading} | {' '.join(codes)} |", lines


def written(fedc):
    pairs = [(Program(p), Program(fixed_of(p))) for p in wrong_programs()]
    with ThreadPoolExecutor(max_workers=2) as pool:
        sections = list(pool.map(lambda i: section(fedc, i + 1, *pairs[i]), range(len(pairs))))
    head = introduction.format(count=len(pairs)) + "\n| | | code |\n|---|---|---|\n" + "\n".join(row for row, _ in sections)
    return head + "\n\n" + "\n".join(line for _, lines in sections for line in lines).rstrip() + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    text = written(compiler())
    name = page.relative_to(root).as_posix()
    if args.check:
        current = page.read_text() if page.is_file() else ""
        if current != text:
            difference = list(difflib.unified_diff(current.splitlines(), text.splitlines(), "page", "now", lineterm="", n=1))
            sys.exit("\n".join([*difference[:60], f"{name} is not what tests/errors/ and fedc say; scripts/errors_page.py renews it"]))
    else:
        page.write_text(text)
    print(f"{name}: {text.count(chr(10) + '## ')} programs, current")


if __name__ == "__main__":
    main()
