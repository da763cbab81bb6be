#!/usr/bin/env python3
"""The manual page says what fedc takes:  manual_test.py --fedc build/bin/fedc

Every command and every flag that `--help` lists is in `fedc doc --man`, and no other flag is. roff itself finds nothing wrong, where there is one (groff, mandoc).
"""
import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fedc", required=True)
    fedc = str(Path(parser.parse_args().fedc).resolve())

    def said(*words):
        run = subprocess.run([fedc, *words], capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(f"fedc {' '.join(words)}: exit {run.returncode}\n{run.stderr}")
        return run.stdout

    def commands(text):
        """The names under "Subcommands:"."""
        return re.findall(r"^  (\w+) ", text.partition("ubcommands:")[2], re.MULTILINE)

    page = said("doc", "--man")
    plain = re.sub(r"\\f[BIR]", "", page).replace("\\-", "-")
    wrong, flags = [], set()
    names = commands(said("--help"))
    for name in list(names):
        inner = commands(said(name, "--help"))
        if inner:
            names.remove(name)
            names += [f"{name} {one}" for one in inner]
    for name in names:
        section = re.search(rf"^\.SS fedc {name}\b[^\n]*\n(.*?)(?=^\.S[SH] )", plain, re.MULTILINE | re.DOTALL)
        if not section:
            wrong.append(f"there is no section of `fedc {name}`")
            continue
        for flag in re.findall(r"^  (?:-\w,)?(--[a-z-]+)", said(*name.split(), "--help"), re.MULTILINE):
            flags.add(flag)
            shared = plain.partition(".SH \"FLAGS OF ALL COMMANDS\"")[2]
            if not re.search(rf"(?<![\w-]){flag}(?![\w-])", section.group(1)) and not re.search(rf"(?<![\w-]){flag}(?![\w-])", shared):
                wrong.append(f"`fedc {name}`: {flag} is missing")
    listed = set(re.findall(r"^\.TP\n(?:-\w, )?(--[a-z-]+)", plain, re.MULTILINE))
    wrong += [f"{flag} is no flag of any command" for flag in sorted(listed - flags - {"--help"})]
    if len(names) < 12 or len(flags) < 30:
        wrong.append(f"this test finds too little: {names}, {flags}")
    if not page.isascii():
        wrong.append("a character that is not ASCII")
    checkers = [["groff", "-man", "-ww", "-Tutf8", "-z"], ["mandoc", "-Tlint", "-W", "warning"]]
    for checker in checkers:
        if shutil.which(checker[0]):
            run = subprocess.run(checker, input=page, capture_output=True, text=True)
            if run.returncode != 0 or run.stderr or (checker[0] == "mandoc" and run.stdout):
                wrong.append(f"{checker[0]}: {run.stdout}{run.stderr}")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(names)} commands, {len(flags)} flags")


if __name__ == "__main__":
    main()
