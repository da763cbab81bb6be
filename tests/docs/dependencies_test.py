#!/usr/bin/env python3
"""Every package of scripts/packages.txt has its reason in docs/dependencies.md, and the page names no package that is not
in the list (but for those it calls optional)."""
import re
import sys
from pathlib import Path

root = Path(__file__).resolve().parents[2]
lines = (root / "scripts" / "packages.txt").read_text().splitlines()
listed = {line for line in lines if line and line[0] not in "#["}
rows = [line for line in (root / "docs" / "dependencies.md").read_text().splitlines() if line.startswith("| `")]
explained = {name for row in rows if "optional" not in row for name in re.findall(r"`([^`]+)`", row.split("|")[1])}
wrong = [f"not explained: {name}" for name in sorted(listed - explained)]
wrong += [f"explained, but not in the list: {name}" for name in sorted(explained - listed)]
if not listed:
    wrong.append("scripts/packages.txt is empty")
if wrong:
    sys.exit("\n".join(wrong))
