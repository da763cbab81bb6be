#!/usr/bin/env python3
"""Writes the lists of words in the editors' grammars:  editors/generate.py [--check]

Keywords, scalar types and places stand in grammar/Fed.g4, the functions that need no `use` in compiler/check/builtins.def and
stdlib/prelude.fed, the intrinsics that are Fed themselves in stdlib/. From them follow some patterns of the TextMate grammar and the part
of Vim's syntax file between its two markers; all else in these files is written by hand. With --check nothing is written, and a file that
is not current is an error.
"""
import argparse
import json
import re
import sys
import textwrap
from pathlib import Path

editors = Path(__file__).resolve().parent
root = editors.parent
textmate = editors / "vscode" / "syntaxes" / "fed.tmLanguage.json"
vim = editors / "vim" / "syntax" / "fed.vim"

# The reserved words by what they are coloured as. A word of the grammar that is missing here is an error.
kinds = {
    "control": ["for", "in", "if", "else"],
    "import": ["use"],
    "declaration": ["fn", "struct", "let", "var"],
    "operator": ["as"],
    "constant": ["true", "false"],
}
begin_mark = '" From here to the next mark: written by editors/generate.py.\n'
end_mark = '" End of what editors/generate.py writes.\n'


def grammar_words():
    """(reserved words, scalar types, places) of the grammar; words that are names in most places have patterns by hand."""
    text = (root / "grammar" / "Fed.g4").read_text()
    words = dict(re.findall(r"^([A-Z_]+) : '([a-z]\w*)' ;$", text, re.MULTILINE))
    soft = re.search(r"^softKeyword : ([^;]*);", text, re.MULTILINE)
    lists = [re.search(rf"^{name}\s*:([^;]*);", text, re.MULTILINE) for name in ("SCALAR", "PLACE")]
    if not words or not soft or not all(lists):
        sys.exit("grammar/Fed.g4: no tokens, `softKeyword`, SCALAR or PLACE that this script reads")
    soft = {name.strip() for name in soft.group(1).split("|")}
    scalars, places = (re.findall(r"'(\w+)'", found.group(1)) for found in lists)
    return [word for token, word in words.items() if token not in soft], scalars, places


def function_names():
    """(intrinsics, other functions that need no `use`)"""
    built_in = re.findall(r'^FEDC_BUILTIN\(\s*\w+,\s*"(\w+)"', (root / "compiler" / "check" / "builtins.def").read_text(), re.MULTILINE)
    prelude = re.findall(r"^use [\w.]+\.\{([^}]*)\}", (root / "stdlib" / "prelude.fed").read_text(), re.MULTILINE)
    brought = [name.strip() for names in prelude for name in names.split(",") if name.strip()]
    written = [n for p in sorted((root / "stdlib").rglob("*.fed")) for n in re.findall(r"^fn (federated_\w+)", p.read_text(), re.MULTILINE)]
    if not built_in or not brought or not written:
        sys.exit("builtins.def, stdlib/prelude.fed or stdlib/ has no functions that this script reads")
    intrinsics = [n for n in [*built_in, *written] if n.startswith("federated_")]
    others = [n for n in [*built_in, *brought] if not n.startswith("federated_") and not n.lstrip("_")[0].isupper()]
    return list(dict.fromkeys(intrinsics)), list(dict.fromkeys(others))


def one_of(words):
    return f"(?:{'|'.join(words)})"


def textmate_text(text):
    grammar = json.loads(text)
    rules = grammar["repository"]
    _, scalars, places = grammar_words()
    intrinsics, functions = function_names()
    for kind, words in kinds.items():
        rules[f"keyword-{kind}"]["match"] = rf"\b{one_of(words)}\b"
    # Written without a space, as types are: `x @ server` multiplies with a local `server`.
    rules["placements"]["match"] = rf"(@)({'|'.join(places)})\b(?!\s*[.(])"
    rules["intrinsics"]["match"] = rf"\b{one_of(intrinsics)}\b"
    rules["builtins"]["match"] = rf"\b{one_of(functions)}\b(?=\s*\()"
    rules["scalars"]["match"] = rf"\b{one_of(scalars)}\b"
    return json.dumps(grammar, indent=2, ensure_ascii=False) + "\n"


def vim_text(text):
    before, begin, rest = text.partition(begin_mark)
    _, end, after = rest.partition(end_mark)
    if not begin or not end:
        sys.exit(f"{vim.relative_to(root)}: the marks are missing")
    _, scalars, places = grammar_words()
    intrinsics, functions = function_names()
    groups = {f"fed{kind.capitalize()}": words for kind, words in kinds.items()}
    groups |= {"fedScalar": scalars, "fedPlace contained": places, "fedIntrinsic": intrinsics, "fedBuiltin contained": functions}
    lines = []
    for group, words in groups.items():
        head = f"syn keyword {group} "
        lines += textwrap.wrap(" ".join(words), 138, initial_indent=head, subsequent_indent=head)
    return before + begin + "\n".join(lines) + "\n" + end + after


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    reserved = grammar_words()[0]
    sorted_words = [word for words in kinds.values() for word in words]
    if sorted(reserved) != sorted(sorted_words):
        sys.exit(f"editors/generate.py: `kinds` and the grammar differ in {', '.join(sorted(set(reserved) ^ set(sorted_words))) or 'a word that stands twice'}")
    stale = []
    for path, written in ((textmate, textmate_text), (vim, vim_text)):
        text = path.read_text()
        current = written(text)
        if current != text:
            stale.append(path.relative_to(root).as_posix())
            if not args.check:
                path.write_text(current)
    if args.check and stale:
        sys.exit(f"not what the grammar and the library say: {', '.join(stale)}; editors/generate.py renews it")
    print(f"{len(sorted_words)} reserved words, {len(function_names()[0])} intrinsics, {len(function_names()[1])} functions, "
          f"{'all as they are' if not stale else 'renewed: ' + ', '.join(stale)}")


if __name__ == "__main__":
    main()
