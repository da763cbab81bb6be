#!/usr/bin/env python3
"""Every page of docs/ is in the index of its folder, README.md, and that in docs/README.md; every link of README.md and docs/ leads somewhere: to a file of this
repository, and to a heading of it where one is named."""
import re
import sys
from pathlib import Path

root = Path(__file__).resolve().parents[2]
docs = root / "docs"
fence = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
link = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")


def prose(path):
    """The page without its fenced blocks and without code between backticks."""
    return re.sub(r"`[^`\n]*`", "", fence.sub("", path.read_text()))


def anchors(path):
    """The headings of a page as the names that links use: GitHub's rule."""
    names = set()
    for title in re.findall(r"^#{1,6}\s+(.*?)\s*#*$", fence.sub("", path.read_text()), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "").lower()
        name = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        count = 0
        while name + (f"-{count}" if count else "") in names:
            count += 1
        names.add(name + (f"-{count}" if count else ""))
    return names


def main():
    pages = [root / "README.md", *sorted(docs.rglob("*.md"))]
    wrong, indexed, links = [], {}, 0
    indexes = {page for page in pages[1:] if page.name == "README.md"}
    for page in pages:
        name = page.relative_to(root).as_posix()
        for target in link.findall(prose(page)):
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            links += 1
            path, _, anchor = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            if not file.exists():
                wrong.append(f"{name}: there is no {target}")
                continue
            if anchor and (file.suffix != ".md" or anchor not in anchors(file)):
                wrong.append(f"{name}: {path or name} has no heading for #{anchor}")
            if page in indexes:
                indexed.setdefault(page, set()).add(file)
    if not links:
        wrong.append("no link was found")
    for page in pages[1:]:
        if page == docs / "README.md":
            continue
        # A folder's index is in the index above it.
        above = page.parent.parent if page in indexes else page.parent
        index = above / "README.md"
        if page not in indexed.get(index, set()):
            wrong.append(f"{index.relative_to(root).as_posix()}: {page.relative_to(above).as_posix()} is not in the index")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(pages)} pages, {links} links")


if __name__ == "__main__":
    main()
