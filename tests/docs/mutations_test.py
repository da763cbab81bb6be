#!/usr/bin/env python3
"""The list of mutations fits the sources, and docs/testing.md has a row for each: who changes a rule that is on the list changes the list."""
import re
import subprocess
import sys
import tomllib
from pathlib import Path

root = Path(__file__).resolve().parents[2]
heading = "## Mutations"

checked = subprocess.run([sys.executable, root / "scripts" / "mutations.py", "--check"], capture_output=True, text=True)
if checked.returncode != 0:
    sys.exit(checked.stderr or checked.stdout)
named = {m["name"]: m["breaks"] for m in tomllib.loads((root / "tests" / "mutations" / "list.toml").read_text())["mutation"]}
page = (root / "docs" / "testing.md").read_text()
if heading not in page:
    sys.exit(f"docs/testing.md has no section `{heading}`")
section = page[page.index(heading) + len(heading) :].split("\n## ")[0]
rows = dict(re.findall(r"^\| `([^`]+)` \| ([^|]*) \|", section, re.MULTILINE))
wrong = [f"docs/testing.md has no row for the mutation {n}; scripts/mutations.py --only {n} gives it" for n in named if n not in rows]
wrong += [f"docs/testing.md has a row for {n}, which is no mutation" for n in rows if n not in named]
wrong += [f"docs/testing.md says what {n} breaks in other words than the list" for n in named if n in rows and rows[n].strip() != named[n]]
if wrong:
    sys.exit("\n".join(wrong))
