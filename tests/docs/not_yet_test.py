#!/usr/bin/env python3
"""docs/language.md says what is checked but not compiled: exactly what the specialiser refuses with `notYet(span, "…")`."""
import re
import sys
from pathlib import Path

root = Path(__file__).resolve().parents[2]
heading = "## What this version does not compile yet"
# Ends of `switch`es that no program reaches.
unreachable = {"this function", "this intrinsic", "this draw", "this operation on sequences"}

refused = set()
for source in sorted((root / "compiler" / "transform" / "specialise").glob("*.cpp")):
    refused.update(re.findall(r'notYet\([^"\n]*?,\s*"([^"]*)"\s*[,)]', source.read_text()))
refused -= unreachable
page = (root / "docs" / "language.md").read_text()
if heading not in page:
    sys.exit(f"docs/language.md has no section `{heading}`")
section = page[page.index(heading) + len(heading) :]
section = section[: section.index("\n## ")] if "\n## " in section else section
rows = [line.strip().strip("|").split("|") for line in section.splitlines() if line.startswith("|")][2:]
named = {text.strip() for row in rows for text in row[-1].split(";") if text.strip()}
wrong = [f"the specialiser refuses, and the page does not say so: {text}" for text in sorted(refused) if not any(text == n or text.startswith(n + ";") or n in text for n in named)]
wrong += [f"the page says it is refused, and it is not: {n}" for n in sorted(named) if not any(n in text for text in refused)]
if not refused:
    wrong.append("no `notYet` was found in compiler/transform/specialise")
if wrong:
    sys.exit("\n".join(wrong))
