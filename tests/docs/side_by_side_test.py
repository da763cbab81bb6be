#!/usr/bin/env python3
"""The pages docs/from-*.md hold what they show:  side_by_side_test.py --fedc build/bin/fedc [PAGE…]

That their Fed compiles is fed_blocks_test.py's business. Here: Python blocks parse. In a section with Python in it, every snippet of a table
`| FRAMEWORK | Fed |` stands in the section's programs, so that the two columns are lines of them. In other sections every function that a
table's column of Fed calls is known to `fedc doc`. A Fed program with a `run` block runs, for two rounds, on the data of examples/. The table of
lengths has the numbers that scripts/code_lines.py counts for the files of this repository, and no Fed is longer than the Python.
"""
import argparse
import ast
import re
import subprocess
import sys
import tempfile
from pathlib import Path

root = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(root / "scripts"))
import code_lines  # noqa: E402

frameworks = {"from-tff.md": "TFF", "from-fedjax.md": "FedJAX", "from-flower.md": "Flower", "from-pfl.md": "pfl"}
fenced = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)


def rows_of(section):
    """(header cells, row cells) of every row of every table."""
    header = None
    for line in section.splitlines():
        if not line.startswith("|"):
            header = None
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if header is None:
            header = cells
        elif not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            yield header, cells


def plain(text):
    return re.sub(r"\s+", "", text)


class Page:
    def __init__(self, path, fedc):
        self.path, self.fedc, self.wrong = path, fedc, []
        self.counts = {"python": 0, "lines": 0, "names": 0, "runs": 0, "lengths": 0}

    def fault(self, text):
        self.wrong.append(f"{self.path.relative_to(root).as_posix()}: {text}")

    def known(self, name):
        return subprocess.run([self.fedc, "doc", name], capture_output=True, text=True, timeout=60).returncode == 0

    def run(self, text):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "data").symlink_to(root / "examples" / "data")
            (Path(folder) / "main.fed").write_text(text)
            rounds = [] if "fn main(" in text else ["--rounds", "2"]
            run = subprocess.run([self.fedc, "run", "main.fed", "--no-out", *rounds], cwd=folder, capture_output=True, text=True, timeout=120)
        if run.returncode != 0:
            self.fault(f"a program does not run:\n{run.stderr}{text}")

    def lengths(self, header, cells):
        """A row of the table of lengths: what Fed has, and the Python of the page where it is ours."""
        file = root / re.search(r"`([^`]+\.fed)`", cells[header.index("Fed")]).group(1)
        written, theirs = int(cells[-1]), int(cells[2])
        counted = code_lines.lines_of(str(file))
        if counted != written:
            self.fault(f"{file.name} has {counted} lines of code, the table says {written}")
        if written > theirs:
            self.fault(f"{file.name} is longer than the Python: {written} lines, {theirs}")
        if "below" in cells[1] and theirs != code_lines.python_lines(self.blocks[-1][1]):
            self.fault(f"the Python below has {code_lines.python_lines(self.blocks[-1][1])} lines, the table says {theirs}")

    def check(self):
        names = set()
        for section in re.split(r"^(?=## )", self.path.read_text(), flags=re.MULTILINE):
            self.blocks = fenced.findall(section)
            programs = {"python": "", "fed": ""}
            for language, text in self.blocks:
                programs[language] = programs.get(language, "") + text
                if language == "python":
                    self.counts["python"] += 1
                    try:
                        ast.parse(text)
                    except SyntaxError as error:
                        self.fault(f"Python that is none, {error}:\n{text}")
                if language == "fed" and re.search(r"^run \{", text, re.MULTILINE):
                    self.counts["runs"] += 1
                    self.run(text)
            for header, cells in rows_of(fenced.sub("", section)):
                if header[-2:] == ["Fed", "lines"]:
                    self.counts["lengths"] += 1
                    self.lengths(header, cells)
                elif header[:2] == [frameworks[self.path.name], "Fed"] and programs["python"]:
                    for language, cell in zip(("python", "fed"), cells):
                        for snippet in re.findall(r"`([^`]+)`", cell):
                            self.counts["lines"] += 1
                            if plain(snippet) not in plain(programs[language]):
                                self.fault(f"`{snippet}` is in no {language} of its section")
                elif len(header) > 1 and header[1].startswith("Fed"):
                    for snippet in re.findall(r"`([^`]+)`", cells[1]):
                        names.update(re.findall(r"(?<![\w.])([a-z_]\w+)\(", snippet))
        for name in sorted(names):
            self.counts["names"] += 1
            if not self.known(name):
                self.fault(f"there is no `{name}`")
        if not self.counts["python"] or not self.counts["lines"] or not self.counts["runs"]:
            self.fault(f"this test finds too little: {self.counts}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fedc", required=True)
    parser.add_argument("pages", nargs="*")
    args = parser.parse_args()
    wrong, total = [], {}
    for name in args.pages or frameworks:
        page = Page(root / "docs" / name, str(Path(args.fedc).resolve()))
        page.check()
        wrong += page.wrong
        total = {key: total.get(key, 0) + count for key, count in page.counts.items()}
    if wrong:
        sys.exit("\n".join(wrong))
    print(", ".join(f"{count} {key}" for key, count in total.items()))


if __name__ == "__main__":
    main()
