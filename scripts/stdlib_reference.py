#!/usr/bin/env python3
"""Writes docs/stdlib.md, the reference of the standard library:  scripts/stdlib_reference.py [--check]

What it says stands in stdlib/**/*.fed (signatures, and the `///` lines before them) and in compiler/check/builtins.def (functions
that the compiler itself knows). With --check nothing is written, and a page that is not current is an error. A public function or
struct without `///` is always one.
"""
import argparse
import re
import sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
page = root / "docs" / "stdlib.md"

# The sections of builtins.def by the first group that stands in them; the comment before a section becomes its text.
titles = {
    "Unary": "Elementwise on one value",
    "Binary": "Elementwise on two values",
    "Extremum": "Minimum, maximum, choice",
    "Reduction": "Reductions and sorting",
    "Fill": "Making, shapes, leaves",
    "Linear": "Linear algebra",
    "Transform": "Transformations",
    "Sequence": "Sequences",
    "Random": "Random numbers",
    "String": "Strings",
    "Check": "Checks and tests",
    "Federated": "Federated intrinsics",
}

skipped = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"', re.DOTALL)


def blank(text):
    """`text` with comments and strings replaced by spaces, so that brackets in them do not count; the length stays."""
    return skipped.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def closing(code, at):
    """The position of the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(code)):
        depth += code[i] in "([{"
        depth -= code[i] in ")]}"
        if depth == 0:
            return i
    raise ValueError("a bracket is not closed")


def declaration_end(code, start, keyword):
    """One past a declaration's signature: all of a struct; a function up to its body."""
    at = start
    while True:
        bracket = re.compile(r"[(\[{;]").search(code, at)
        if not bracket:
            raise ValueError("a declaration has no end")
        if bracket.group() == ";":
            return bracket.start()
        end = closing(code, bracket.start())
        if bracket.group() == "{":
            if keyword == "struct":
                return end + 1
            # The result type may be `{T}@clients`; any other block at this depth is the body.
            if not re.compile(r"\s*@").match(code, end + 1):
                return bracket.start()
        at = end + 1


class Item:
    def __init__(self, keyword, name, text, doc):
        self.keyword, self.name, self.text, self.doc = keyword, name, text, doc


def items_of(path):
    """(what the file says of itself, its public structs and functions in order)"""
    source = path.read_text()
    code = blank(source)
    head = []
    for line in source.splitlines():
        if not line.startswith("//") or line.startswith("///"):
            break
        head.append(line[2:].strip())
    items = []
    for match in re.finditer(r"^(struct|fn)\s+([A-Za-z_]\w*)", code, re.MULTILINE):
        if match.group(2).startswith("_"):
            continue
        doc = []
        for line in reversed(source[: match.start()].splitlines()):
            if not line.startswith("///"):
                break
            doc.insert(0, line[3:].strip())
        end = declaration_end(code, match.start(), match.group(1))
        items.append(Item(match.group(1), match.group(2), source[match.start() : end].rstrip(), doc))
    return " ".join(head), items


def prelude_names():
    """What a program sees without `use`."""
    text = blank((root / "stdlib" / "prelude.fed").read_text())
    return [n.strip() for use in re.findall(r"^use\s+[\w.]+\.\{([^}]*)\}", text, re.MULTILINE) for n in use.split(",") if n.strip()]


def module_section(path, prelude, missing):
    name = path.stem
    about, items = items_of(path)
    lines = [f"## Module {name}", "", f"`stdlib/{path.relative_to(root / 'stdlib').as_posix()}`. {about}", ""]
    shown = [i.name for i in items]
    free = [n for n in shown if n in prelude]
    if free and len(free) == len(shown):
        lines += ["All of it is in the prelude: no `use` is needed.", ""]
    elif shown:
        rest = [n for n in shown if n not in free]
        lines += [f"`use {name}.{{{', '.join(rest)}}};`" + (f" (in the prelude: {', '.join(f'`{n}`' for n in free)})" if free else ""), ""]
    for item in items:
        if not any(item.doc):
            missing.append(f"stdlib/{path.relative_to(root / 'stdlib').as_posix()}: `{item.name}` has no `///`")
        lines += [f"### {item.name}", "", "```", item.text, "```", "", "\n".join(item.doc), ""]
    return lines


def unquote(text):
    return text.replace('\\"', '"').replace("\\\\", "\\")


def cell(text):
    return text.replace("|", "\\|")


def code_cell(text):
    """Code in a table: `|` is written as a character that does not end the cell."""
    return f"`{cell(text)}`"


def builtin_sections(missing):
    row = re.compile(r'^FEDC_BUILTIN\(\s*\w+,\s*"((?:[^"\\]|\\.)*)",\s*(\w+),\s*"((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)"\)\s*$')
    lines, comment, inside, count = [], [], False, 0
    text = (root / "compiler" / "check" / "builtins.def").read_text()
    for line in text[text.index("#endif") :].splitlines()[1:]:
        if line.startswith("//"):
            if inside:
                comment, inside = [], False
                lines.append("")
            comment.append(line[2:].strip())
            continue
        if not line.startswith("FEDC_BUILTIN"):
            continue
        match = row.match(line)
        if not match:
            sys.exit(f"builtins.def: a row that this script does not read: {line}")
        name, group, signature, doc = (unquote(part) for part in match.groups())
        if not inside:
            if group not in titles:
                sys.exit(f"builtins.def: a section begins with group {group}; give it a title in scripts/stdlib_reference.py")
            # A comment of one word only repeats the title.
            about = [" ".join(comment), ""] if " " in " ".join(comment) else []
            lines += [f"### {titles[group]}", "", *about, "| name | signature | |", "|---|---|---|"]
            inside = True
        if not doc.strip():
            missing.append(f"builtins.def: `{name}` has no sentence")
        lines.append(f"| `{name}` | {code_cell(signature)} | {cell(doc)} |")
        count += 1
    if count == 0:
        sys.exit("builtins.def: no rows")
    return lines + [""], count


def reference():
    prelude = prelude_names()
    files = sorted((root / "stdlib").rglob("*.fed"), key=lambda p: (len(p.relative_to(root / "stdlib").parts), p.as_posix()))
    missing, body = [], []
    modules = [p for p in files if p.stem != "prelude"]
    if not modules:
        sys.exit("stdlib/ has no modules")
    for path in modules:
        body += module_section(path, prelude, missing)
    builtins, count = builtin_sections(missing)
    head = [
        "# The standard library",
        "",
        "<!-- Written by scripts/stdlib_reference.py from stdlib/ and compiler/check/builtins.def. Change those, then run it. -->",
        "",
        f"First the {count} functions that the compiler itself knows; they need no `use`. Then the modules, which are Fed: "
        "each is a file that can be read, copied and changed. [The language](language.md) says what the words mean, and [what "
        "this version does not compile yet](language.md#what-this-version-does-not-compile-yet).",
        "",
        "The prelude, which every program sees, adds " + ", ".join(f"`{n}`" for n in prelude) + ".",
        "",
        "Modules: " + " · ".join(f"[{p.stem}](#module-{p.stem})" for p in modules),
        "",
        "## Built in",
        "",
    ]
    if missing:
        sys.exit("\n".join(missing))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(head + builtins + body)).rstrip() + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    text = reference()
    name = page.relative_to(root).as_posix()
    if args.check:
        if not page.is_file() or page.read_text() != text:
            sys.exit(f"{name} is not what stdlib/ and builtins.def say; scripts/stdlib_reference.py renews it")
    else:
        page.write_text(text)
    print(f"{name}: {text.count(chr(10))} lines, current")


if __name__ == "__main__":
    main()
