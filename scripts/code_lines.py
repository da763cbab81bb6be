#!/usr/bin/env python3
"""How many lines of code a program has:  scripts/code_lines.py FILE[:CELL,CELL…] …

Counted are lines that hold code: no blank lines, no comments, no documentation, no imports (`import`, `use`). In Fed the `run` block is not counted: it
stands for what a Python program says about data, rounds and flags in its loop. Of a notebook (.ipynb) the cells that are named, from 0, without magics.
"""
import ast
import io
import json
import re
import sys
import tokenize
from pathlib import Path

silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def python_lines(text):
    text = "\n".join("" if re.match(r"\s*[!%]", line) else line for line in text.splitlines()) + "\n"
    dropped = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            dropped.update(range(node.lineno, node.end_lineno + 1))
        body = getattr(node, "body", None)
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and body and ast.get_docstring(node) is not None:
            dropped.update(range(body[0].lineno, body[0].end_lineno + 1))
    code = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in silent:
            code.update(range(token.start[0], token.end[0] + 1))
    return len(code - dropped)


def fed_lines(text):
    # Comments end with the line; a string of a `run` block has no `//` that matters, since the block goes.
    text = re.sub(r"^run \{.*?\}$", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.DOTALL)
    lines = [re.sub(r"//.*", "", line).strip() for line in text.splitlines()]
    return sum(bool(line) and not line.startswith("use ") for line in lines)


def lines_of(name):
    """The number of lines of `FILE` or `NOTEBOOK:CELL,CELL`."""
    path, _, cells = name.partition(":")
    text = Path(path).read_text()
    if path.endswith(".ipynb"):
        notebook = json.loads(text)["cells"]
        return sum(python_lines("".join(notebook[int(cell)]["source"])) for cell in cells.split(","))
    return fed_lines(text) if path.endswith(".fed") else python_lines(text)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for argument in sys.argv[1:]:
        print(f"{lines_of(argument):6}  {argument}")
