#!/usr/bin/env python3
"""The Fed in docs/ is Fed:  fed_blocks_test.py --fedc build/bin/fedc [PAGE…]

Every fenced block that begins with ```fed is a file that `fedc check` accepts without a word: a whole program, or declarations. In
```fed E0207 the block is wrong on purpose: it gives that error and no other. The block ```fed shared of a page holds declarations that
the page's other blocks may use; it is put behind those that do not declare one of its names themselves.
A block of several files begins each further one with a line `// file: name.fed`.

A block ```console begins with `$ fedc …`, run in the repository's root, and shows what that prints. A line `…` stands for any lines, `…` in a line for any text.
"""
import argparse
import json
import re
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

root = Path(__file__).resolve().parents[2]
console = re.compile(r"^```console\n\$ fedc ([^\n]*)\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
fenced = re.compile(r"^```(fed\b[^\n]*)\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
declared = re.compile(r"^(?:struct|fn|let|param)\s+(\w+)", re.MULTILINE)


class Block:
    def __init__(self, page, line, expected, text):
        self.page, self.line, self.expected, self.text = page, line, expected, text

    def place(self):
        return f"{self.page.relative_to(root).as_posix()}:{self.line}"


def is_program(text):
    return re.search(r"^(fn|let) main\b", text, re.MULTILINE) is not None


def blocks_of(page):
    text = page.read_text()
    shared, found = "", []
    for match in fenced.finditer(text):
        words = match.group(1).split()[1:]
        line = text.count("\n", 0, match.start()) + 1
        if words == ["shared"]:
            shared = match.group(2)
            found.append(Block(page, line, set(), match.group(2)))
            continue
        bad = [w for w in words if not re.fullmatch(r"E\d{4}", w)]
        if bad:
            sys.exit(f"{page.name}:{line}: what is ```fed {bad[0]}?")
        body = match.group(2)
        if not set(declared.findall(body)) & set(declared.findall(shared)):
            body = body + shared
        found.append(Block(page, line, set(words), body))
    return found


def check(fedc, block):
    """What is wrong with the block, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        name, files = "main.fed", {}
        for part in re.split(r"^(// file: .*\n)", block.text, flags=re.MULTILINE):
            if part.startswith("// file: "):
                name = part[len("// file: "):].strip()
            else:
                files[name] = files.get(name, "") + part
        for file, text in files.items():
            (Path(folder) / file).write_text(text)
        run = subprocess.run([fedc, "check", "--error-format=json", str(Path(folder) / "main.fed")], capture_output=True, text=True, timeout=120)
        try:
            reports = [json.loads(line) for line in run.stderr.splitlines() if line.strip()]
        except json.JSONDecodeError:
            return f"{block.place()}: exit {run.returncode}\n{run.stderr}"
    codes = {r["code"] for r in reports}
    if codes == block.expected and run.returncode == (1 if block.expected else 0):
        return None
    said = "\n".join(f"  {r['code']} line {r.get('line')}: {r['message']}" for r in reports)
    wanted = " and ".join(sorted(block.expected)) or "nothing"
    return f"{block.place()}: {wanted} expected, exit {run.returncode}\n{said}\n{block.text}"


def check_console(fedc, page, match):
    """What is wrong with a block of class console, or nothing."""
    place = f"{page.relative_to(root).as_posix()}:{page.read_text().count(chr(10), 0, match.start()) + 1}"
    run = subprocess.run([fedc, *shlex.split(match.group(1))], cwd=root, capture_output=True, text=True, timeout=120)
    if run.returncode != 0:
        return f"{place}: exit {run.returncode}\n{run.stderr}"
    printed, at = [line.rstrip() for line in run.stdout.splitlines()], 0
    parts = re.split(r"^…\n", match.group(2), flags=re.MULTILINE)
    for i, part in enumerate(parts):
        lines = [re.compile(re.escape(line.rstrip()).replace("…", ".*")) for line in part.splitlines()]
        last = i + 1 == len(parts)
        places = [p for p in range(at, len(printed) - len(lines) + 1) if all(w.fullmatch(g) for w, g in zip(lines, printed[p:]))]
        # The first part begins what is printed, the last one ends it.
        if i == 0:
            places = [p for p in places if p == 0]
        if last:
            places = [p for p in places if p + len(lines) == len(printed)]
        if not places:
            return f"{place}: `fedc {match.group(1)}` prints\n{run.stdout}"
        at = places[0] + len(lines)
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fedc", required=True)
    parser.add_argument("pages", nargs="*", type=Path)
    args = parser.parse_args()
    if not Path(args.fedc).is_file():
        sys.exit(f"there is no {args.fedc}: build the target `fedc` first")
    pages = [p.resolve() for p in args.pages] or sorted((root / "docs").rglob("*.md"))
    blocks = [b for page in pages for b in blocks_of(page)]
    with ThreadPoolExecutor(max_workers=2) as pool:
        wrong = [w for w in pool.map(lambda b: check(args.fedc, b), blocks) if w]
    commands = [(page, match) for page in pages for match in console.finditer(page.read_text())]
    wrong += [w for w in (check_console(args.fedc, page, match) for page, match in commands) if w]
    programs = sum(is_program(b.text) for b in blocks)
    if programs == 0:
        wrong.append("no page holds a whole program")
    if wrong:
        sys.exit("\n".join(wrong) + f"\n{len(wrong)} of {len(blocks) + len(commands)} blocks")
    print(f"{len(commands)} commands, {len(blocks)} blocks, {programs} of them whole programs, {sum(bool(b.expected) for b in blocks)} wrong on purpose")


if __name__ == "__main__":
    main()
